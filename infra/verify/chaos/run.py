"""`make chaos`: load and faults on the real local stack, then an audit of all that is stored."""

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

from infra.arguments import OneLineArgumentParser, natural_number, positive_number
from infra.local.commands import command
from infra.local.stack import LocalStack
from infra.tables import pairs_table
from infra.verify.chaos.experiment import Experiment, parameters, run
from orders_client.cli.figures import percentile

SEEDS = 1_000_000
VIOLATIONS_SHOWN = 10


def live_table(experiment: Experiment) -> Table:
    """Return how the run goes."""
    left = max(0.0, experiment.started_at + experiment.seconds - time.monotonic())
    orders = experiment.load.orders
    return pairs_table(
        {
            "time left": f"{left:.0f} s",
            "orders": len(orders),
            "accepted": len(experiment.load.accepted),
            "followed until final": sum(order.is_over for order in orders),
            "faults so far": _counted(experiment.faults),
            "last event": experiment.events[-1] if experiment.events else "",
        }
    )


def summary(experiment: Experiment) -> Table:
    """Return what came of the run."""
    orders, accepted = experiment.load.orders, experiment.load.accepted
    counter = experiment.load.counter
    refusals = Counter(order.refusal for order in orders if order.refusal)
    aws, database = experiment.world.aws.injector, experiment.world.database.injector
    rows: dict[str, object] = {
        "faults": _counted(experiment.faults),
        "AWS calls": f"{aws.calls.total()}, of which {_counted(aws.failures)}",
        "database messages": f"{database.calls.total()}, of which {_counted(database.failures)}",
        "orders accepted": f"{len(accepted)} of {len(orders)}",
        "orders not accepted": _counted(refusals),
        "stored, but not answered": experiment.unanswered,
        "ends": _counted(experiment.ends),
        "dead letters": _counted(experiment.dead_letters),
        "followers' connections": counter.connections,
        "duplicates ignored": counter.duplicates,
        "gaps recovered": counter.holes,
    }
    times = sorted(o.final_at - o.accepted_at for o in accepted if o.final_at)
    if times:
        rows["time to the last frame, p50"] = f"{percentile(times, 50):.1f} s"
        rows["time to the last frame, max"] = f"{times[-1]:.1f} s"
    if experiment.settling is not None:
        rows["time until all were final"] = f"{experiment.settling.seconds:.1f} s"
    return pairs_table(rows | _audit_rows(experiment))


def _audit_rows(experiment: Experiment) -> dict[str, object]:
    if experiment.audit is None:
        return {}
    checks = experiment.audit.checks
    looked_at = sum(check.looked_at for check in checks)
    wrong = [f"{c.claim}: {c.wrong}, {c.subjects[:3]}" for c in checks if c.wrong]
    found = "".join(f"\n[red]{line}[/red]" for line in wrong)
    return {"audit": f"{len(checks)} checks, {looked_at} places{found}"}


def _counted(counter: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(counter).most_common()) or "none"


def main() -> None:
    """Inject faults into a local stack under load, then check that everything holds."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--minutes", type=positive_number, default=2)
    parser.add_argument("--orders", type=positive_number, default=4, help="orders per second")
    parser.add_argument(
        "--seed", type=natural_number, help="the seed an earlier run printed, to repeat it"
    )
    arguments = parser.parse_args()
    console = Console()
    seed = SystemRandom().randrange(SEEDS) if arguments.seed is None else arguments.seed
    console.print(f"seed {seed}")
    folder = Path(tempfile.mkdtemp(prefix="orders-chaos-"))
    with command():
        try:
            experiment = _run(folder, seed, arguments.minutes * 60, arguments.orders, console)
        except KeyboardInterrupt:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    if experiment.holds:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(summary(experiment))
    _print_verdict(console, experiment, folder)
    sys.exit(0 if experiment.holds else 1)


def _run(
    folder: Path, seed: int, seconds: float, per_second: float, console: Console
) -> Experiment:
    with console.status("starting") as status:
        stack = LocalStack(folder, parameters=parameters(seed), report=status.update)

        @contextlib.contextmanager
        def show(experiment: Experiment) -> Iterator[None]:
            status.stop()
            with Live(console=console, get_renderable=lambda: live_table(experiment)):
                yield
            console.print()

        return run(stack, seed=seed, seconds=seconds, per_second=per_second, show=show)


def _print_verdict(console: Console, experiment: Experiment, folder: Path) -> None:
    for violation in experiment.violations[:VIOLATIONS_SHOWN]:
        console.print(f"[red]{violation}[/red]", soft_wrap=True)
    hidden = len(experiment.violations) - VIOLATIONS_SHOWN
    if hidden > 0:
        console.print(f"… and {hidden} more")
    if experiment.holds:
        console.print("[green]everything holds[/green]")
    else:
        console.print(f"[red]something does not hold[/red]; data and logs are in {folder}")
    console.print(f"seed {experiment.seed}")


if __name__ == "__main__":
    main()
