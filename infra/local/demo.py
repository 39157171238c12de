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
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from infra.client import Document, OrdersClient
from infra.local.processes import interrupt_on_signals
from infra.local.stack import LocalStack

TRADES = (
    ("SOL", "USDC", "1"),
    ("USDC", "SOL", "250"),
    ("SOL", "USDT", "2.5"),
    ("USDT", "USDC", "1000"),
    ("SOL", "BONK", "0.75"),
    ("BONK", "SOL", "5000000"),
    ("SOL", "JUP", "12"),
    ("JUP", "SOL", "400"),
    ("USDC", "JUP", "120.5"),
    ("JUP", "USDC", "75.25"),
)
STATUSES = ("pending", "routing", "building", "submitted", "confirmed")
ROWS_MOST = 20
SUBMITTERS = 50
FOLLOW_SECONDS = 120
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
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("order", "status", "received", "venue", "saving", "impact", "time"):
        is_number = heading in ("received", "saving", "impact", "time")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    begun = [trade for trade in trades if trade.started_at]
    for trade in begun[-ROWS_MOST:]:
        _add_row(table, trade)
    done = sum(trade.seconds is not None for trade in trades)
    return Group(table, f"{done} of {len(trades)} orders done")


def _add_row(table: Table, trade: Trade) -> None:
    route = trade.detail("building").get("route", {})
    color = COLORS.get(trade.status, "yellow")
    table.add_row(
        f"{trade.amount} {trade.token_in} → {trade.token_out}",
        f"[{color}]{trade.status}[/{color}]",
        trade.detail("confirmed").get("amountOut", ""),
        route.get("venue", ""),
        f"{route['savingBps']} bps" if route else "",
        f"{route['priceImpactBps']} bps" if route else "",
        f"{trade.seconds:.1f} s" if trade.seconds else "",
    )


def summary(trades: Sequence[Trade]) -> Table:
    """What came of it all."""
    ends = [trade.status for trade in trades]
    times = sorted(t.seconds for t in trades if t.seconds and t.status == "confirmed")
    savings = [
        Decimal(t.detail("building")["route"]["savingBps"]) for t in trades if t.is_as_it_should
    ]
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
    if savings:
        table.add_row(
            "saved against the worse venue", f"{statistics.mean(savings):.0f} bps on average"
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
    trades = [Trade(*TRADES[number % len(TRADES)]) for number in range(arguments.orders)]
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
