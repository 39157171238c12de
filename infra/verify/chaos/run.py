"""`make chaos`: load and faults on the real local stack, then quiet, then an audit of it all."""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import SystemRandom
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from infra.local.commands import command
from infra.local.stack import LocalStack
from infra.verify.chaos import watch
from infra.verify.chaos.course import Course, parameters, run
from orders_client.cli.figures import percentile

SEEDS = 1_000_000
COMPLAINTS_SHOWN = 10


def live_table(course: Course) -> Table:
    """How the run goes."""
    left = max(0.0, course.started_at + course.seconds - time.monotonic())
    orders = course.load.orders
    table = Table.grid(padding=(0, 2))
    table.add_row("time left", f"{left:.0f} s")
    table.add_row("orders", str(len(orders)))
    table.add_row("accepted", str(len(course.load.accepted)))
    table.add_row("followed to the end", str(sum(order.is_over for order in orders)))
    table.add_row("faults so far", _counted(course.faults))
    table.add_row("last event", course.events[-1] if course.events else "")
    return table


def summary(course: Course) -> Table:
    """What came of it all."""
    orders, accepted = course.load.orders, course.load.accepted
    refusals = Counter(order.refusal for order in orders if order.refusal)
    aws, database = course.world.aws.luck, course.world.database.luck
    table = Table.grid(padding=(0, 2))
    table.add_row("faults", _counted(course.faults))
    table.add_row("AWS calls", f"{aws.calls.total()}, of which {_counted(aws.met)}")
    table.add_row(
        "database messages", f"{database.calls.total()}, of which {_counted(database.met)}"
    )
    table.add_row("orders accepted", f"{len(accepted)} of {len(orders)}")
    table.add_row("orders not accepted", _counted(refusals))
    table.add_row("stored, but not answered", str(course.unanswered))
    table.add_row("ends", _counted(course.ends))
    table.add_row("dead letters", _counted(course.dead_letters))
    table.add_row("followers' connections", str(sum(order.connections for order in accepted)))
    table.add_row("duplicates ignored", str(watch.duplicates(accepted)))
    table.add_row("holes healed", str(watch.holes(accepted)))
    times = [o.final_at - o.accepted_at for o in accepted if o.final_at]
    if times:
        table.add_row("time to the last frame, p50", f"{percentile(times, 50):.1f} s")
        table.add_row("time to the last frame, most", f"{max(times):.1f} s")
    if course.quiet is not None:
        table.add_row("time to quiet", f"{course.quiet.seconds:.1f} s")
    _add_books(table, course)
    return table


def _counted(counter: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(counter).most_common()) or "none"


def _add_books(table: Table, course: Course) -> None:
    if course.books is None:
        return
    looked_at = sum(check.looked_at for check in course.books.checks)
    table.add_row("audit", f"{len(course.books.checks)} checks, {looked_at} places")
    for check in course.books.checks:
        if check.wrong:
            table.add_row("", f"[red]{check.claim}: {check.wrong}, {check.subjects[:3]}[/red]")


@contextlib.contextmanager
def live(console: Console, course: Course) -> Iterator[None]:
    """Show how the run goes."""
    with Live(console=console, get_renderable=lambda: live_table(course)):
        yield
    console.print()


def main() -> None:
    """Break the local stack under load for some minutes, and check that everything holds."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--orders", type=float, default=4, help="orders per second")
    parser.add_argument("--seed", type=int, help="what a run before has printed, to repeat it")
    arguments = parser.parse_args()
    console = Console()
    seed = SystemRandom().randrange(SEEDS) if arguments.seed is None else arguments.seed
    console.print(f"seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="orders-chaos-"))
    with command():
        try:
            course = _run(folder, seed, arguments.minutes * 60, arguments.orders, console)
        except KeyboardInterrupt:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    if course.holds:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(summary(course))
    _print_verdict(console, course, folder)
    sys.exit(0 if course.holds else 1)


def _run(folder: Path, seed: int, seconds: float, per_second: float, console: Console) -> Course:
    with console.status("starting") as status:
        stack = LocalStack(folder, parameters=parameters(seed), report=status.update)

        @contextlib.contextmanager
        def show(course: Course) -> Iterator[None]:
            status.stop()
            with live(console, course):
                yield

        return run(stack, seed=seed, seconds=seconds, per_second=per_second, show=show)


def _print_verdict(console: Console, course: Course, folder: Path) -> None:
    for complaint in course.complaints[:COMPLAINTS_SHOWN]:
        console.print(f"[red]{complaint}[/red]", soft_wrap=True)
    hidden = len(course.complaints) - COMPLAINTS_SHOWN
    if hidden > 0:
        console.print(f"… and {hidden} more")
    if course.holds:
        console.print("[green]everything holds[/green]")
    else:
        console.print(f"[red]something does not hold[/red]; data and logs are in {folder}")
    console.print(f"seed {course.seed}")


if __name__ == "__main__":
    main()
