"""Orders through the whole local stack, shown live: the quickest way to see it work.

Beside market orders, a limit and a stop trade when their prices are there, and a limit that is out
of reach is cancelled.
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from infra.arguments import OneLineArgumentParser, positive_count
from infra.deploy.parameters import parameter_type
from infra.local.commands import command
from infra.local.leftovers import passing_folder
from infra.local.stack import LocalStack
from orders_client import OrdersClient
from orders_client.cli.bench import Bench
from orders_client.cli.figures import compute_figures, figures_table
from orders_client.cli.live import live
from orders_client.cli.trades import plan_trades, waiting_trades

CONCURRENCY = 50


def main() -> None:
    """Start the local stack on free ports, run orders through it, and stop it again."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--orders", type=positive_count, default=10)
    latency = parameter_type("LatencyMs")
    parser.add_argument("--latency", type=latency, default="2000-3000", help="ms, or a range")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    with command(), passing_folder("orders-demo-") as folder:
        bench = _run_stack(folder, arguments.orders, arguments.latency, console)
    console.print(figures_table(compute_figures(bench)))
    sys.exit(0 if all(trade.succeeded_first_time for trade in bench.trades) else 1)


def _run_stack(folder: Path, orders: int, latency: str, console: Console) -> Bench:
    with console.status("starting") as status:
        stack = LocalStack(folder, parameters={"LatencyMs": latency}, report=status.update)
        stack.start()
    with stack:
        return asyncio.run(_demonstrate(stack.description.base_url, orders, console))


async def _demonstrate(base_url: str, orders: int, console: Console) -> Bench:
    async with OrdersClient(base_url) as client:
        quotes = await client.quote("SOL", "USDC", "1")
        trades = [*plan_trades(orders), *waiting_trades(Decimal(quotes["amountOut"]))]
        bench = Bench(client, trades, CONCURRENCY)
        with live(console, bench):
            await bench.run()
    return bench


if __name__ == "__main__":
    main()
