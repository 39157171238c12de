"""What orders cost on AWS: counted on the local stack, at list prices.

Calls, messages and runs are counted. A run of a function is billed for the time that it takes: here
a processor is its own, on AWS it gets a share that goes with its memory, so that its CPU time takes
longer there. What is left out: the database, and data that leaves AWS.
"""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from infra.arguments import OneLineArgumentParser, positive_count
from infra.errors import DeploymentError
from infra.local.call_counter import COUNT_CALLS
from infra.local.commands import command, first_line, leave
from infra.paths import ROOT
from infra.tables import figure_table
from infra.verify.bench.counters import Run
from infra.verify.bench.orders import DEFAULT_LATENCY, Measured, like_trades, run_trades
from infra.verify.bench.stacks import own_stack
from orders_client import ProblemError, StreamBrokenError
from orders_client.errors import TRANSPORT_ERRORS

PRICES = Path(__file__).with_name("prices.json")
#: A function with so much memory has a processor of its own.
MIB_OF_A_PROCESSOR = 1_769
MILLION = 10**6
# Lambda asks a queue for a batch, and deletes it.
CALLS_OF_A_BATCH = 2
BATCHED = ("Execute", "Publish")
# The functions by their names in .chalice/config.json; the API's has that of the application.
CONFIGURED = {
    "APIHandler": "",
    "Execute": "execute",
    "Publish": "publish",
    "WebsocketConnect": "websocket_connect",
}

Prices = Mapping[str, Any]
#: Dollars by what they are paid for.
Bill = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What some orders have used."""

    orders: int
    #: The runs of each function.
    runs: Mapping[str, Sequence[Run]]
    cpu_seconds: Mapping[str, float]
    #: AWS operations, as `SQS SendMessage`.
    calls: Mapping[str, int]
    connected_minutes: float
    log_bytes: int


def main() -> None:
    """Print what a million orders cost: one at a time, and many at once."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--lone", type=positive_count, default=10, help="one at a time")
    parser.add_argument("--together", type=positive_count, default=100, help="at once")
    parser.add_argument("--prices", type=Path, default=PRICES, help="a file like prices.json")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    os.environ[COUNT_CALLS] = "1"
    with command():
        prices = read_prices(given.prices)
        try:
            bills = _measure(given.lone, given.together, prices, Console(stderr=True))
        except (ProblemError, StreamBrokenError, *TRANSPORT_ERRORS) as error:
            leave(first_line(error), 1)
    if given.json:
        print(json.dumps({"perMillionOrders": bills, "perMonth": prices["month"]}))
        return
    Console().print(bills_table(bills))
    Console().print(month_table(prices["month"]))


def read_prices(path: Path) -> Prices:
    """Return the prices. Raises DeploymentError unless the file has all that prices.json has."""
    try:
        prices: Prices = json.loads(path.read_text())
        missing = json.loads(PRICES.read_text())["per_million"].keys() - prices["per_million"]
        is_whole = not missing and "log_gigabyte" in prices and "month" in prices
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeploymentError(f"{path} has no prices: {first_line(error)}") from error
    if not is_whole:
        raise DeploymentError(f"{path} lacks prices that {PRICES.name} has")
    return prices


def _measure(
    lone: int, together: int, prices: Prices, console: Console
) -> Mapping[str, Mapping[str, float]]:
    memories = memory_mib()
    with (
        console.status("starting the local stack") as status,
        own_stack(DEFAULT_LATENCY, status.update) as stack,
    ):
        found = {}
        for name, count, submitters in (("lone", lone, 1), ("together", together, together)):
            trades = like_trades(count)
            measured = asyncio.run(run_trades(stack, name, trades, submitters, status.update))
            found[name] = bill(usage_of(measured), prices, memories)
        return found


def usage_of(measured: Measured) -> Usage:
    """Return what the orders of a load used."""
    trades, counters = measured.bench.trades, measured.counters
    connected = sum(trade.ended_at - trade.started_at for trade in trades)
    return Usage(
        orders=len(trades),
        runs={function: counters.runs(function) for function in CONFIGURED},
        cpu_seconds=measured.cpu_seconds,
        calls=measured.calls,
        connected_minutes=connected / 60,
        log_bytes=sum(counters.log_bytes(function) for function in CONFIGURED),
    )


def memory_mib() -> Mapping[str, int]:
    """Return the memory of each function that an order runs."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    own = {name: each["lambda_memory_size"] for name, each in config["lambda_functions"].items()}
    return {
        function: own.get(name, config["lambda_memory_size"])
        for function, name in CONFIGURED.items()
    }


def bill(usage: Usage, prices: Prices, memories: Mapping[str, int]) -> Bill:
    """Return what a million orders cost that each use what these do on average."""
    per_million = prices["per_million"]
    batches = sum(len(usage.runs.get(function, ())) for function in BATCHED)
    messages = sum(run.messages for run in usage.runs.get("Publish", ()))
    sqs = sum(count for name, count in usage.calls.items() if name.startswith("SQS "))
    used = {
        "Lambda, time": ("lambda_gib_seconds", gib_seconds(usage, memories)),
        "Lambda, runs": ("lambda_requests", sum(map(len, usage.runs.values()))),
        "HTTP requests": ("http_requests", len(usage.runs.get("APIHandler", ()))),
        "WebSocket frames": ("websocket_messages", usage.calls.get("@connections POST", 0)),
        "WebSocket minutes": ("websocket_minutes", usage.connected_minutes),
        "SQS": ("sqs_requests", sqs + CALLS_OF_A_BATCH * batches),
        "DynamoDB, writes": ("dynamodb_writes", usage.calls.get("DynamoDB UpdateItem", 0)),
        "DynamoDB, reads": ("dynamodb_reads", messages),
    }
    dollars = {
        name: count * per_million[unit] / usage.orders for name, (unit, count) in used.items()
    }
    logs = usage.log_bytes / 1e9 * prices["log_gigabyte"] * MILLION / usage.orders
    return {**dollars, "logs": logs, "all": sum(dollars.values()) + logs}


def gib_seconds(usage: Usage, memories: Mapping[str, int]) -> float:
    """Return what Lambda bills for the runs: each in whole milliseconds, times its memory."""
    total = 0.0
    for function, runs in usage.runs.items():
        # So much longer the CPU time takes with a part of a processor.
        slower = max(0.0, MIB_OF_A_PROCESSOR / memories[function] - 1)
        seconds = sum(ceil(run.milliseconds) for run in runs) / 1_000
        seconds += usage.cpu_seconds.get(function, 0.0) * slower
        total += seconds * memories[function] / 1_024
    return total


def bills_table(bills: Mapping[str, Bill]) -> Table:
    """Return a row for each thing that is paid for, and a column for each load."""
    table = figure_table(["$ per million orders"], [*bills])
    for name in next(iter(bills.values())):
        table.add_row(name, *(f"{each[name]:.2f}" for each in bills.values()))
    return table


def month_table(month: Bill) -> Table:
    """Return what a month costs in which nothing happens."""
    table = figure_table(["$ per month, idle"], [""])
    for name, dollars in month.items():
        table.add_row(name, f"{dollars:.2f}")
    return table


if __name__ == "__main__":
    main()
