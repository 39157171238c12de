"""What an order costs on this machine: how fast, how much CPU, how many calls and statements."""

import asyncio
import json
import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from rich.console import Console
from rich.status import Status

from infra.arguments import OneLineArgumentParser, positive_count
from infra.deploy.progress import Report
from infra.local.call_counter import COUNT_CALLS
from infra.local.commands import command, first_line, leave
from infra.verify.bench import stacks
from infra.verify.bench.counters import Counters
from infra.verify.bench.cpu import CpuMeter
from infra.verify.bench.results import Figures, describe, medians, ratios, results_table
from infra.verify.bench.stacks import RunningStack, Start
from orders_client import OrdersClient, ProblemError, StreamBrokenError
from orders_client.cli.bench import Bench
from orders_client.cli.trades import Trade, plan_trades
from orders_client.errors import TRANSPORT_ERRORS

SUBMITTERS = 50
DEFAULT_LATENCY = "2000-3000"
# Who draws takes time from what is measured.
PROGRESS_SECONDS = 1
LIKE_TRADE = ("SOL", "USDC", "1")
THIS, BASELINE = "this", "baseline"

Round = dict[str, Figures]


class Measured(NamedTuple):
    """A load that has run: its orders, and what the stack did for them."""

    bench: Bench
    cpu_seconds: Mapping[str, float]
    calls: Mapping[str, int]
    #: What else is counted since it began.
    counters: Counters


async def run_trades(
    stack: RunningStack, name: str, trades: Sequence[Trade], submitters: int, report: Report
) -> Measured:
    """Run an order for each trade, followed over a WebSocket of its own."""
    count = len(trades)
    counters, meter = Counters(stack), CpuMeter(stack.parent_id)
    async with OrdersClient(stack.base_url) as client:
        bench = Bench(client, trades, submitters, orders_per_connection=1)

        async def watch() -> None:
            while True:
                done = sum(trade.is_finished for trade in bench.trades)
                report(f"{name}: {done} of {count} orders")
                await asyncio.sleep(PROGRESS_SECONDS)
                meter.sample()

        watching = asyncio.create_task(watch())
        await bench.run()
        watching.cancel()
    report(f"{name}: counting")
    cpu_seconds = await meter.settled()
    # Before the logs are read: that is calls too.
    return Measured(bench, cpu_seconds, counters.calls(), counters)


async def run_load(
    stack: RunningStack, name: str, trades: Sequence[Trade], submitters: int, report: Report
) -> Figures:
    """Run an order for each trade, and return the figures."""
    bench, cpu_seconds, calls, counters = await run_trades(stack, name, trades, submitters, report)
    return describe(
        bench, cpu_seconds, calls, counters.messages_per_batch(), await counters.statements()
    )


def like_trades(count: int) -> list[Trade]:
    """Return so many trades that are alike: one route in each slot will do."""
    return [Trade(*LIKE_TRADE) for _ in range(count)]


# All alike, or every pair and size: there, finding routes takes most of the time.
TRADES = {"like": like_trades, "every": plan_trades}


def run_round(start: Start, given: Namespace, report: Report) -> Round:
    """Run every load once: at each latency on a stack of its own."""
    loads = {
        "0": [("zeroLatency", given.orders, SUBMITTERS), ("lone", given.lone, 1)],
        DEFAULT_LATENCY: [("defaultLatency", given.paced, given.paced)],
    }
    trades_of = TRADES[given.trades]
    found: Round = {}
    for latency, planned in loads.items():
        with start(latency, report) as stack:
            for name, count, submitters in planned:
                found[name] = asyncio.run(
                    run_load(stack, name, trades_of(count), submitters, report)
                )
    return found


def run_rounds(given: Namespace, console: Console) -> Mapping[str, Sequence[Round]]:
    """Measure this code and the baseline in turns, and return the rounds of each."""
    said = f"setting up {given.baseline} (a minute or two)" if given.baseline else "starting"
    with (
        console.status(said, refresh_per_second=1 / PROGRESS_SECONDS) as status,
        stacks.checkout(given.baseline) if given.baseline else nullcontext() as folder,
    ):
        sides = {THIS: stacks.own_stack} | ({BASELINE: stacks.stack_of(folder)} if folder else {})
        rounds: dict[str, list[Round]] = {side: [] for side in sides}
        for number in range(1, given.rounds + 1):
            for side, start in sides.items():
                report = _reporting(status, f"round {number} of {given.rounds}, {side}")
                rounds[side].append(run_round(start, given, report))
    return rounds


def _reporting(status: Status, where: str) -> Report:
    return lambda step: status.update(f"{where}: {step}")


def summarize(rounds: Mapping[str, Sequence[Round]]) -> Mapping[str, Mapping[str, Figures]]:
    """Return for each load the medians of each side, and this divided by the baseline."""
    summary = {}
    for load in rounds[THIS][0]:
        columns = {side: medians([each[load] for each in rounds[side]]) for side in rounds}
        if BASELINE in columns:
            columns["ratio"] = ratios(columns[THIS], columns[BASELINE])
        summary[load] = columns
    return summary


def main() -> None:
    """Measure what orders cost, also in turns with another commit, and print the medians."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--orders", type=positive_count, default=1000, help="at zero latency")
    parser.add_argument("--lone", type=positive_count, default=30, help="one after the other")
    parser.add_argument("--paced", type=positive_count, default=100, help="at default latency")
    parser.add_argument("--trades", choices=[*TRADES], default="like", help="alike, or every pair")
    parser.add_argument("--rounds", type=positive_count, default=3)
    parser.add_argument("--baseline", type=stacks.commit_id, help="a commit to compare with")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    console = Console(stderr=given.json, highlight=False)
    os.environ[COUNT_CALLS] = "1"
    with command():
        try:
            rounds = run_rounds(given, console)
        except (ProblemError, StreamBrokenError, *TRANSPORT_ERRORS) as error:
            leave(first_line(error), 1)
    summary = summarize(rounds)
    if given.json:
        print(json.dumps({"medians": summary, "rounds": rounds}, indent=2))
    else:
        console.print(*(results_table(load, columns) for load, columns in summary.items()))
        console.print(f"medians of {given.rounds}; - stands for what cannot be known")
    loads = [figures for each in rounds[THIS] for figures in each.values()]
    missed = sum(each["orders"] - each["followersWithFiveInOrder"] for each in loads)
    if missed:
        leave(f"{missed:.0f} followers did not see five events in order", 1)


if __name__ == "__main__":
    main()
