"""A running bench on the screen: its orders, and how many are accepted and done."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orders_client import Document, Status
from orders_client.cli.bench import Bench
from orders_client.cli.output import add_row, percent
from orders_client.cli.tables import status_text
from orders_client.cli.trades import Trade

ROWS_MAX = 20
DIGITS_MAX = 8
BAR_WIDTH = 40


@contextmanager
def live(console: Console, bench: Bench) -> Iterator[None]:
    """Redraw the bench on a terminal while it runs; print it once at the end elsewhere."""
    with Live(console=console, get_renderable=lambda: live_view(bench)):
        yield
    console.print()


def live_view(bench: Bench) -> Group:
    """Return the last ROWS_MAX orders that were submitted, and bars for all of them."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("order", no_wrap=True)
    for heading, width in (("status", 9), ("received", DIGITS_MAX), ("venue", 15)):
        table.add_column(heading, no_wrap=True, min_width=width)
    for heading, width in (("pools", 5), ("better", 6), ("impact", 6), ("time", 5)):
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    started = [trade for trade in bench.trades if trade.started_at]
    for trade in started[-ROWS_MAX:]:
        _add_trade(table, trade)
    return Group(table, _bars(bench))


def _add_trade(table: Table, trade: Trade) -> None:
    route = trade.last_event(Status.BUILDING).get("route")
    add_row(
        table,
        f"{trade.amount} {trade.token_in} → {trade.token_out}{_kind(trade)}",
        Text(trade.status, style="red") if trade.error else status_text(trade.status),
        _short_amount(trade.last_event(Status.CONFIRMED).get("amountOut", "")),
        *(_route_cells(route) if route else ("", "", "", "")),
        f"{trade.seconds:.1f} s" if trade.seconds else "",
    )


def _kind(trade: Trade) -> str:
    """Return what kind of order it is, nothing for a market order."""
    return f" {trade.terms['type'].lower()}" if trade.terms else ""


def _short_amount(amount: str) -> str:
    """Return the amount with as many decimals as fit into DIGITS_MAX characters."""
    whole, _, _ = amount.partition(".")
    return amount[: max(DIGITS_MAX, len(whole))].rstrip(".")


def _route_cells(route: Document) -> tuple[str, str, str, str]:
    """Return venue, number of pools, gain over the best single pool or "-", and price impact."""
    gain = percent(route["improvementBps"]) if route["baseline"] else "-"
    return route["venue"], str(len(route["legs"])), gain, percent(route["priceImpactBps"])


def _bars(bench: Bench) -> Table:
    bars = Table.grid(padding=(0, 1))
    total = len(bench.trades)
    accepted = sum(bool(trade.order_id) for trade in bench.trades)
    finished = sum(trade.is_finished for trade in bench.trades)
    for name, count in (("accepted", accepted), ("done", finished)):
        bars.add_row(name, ProgressBar(total, count, BAR_WIDTH), f"{count} of {total}")
    return bars
