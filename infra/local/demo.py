"""Real orders through the whole local stack, followed live: the quickest way to see it work."""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle, islice, permutations
from pathlib import Path
from random import Random

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from infra.client import Document, OrdersClient
from infra.local.processes import interrupt_on_signals
from infra.local.stack import LocalStack

# What a first look should see: one pool, splits, hops, the long way round, small and large.
SHOWCASE = (
    ("SOL", "USDC", "1"),
    ("USDC", "SOL", "250000"),
    ("BONK", "USDC", "5000000"),
    ("USDT", "USDC", "1000"),
    ("SOL", "BONK", "0.75"),
    ("WIF", "JUP", "4000"),
    ("mSOL", "SOL", "120"),
    ("USDC", "RAY", "75.25"),
    ("SOL", "USDT", "2500"),
    ("JUP", "USDC", "400"),
)
# About what a token is worth, in dollars: only to choose amounts.
DOLLARS = {
    "SOL": 150.0,
    "USDC": 1.0,
    "USDT": 1.0,
    "BONK": 24e-6,
    "JUP": 0.85,
    "RAY": 4.2,
    "WIF": 1.9,
    "mSOL": 180.0,
}
STATUSES = ("pending", "routing", "building", "submitted", "confirmed")
ROWS_MOST = 20
SUBMITTERS = 50
FOLLOW_SECONDS = 120
DIGITS_MOST = 8
COLORS = {"confirmed": "green", "failed": "red", "submitted": "cyan", "building": "blue"}


@dataclass(slots=True)
class Trade:
    """One order of the demo, as far as its follower has seen it."""

    token_in: str
    token_out: str
    amount: str
    started_at: float = 0.0
    accepted: bool = False
    events: list[Document] = field(default_factory=list)
    seconds: float | None = None
    error: str = ""

    @property
    def status(self) -> str:
        return self.error or (self.events[-1]["status"] if self.events else "…")

    @property
    def is_as_it_should(self) -> bool:
        seen = [(event["sequence"], event["status"]) for event in self.events]
        return seen == list(enumerate(STATUSES, 1))

    def detail(self, name: str) -> Document:
        """The event of that status, or nothing yet."""
        return next((event for event in self.events if event["status"] == name), {})


def plan_trades(count: int) -> list[Trade]:
    """The showcase, then every pair in turn at sizes from 1 to 100,000 dollars."""
    random = Random(count)
    pairs = [*permutations(DOLLARS, 2)]
    random.shuffle(pairs)
    trades = [Trade(*trade) for trade in SHOWCASE]
    for token_in, token_out in islice(cycle(pairs), max(0, count - len(trades))):
        amount = 10 ** random.uniform(0, 5) / DOLLARS[token_in]
        trades.append(Trade(token_in, token_out, f"{Decimal(f'{amount:.3g}'):f}"))
    return trades[:count]


async def run(client: OrdersClient, trade: Trade, turns: asyncio.Semaphore) -> None:
    """Submit the order and follow it to its end."""
    async with turns:
        trade.started_at = time.monotonic()
        try:
            async with asyncio.timeout(FOLLOW_SECONDS):
                order = await client.submit(trade.token_in, trade.token_out, trade.amount)
                trade.accepted = True
                async for event in client.follow(order):
                    trade.events.append(event)
        except (OSError, TimeoutError, ValueError) as error:
            trade.error = str(error) or type(error).__name__
        trade.seconds = time.monotonic() - trade.started_at


