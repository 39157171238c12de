"""The application: every command, and the options that come before a command."""

from typing import Annotated

import typer

from orders_client import __version__
from orders_client.cli import options, reading, scheduling, sniping, trading, waiting
from orders_client.cli.exits import ExitCode
from orders_client.cli.options import Service
from orders_client.cli.values import AmountCommand

EXIT_CODES = "\n".join(f"{code:>5}  {code.meaning}" for code in ExitCode)
# \b keeps the line breaks of a paragraph.
HELP = f"""Swap orders on Solana: compare prices, place orders and follow them.

\b
Exit codes:
{EXIT_CODES}
"""

app = typer.Typer(
    help=HELP,
    add_completion=False,
    # An error in a line, in which a value that looks like markup stays as it was typed.
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("submit", cls=AmountCommand)(trading.submit)
app.command("limit", cls=AmountCommand)(waiting.limit)
app.command("stop", cls=AmountCommand)(waiting.stop)
app.command("trail", cls=AmountCommand)(waiting.trail)
app.command("oco", cls=AmountCommand)(waiting.oco)
app.command("dca", cls=AmountCommand)(scheduling.dca)
app.command("twap", cls=AmountCommand)(scheduling.twap)
app.command("snipe", cls=AmountCommand)(sniping.snipe)
app.command("edit")(waiting.edit)
app.command("follow")(trading.follow_order)
app.command("cancel")(trading.cancel)
app.command("cancel-all")(waiting.cancel_all)
app.command("show")(reading.show)
app.command("list")(reading.list_orders)
app.command("quote", cls=AmountCommand)(reading.quote)
app.command("tokens")(reading.tokens)
app.command("pools")(reading.pools)
app.command("launches")(reading.launches)
app.command("bench")(trading.bench_orders)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        typer.echo(f"orders {__version__}")
        raise typer.Exit


@app.callback()
def _choose_service(
    context: typer.Context,
    url: options.Url,
    api_key: options.ApiKey = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    context.obj = Service(url, api_key)
