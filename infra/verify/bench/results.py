"""The figures of a run by name, medians of several runs, ratios of two, and a table."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from rich.table import Table

from infra.tables import figure_table
from orders_client.cli.bench import Bench
from orders_client.cli.figures import percentile

#: By name; a name that parts share stands before a dot.
Figures = Mapping[str, float]


def describe(
    bench: Bench,
    cpu_seconds: Mapping[str, float],
    calls: Mapping[str, int],
    batches: Mapping[str, float],
    statements: int,
) -> Figures:
    """Return the figures of a run. What cannot be known is not there."""
    count, seconds = len(bench.trades), bench.ended_at - bench.started_at
    accepted = [trade for trade in bench.trades if trade.order_id]
    confirmed = [trade for trade in accepted if trade.status == "confirmed"]
    cpu = {"all": sum(cpu_seconds.values()), **cpu_seconds}
    return {
        "orders": count,
        "confirmed": len(confirmed),
        "followersWithFiveInOrder": sum(trade.succeeded_first_time for trade in bench.trades),
        "duplicateEvents": bench.counter.duplicates,
        "ordersPerSecond": len(confirmed) / seconds,
        **_milliseconds("answeredMs", [t.answered_at - t.started_at for t in accepted]),
        **_milliseconds("confirmedMs", [t.ended_at - t.started_at for t in confirmed]),
        **_ranked("cpuMsPerOrder", {part: 1000 * used / count for part, used in cpu.items()}),
        "statementsPerOrder": statements / count,
        **_ranked("callsPerOrder", {name: called / count for name, called in calls.items()}),
        **_ranked("messagesPerBatch", batches),
    }


def medians(rounds: Sequence[Figures]) -> Figures:
    """Return the median of each figure. What did not happen in a round counts as 0 there."""
    return {name: median(each.get(name, 0) for each in rounds) for name in _names(rounds)}


def ratios(this: Figures, that: Figures) -> Figures:
    """Return the figures of `this` divided by those of `that`, where that makes sense."""
    return {name: figure / that[name] for name, figure in this.items() if that.get(name)}


def results_table(title: str, columns: Mapping[str, Figures]) -> Table:
    """Return a column for each side, and for the ratio."""
    table = figure_table([title], [*columns])
    for name in _names(columns.values()):
        table.add_row(name, *(_short(figures.get(name)) for figures in columns.values()))
    return table


def _names(several: Iterable[Figures]) -> Iterable[str]:
    return dict.fromkeys(name for figures in several for name in figures)


def _milliseconds(name: str, seconds: Sequence[float]) -> Figures:
    return {f"{name}.p{p}": 1000 * percentile(seconds, p) for p in (50, 99) if seconds}


def _ranked(name: str, parts: Figures) -> Figures:
    return {f"{name}.{part}": parts[part] for part in sorted(parts, key=lambda p: -parts[p])}


def _short(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"
