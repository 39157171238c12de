"""The commands that place orders, and those that follow them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Annotated, Any

import typer
from rich.text import Text

from orders_client import Document, OrdersClient, ProblemError, Status, StreamBrokenError
from orders_client.cli import options
from orders_client.cli.bench import Bench
from orders_client.cli.exit_options import (
    ExitTrailingBps,
    MaxHold,
    StopLossBps,
    TakeProfitBps,
    exit_fields,
)
from orders_client.cli.exits import ExitCode, how_to_repeat, print_error, print_note, run
from orders_client.cli.figures import compute_figures, figures_table
from orders_client.cli.live import live
from orders_client.cli.options import service_of
from orders_client.cli.output import console, print_document, print_json
from orders_client.cli.streams import is_output_lost
from orders_client.cli.tables import CANCEL_REQUESTED, warning_text
from orders_client.cli.timeline import Timeline
from orders_client.cli.trades import plan_trades
from orders_client.errors import TRANSPORT_ERRORS
from orders_client.keys import check_idempotency_key, new_idempotency_key

# An order does not wait any longer for the quote that may warn of it.
QUOTE_SECONDS_MAX = 2.0

IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        callback=options.checked(check_idempotency_key),
        help="Repeating the command with the same key never places a second order.",
    ),
]
Follow = Annotated[bool, typer.Option("--follow", help="Follow the order until it is final.")]
After = Annotated[int, typer.Option(metavar="N", min=0, help="Skip the first N events.")]
Count = Annotated[int, typer.Option(min=1, help="Number of orders.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Number of orders at a time.")]


def submit(
    context: typer.Context,
    token_in: options.TokenIn,
    token_out: options.TokenOut,
    amount: options.Amount,
    exact_out: options.ExactOut = False,
    slippage_bps: options.SlippageBps = 100,
    max_price_impact_bps: options.MaxPriceImpactBps = None,
    take_profit_bps: TakeProfitBps = None,
    stop_loss_bps: StopLossBps = None,
    exit_trailing_bps: ExitTrailingBps = None,
    max_hold: MaxHold = None,
    idempotency_key: IdempotencyKey = None,
    follow: Follow = False,
    as_json: options.AsJson = False,
) -> None:
    """Place a market order. With --follow and --json, each event is a line."""

    planned = exit_fields(take_profit_bps, stop_loss_bps, exit_trailing_bps, max_hold)
    key = idempotency_key or new_idempotency_key()
    wanted: dict[str, Any] = {
        "token_in": token_in,
        "token_out": token_out,
        "amount": amount,
        "exact_out": exact_out,
        "slippage_bps": slippage_bps,
        "max_price_impact_bps": max_price_impact_bps,
    }

    async def place(client: OrdersClient) -> ExitCode | None:
        await _warn_if_it_would_fail(client, wanted)
        with _told_how_to_repeat(key):
            order = await client.submit(**wanted, exit=planned, idempotency_key=key)
        return await _show_placed(client, order, follow, as_json)

    run(service_of(context), place, as_json=as_json)


def place_order(
    context: typer.Context, wanted: Document, *, key: str | None, follow: bool, as_json: bool
) -> None:
    """Place an order, the body of the request, and show it, or follow it to its end."""
    key = key or new_idempotency_key()

    async def place(client: OrdersClient) -> ExitCode | None:
        with _told_how_to_repeat(key):
            order = await client.place(wanted, idempotency_key=key)
        return await _show_placed(client, order, follow, as_json)

    run(service_of(context), place, as_json=as_json)


async def _show_placed(
    client: OrdersClient, order: Document, follow: bool, as_json: bool
) -> ExitCode | None:
    with _named_if_not_shown(order["orderId"]):
        if follow:
            return await _follow(client, order, 0, as_json)
        print_document(order, lambda: Timeline(order).heading, as_json=as_json)
        return None


async def _warn_if_it_would_fail(client: OrdersClient, wanted: Mapping[str, Any]) -> None:
    """Say on stderr why the order would fail now. Where no quote comes, the order itself tells."""
    try:
        async with asyncio.timeout(QUOTE_SECONDS_MAX):
            quotes = await client.quote(**wanted)
    except (ProblemError, *TRANSPORT_ERRORS):
        return
    if "warning" in quotes:
        print_note(warning_text(quotes))


@contextmanager
def _told_how_to_repeat(key: str) -> Iterator[None]:
    """Say under which key to place the order again when Ctrl-C comes before the answer."""
    try:
        yield
    except asyncio.CancelledError:
        print_error(f"interrupted; {how_to_repeat(key)}")
        raise


class Connections:
    """Says on stderr, once, that a connection is being made again: that may take a while."""

    def __init__(self) -> None:
        self._is_open = False

    def connection_opened(self) -> None:
        """Note it; the events show it."""
        self._is_open = True

    def connection_broke(self) -> None:
        """Say so, unless there was none yet."""
        if self._is_open:
            print_note(Text("reconnecting…"))
        self._is_open = False

    def event_received(self, event: Document) -> None:
        """Nothing: it is shown when its turn has come."""


@contextmanager
def _named_if_not_shown(order_id: str) -> Iterator[None]:
    """Say on stderr which order was accepted when stdout may not have told it."""
    is_shown = False
    try:
        yield
        is_shown = not is_output_lost()
    finally:
        if not is_shown:
            print_error(f"the order {order_id} was accepted")


def follow_order(
    context: typer.Context,
    order_id: options.OrderId,
    after: After = 0,
    as_json: options.AsJson = False,
) -> None:
    """Follow an order until it is final. With --json, each event is a line."""

    async def follow(client: OrdersClient) -> ExitCode:
        order = await client.get(await options.order_named(client, order_id))
        return await _follow(client, order, min(after, order["sequence"]), as_json)

    run(service_of(context), follow, as_json=as_json)


async def _follow(client: OrdersClient, order: Document, after: int, as_json: bool) -> ExitCode:
    """Print the events as they arrive, and return whether the order failed.

    Without any, `after` has left out the last one as well, and the order itself tells.
    """
    last, seen, timeline, out = order, after, Timeline(order), console()
    if not as_json:
        out.print(timeline.heading)
    try:
        with out.status("waiting") if out.is_terminal and not as_json else nullcontext():
            async for last in client.follow(order, after=after, observer=Connections()):
                seen = last["sequence"]
                if as_json:
                    print_json(last)
                else:
                    out.print(timeline.line(last), soft_wrap=True)
    except (asyncio.CancelledError, StreamBrokenError):
        print_note(Text(f"to go on: orders follow {order['orderId']} --after {seen}"))
        raise
    return ExitCode.ORDER_FAILED if last["status"] == Status.FAILED else ExitCode.OK


def cancel(
    context: typer.Context, order_id: options.OrderId, as_json: options.AsJson = False
) -> None:
    """Cancel an order. Once it is signed it may be confirmed yet; `follow` tells."""

    async def cancel_and_show(client: OrdersClient) -> None:
        order = await client.cancel(await options.order_named(client, order_id))
        is_over = order["status"] == Status.CANCELLED
        text = "cancelled" if is_over else CANCEL_REQUESTED
        print_document(order, lambda: Text(f"{order['orderId']}  {text}"), as_json=as_json)

    run(service_of(context), cancel_and_show, as_json=as_json)


def bench_orders(
    context: typer.Context,
    count: Count = 100,
    concurrency: Concurrency = 20,
    as_json: options.AsJson = False,
) -> None:
    """Run many real orders of every pair and size, and report the results."""

    async def measure(client: OrdersClient) -> ExitCode:
        bench = Bench(client, plan_trades(count), concurrency)
        screen = console(stderr=as_json)
        with live(screen, bench) if screen.is_terminal or not as_json else nullcontext():
            await bench.run()
        figures = compute_figures(bench)
        print_document(figures, lambda: figures_table(figures), as_json=as_json)
        return ExitCode.OK if figures["confirmed"] == count else ExitCode.ORDER_FAILED

    run(service_of(context), measure, as_json=as_json)