def live_table(trades: Sequence[Trade]) -> Group:
    """The orders as they stand: the last ones when there are many."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("order", no_wrap=True)
    for heading, width in (("status", 9), ("received", DIGITS_MOST), ("venue", 15)):
        table.add_column(heading, no_wrap=True, min_width=width)
    for heading, width in (("pools", 5), ("better", 6), ("impact", 6), ("time", 5)):
        table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    begun = [trade for trade in trades if trade.started_at]
    for trade in begun[-ROWS_MOST:]:
        _add_row(table, trade)
    done = sum(trade.seconds is not None for trade in trades)
    return Group(table, f"{done} of {len(trades)} orders done")


def _add_row(table: Table, trade: Trade) -> None:
    route = trade.detail("building").get("route")
    color = COLORS.get(trade.status, "yellow")
    table.add_row(
        f"{trade.amount} {trade.token_in} → {trade.token_out}",
        f"[{color}]{trade.status}[/{color}]",
        _short(trade.detail("confirmed").get("amountOut", "")),
        *(_route_cells(route) if route else ("", "", "", "")),
        f"{trade.seconds:.1f} s" if trade.seconds else "",
    )


def _short(amount: str) -> str:
    """The amount with as many decimals as there is room for."""
    whole, _, _ = amount.partition(".")
    return amount[: max(DIGITS_MOST, len(whole))].rstrip(".")


def _route_cells(route: Document) -> tuple[str, str, str, str]:
    """Venue, number of pools, gain over the best pool of the pair alone if there is one, impact."""
    better = _percent(route["improvementBps"]) if route["baseline"] else "-"
    return route["venue"], str(len(route["legs"])), better, _percent(route["priceImpactBps"])


def _percent(bps: int) -> str:
    return f"{bps / 100:.2f}%"


def summary(trades: Sequence[Trade]) -> Table:
    """What came of it all."""
    ends = [trade.status for trade in trades]
    times = sorted(t.seconds for t in trades if t.seconds and t.status == "confirmed")
    routes = [t.detail("building")["route"] for t in trades if t.is_as_it_should]
    better = [Decimal(route["improvementBps"]) for route in routes if route["baseline"]]
    table = Table.grid(padding=(0, 2))
    table.add_row("accepted", str(sum(trade.accepted for trade in trades)))
    table.add_row("confirmed", str(ends.count("confirmed")))
    table.add_row("failed", str(ends.count("failed")))
    table.add_row("five statuses in order", str(sum(t.is_as_it_should for t in trades)))
    if times:
        table.add_row("time to confirmed, p50", f"{statistics.median(times):.2f} s")
        table.add_row(
            "time to confirmed, p99", f"{times[int(len(times) * 0.99) - (len(times) < 100)]:.2f} s"
        )
    if better:
        table.add_row(
            "better than the best pool alone",
            f"{statistics.mean(better):.0f} bps on average",
        )
    return table


async def demonstrate(base_url: str, trades: Sequence[Trade], console: Console) -> None:
    """Run all trades at once and show them live."""
    turns = asyncio.Semaphore(SUBMITTERS)
    async with OrdersClient(base_url) as client:
        runs = asyncio.gather(*(run(client, trade, turns) for trade in trades))
        with Live(console=console, get_renderable=lambda: live_table(trades)):
            await runs
    console.print()


def main() -> None:
    """Start the local stack on free ports, run orders through it, and stop it again."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--latency", default="2000-3000", help="milliseconds, or a range")
    arguments = parser.parse_args()
    interrupt_on_signals()
    console = Console()
    trades = plan_trades(arguments.orders)
    try:
        with tempfile.TemporaryDirectory(prefix="orders-demo-") as folder:
            _run_stack(Path(folder), arguments.latency, trades, console)
    except KeyboardInterrupt:
        console.print("\nstopped")
        sys.exit(130)
    console.print(summary(trades))
    sys.exit(0 if all(trade.is_as_it_should for trade in trades) else 1)


def _run_stack(folder: Path, latency: str, trades: Sequence[Trade], console: Console) -> None:
    with console.status("starting") as status:
        stack = LocalStack(folder, parameters={"LatencyMs": latency}, report=status.update)
        stack.start()
    with stack:
        asyncio.run(demonstrate(stack.description.base_url, trades, console))


if __name__ == "__main__":
    main()
