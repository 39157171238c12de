"""Check what is deployed: cfn-lint on the packaged template, and the sizes that a cold start and a
laptop feel. Prints every figure; fails when one is over its limit."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.status import Status
from websockets.sync.client import connect

from infra.deploy.database import DATABASE_TEMPLATE
from infra.deploy.package import package
from infra.local.functions import function_names, function_processes, processes_below
from infra.local.leftovers import passing_folder
from infra.local.stack import LocalStack
from infra.paths import ROOT
from infra.programs import program, run_program
from infra.tables import figure_table
from infra.verify.translated import translated
from orders_client import OrdersClient
from orders_client.cli.bench import Bench
from orders_client.cli.trades import Trade, plan_trades

MIB = 1024 * 1024
PACKAGE_MB_MAX = 30
FUNCTION_MB_MAX = 160
IDLE_STACK_MB_MAX = 1024
ORDERS = 30
SCHEDULE_EVENT = {
    "version": "0",
    "id": "check",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}


def stack_memory_mb(stack: LocalStack) -> float:
    """Return the memory of the stack's processes, pages that several share counted once."""
    roots = stack.process_ids()
    processes = [*map(psutil.Process, roots), *processes_below(roots)]
    used = [process.memory_full_info() for process in processes]
    return float(sum(getattr(each, "pss", each.rss) for each in used)) / MIB


def peak_memory_mb(process: psutil.Process) -> float:
    """Return the peak of the process's memory, or on other systems than Linux what it uses now."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return float(process.memory_info().rss) / MIB
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


async def run_orders(base_url: str) -> list[Trade]:
    """Run orders through the stack at once, and follow them to their end."""
    trades = plan_trades(ORDERS)
    async with OrdersClient(base_url) as client:
        await Bench(client, trades, concurrency=ORDERS).run()
    return trades


def use_every_function(stack: LocalStack) -> None:
    """Run orders as clients do, then call the functions that orders do not need."""
    description = stack.description
    order = asyncio.run(run_orders(description.base_url))[0]
    with connect(f"{description.parameters['StreamUrl']}?orderId={order.order_id}") as socket:
        socket.send('{"action":"ping"}')
        while "pong" not in socket.recv(timeout=10):
            pass
    functions = function_names(description)
    client = description.client("lambda")
    client.invoke(FunctionName=functions["Sweep"], Payload=json.dumps(SCHEDULE_EVENT))
    client.invoke(FunctionName=functions["Rescue"], Payload=json.dumps({"Records": []}))


def measure(status: Status) -> Iterator[tuple[str, float, int]]:
    """Yield what was measured, its MB, and the limit; exit when cfn-lint finds something."""
    status.update("packaging")
    artifact = package("prod", ROOT / "build" / "prod")
    status.update("cfn-lint")
    # As it is written, and as CloudFormation will see it.
    written, seen = (ROOT / "build" / "prod" / name for name in ("sam.json", "translated.json"))
    seen.write_text(json.dumps(translated(artifact.template), indent=2))
    templates = [str(written), str(seen), str(DATABASE_TEMPLATE)]
    run_program([program("cfn-lint"), "--regions", "us-east-1", "--", *templates], SystemExit)
    yield "deployment package", artifact.archive.stat().st_size / MIB, PACKAGE_MB_MAX
    with (
        passing_folder("orders-check-") as folder,
        LocalStack(folder, parameters={"LatencyMs": "0"}, report=status.update) as stack,
    ):
        yield "local stack, idle", stack_memory_mb(stack), IDLE_STACK_MB_MAX
        status.update("running orders")
        use_every_function(stack)
        peaks: dict[str, float] = {}
        for name, process in function_processes(stack.process_ids()):
            peaks[name] = max(peaks.get(name, 0.0), peak_memory_mb(process))
        for name, used_mb in sorted(peaks.items()):
            yield f"function {name}, peak", used_mb, FUNCTION_MB_MAX


def main() -> None:
    """Package, lint and measure."""
    console = Console()
    table = figure_table(["size"], ["MB", "at most"], title="Sizes")
    is_over = False
    with console.status("") as status:
        for name, used_mb, mb_max in measure(status):
            is_over |= used_mb > mb_max
            color = "red" if used_mb > mb_max else "green"
            table.add_row(name, f"[{color}]{used_mb:.1f}[/{color}]", str(mb_max))
    console.print(table)
    sys.exit(is_over)


if __name__ == "__main__":
    main()
