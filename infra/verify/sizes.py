"""Check what is deployed: cfn-lint on the packaged template, and the sizes that make a cold start
and a laptop feel light. Prints every figure; fails over a limit."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
from rich.console import Console
from rich.status import Status
from rich.table import Table
from websockets.sync.client import connect

from infra.deploy.package import package
from infra.local.description import Description
from infra.local.stack import LocalStack
from infra.local.warm_up import function_names
from infra.paths import ROOT
from orders_client import OrdersClient
from orders_client.cli.trades import SHOWCASE

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


def lint_template(template: Path) -> None:
    """Run cfn-lint; exits with its report when there is something to say."""
    linter = str(Path(sys.executable).with_name("cfn-lint"))
    done = subprocess.run(
        [linter, "--regions", "us-east-1", "--", str(template)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"cfn-lint:\n{done.stdout}{done.stderr}")


def stack_processes(stack: LocalStack) -> list[psutil.Process]:
    """Return every process of the stack, the functions' included."""
    roots = [psutil.Process(pid) for pid in stack.process_ids()]
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def memory_mb(processes: Iterable[psutil.Process]) -> float:
    """Sum of the memory they use, pages that several share counted once."""
    total = 0
    for process in processes:
        used = process.memory_full_info()
        total += getattr(used, "pss", used.rss)
    return total / MIB


def peak_memory_mb(processes: Iterable[psutil.Process]) -> dict[str, float]:
    """The most memory that any process of each function has used so far."""
    peaks: dict[str, float] = {}
    for process in processes:
        name = process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "").split("-")
        if len(name) < 3:
            continue
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
            used = int(line.split()[1]) / 1024
        else:
            used = process.memory_info().rss / MIB
        peaks[name[2]] = max(peaks.get(name[2], 0.0), used)
    return peaks


async def run_orders(base_url: str) -> None:
    """Run orders through the stack, each with a follower."""
    async with OrdersClient(base_url) as client:

        async def one(number: int) -> None:
            order = await client.submit(*SHOWCASE[number % len(SHOWCASE)])
            async for _ in client.follow(order):
                pass

        await asyncio.gather(*(one(number) for number in range(ORDERS)))


def use_every_function(stack: LocalStack) -> None:
    """Run orders as clients do, then call what they do not."""
    description = stack.description
    asyncio.run(run_orders(description.base_url))
    with connect(f"{description.parameters['StreamUrl']}?orderId={_any_order(description)}") as ws:
        ws.send('{"action":"ping"}')
        while "pong" not in ws.recv(timeout=10):
            pass
    functions = function_names(description)
    client = description.target().clients.client("lambda")
    client.invoke(FunctionName=functions["Sweep"], Payload=json.dumps(SCHEDULE_EVENT))
    client.invoke(FunctionName=functions["Rescue"], Payload=json.dumps({"Records": []}))


def _any_order(description: Description) -> str:
    with urlopen(f"{description.base_url}/api/orders?limit=1") as answer:
        return str(json.load(answer)["orders"][0]["orderId"])


def measure(line: Status) -> Iterator[tuple[str, float, int]]:
    """Yield what, how many MB it has, and how many it may have."""
    line.update("packaging")
    artifact = package("prod", ROOT / "build" / "prod")
    line.update("cfn-lint")
    lint_template(ROOT / "build" / "prod" / "sam.json")
    yield "deployment package", artifact.archive.stat().st_size / MIB, PACKAGE_MB_MAX
    with (
        tempfile.TemporaryDirectory(prefix="orders-check-") as folder,
        LocalStack(Path(folder), parameters={"LatencyMs": "0"}, report=line.update) as stack,
    ):
        yield "local stack, idle", memory_mb(stack_processes(stack)), IDLE_STACK_MB_MAX
        line.update("running orders")
        use_every_function(stack)
        for name, used_mb in sorted(peak_memory_mb(stack_processes(stack)).items()):
            yield f"function {name}, peak", used_mb, FUNCTION_MB_MAX


def main() -> None:
    """Package, lint and measure."""
    console = Console()
    table = Table("size", "MB", "at most", title="Sizes")
    is_over = False
    with console.status("") as line:
        for name, used_mb, most_mb in measure(line):
            is_over |= used_mb > most_mb
            color = "red" if used_mb > most_mb else "green"
            table.add_row(name, f"[{color}]{used_mb:.1f}[/{color}]", str(most_mb))
    console.print(table)
    sys.exit(is_over)


if __name__ == "__main__":
    main()
