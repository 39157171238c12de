"""How fast this machine quotes, per curve and bucket, and plans, per number of pools."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from infra.arguments import OneLineArgumentParser
from infra.local.commands import command
from infra.tables import figure_table
from infra.verify.bench.buckets import TURNS_MAX, find_asks
from infra.verify.bench.figures import Bench, Figures, PlanFigure, QuoteFigure
from infra.verify.bench.requests import find_requests

QUOTES_PER_ROUND = 300
ROUNDS = 9
SECONDS_MAX = 25


def as_json(figures: Figures) -> str:
    """Return the figures as one JSON object, rounded to what is worth reading."""
    return json.dumps(
        asdict(figures, dict_factory=lambda items: {key: _rounded(x) for key, x in items}),
        indent=2,
    )


def quote_table(figures: Sequence[QuoteFigure]) -> Table:
    """Quotes per second, bucket by bucket."""
    table = figure_table(["curve", "bucket"], ["quotes/s", "µs", "turns"], title="Quotes, exact-in")
    for before, figure in zip([None, *figures], figures, strict=False):
        table.add_row(
            "" if before and before.curve == figure.curve else figure.curve,
            figure.bucket,
            f"{figure.quotes_per_second:,.0f}",
            f"{figure.microseconds_per_quote:.1f}",
            f"{figure.turns_per_quote:.1f}",
        )
    return table


def plan_table(figures: Sequence[PlanFigure]) -> Table:
    """Plans per second, with the median and the slowest request."""
    columns = ["plans/s", "ms", "worst ms", "turns", "worst"]
    table = figure_table(["pools", "hops", "mode"], columns, title="Plans")
    for figure in figures:
        table.add_row(
            str(figure.pools),
            "1" if figure.hops_max == 1 else f"up to {figure.hops_max}",
            figure.mode,
            f"{figure.plans_per_second:,.0f}",
            f"{figure.milliseconds_median:.1f}",
            f"{figure.milliseconds_worst:.1f}",
            f"{figure.turns_median:,.0f}",
            f"{figure.turns_worst:,.0f}",
        )
    return table


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def measure(rounds: int, console: Console) -> Figures:
    """Find what to measure and measure it, with a bar on the console."""
    columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn())
    # It draws only between two measurements: a thread that draws would slow them.
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as progress:
        task = progress.add_task("looking for amounts", total=None)
        progress.refresh()
        bench = Bench(find_asks(QUOTES_PER_ROUND), find_requests())
        progress.update(task, total=rounds * bench.steps_per_round)

        def report(step: str) -> None:
            progress.update(task, description=step, advance=1, refresh=True)

        return bench.measure(rounds, SECONDS_MAX, report)


def main() -> None:
    """Measure quotes and plans beside a calibration loop, and print the medians."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, choices=range(1, TURNS_MAX + 1), default=ROUNDS)
    arguments = parser.parse_args()
    console = Console(stderr=arguments.json)
    with command():
        figures = measure(arguments.rounds, console)
    if arguments.json:
        print(as_json(figures))
        return
    console.print(quote_table(figures.quotes), plan_table(figures.plans))
    console.print(
        f"medians of {figures.rounds} rounds; the worst plan is the slowest request's median\n"
        "a turn is one iteration of a fixed loop, run with each measurement: "
        f"{figures.calibration_turns_per_second:,.0f}/s"
    )


if __name__ == "__main__":
    main()
