"""The figures of a finished bench, as a document and as a table."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.table import Table

from orders_client import Status
from orders_client.cli.bench import Bench
from orders_client.cli.output import add_row
from orders_client.cli.trades import Trade

FIVE = 5


def compute_figures(bench: Bench) -> dict[str, Any]:
    """Return the document that `orders bench --json` prints. Times are in seconds."""
    trades, counter = bench.trades, bench.counter
    accepted = [trade for trade in trades if trade.order_id]
    confirmed = [trade for trade in trades if trade.status == Status.CONFIRMED]
    failures = [
        trade.last_event(Status.FAILED) for trade in trades if trade.status == Status.FAILED
    ]
    seconds = bench.ended_at - bench.started_at
    return {
        "orders": len(trades),
        "accepted": len(accepted),
        "notAccepted": Counter(trade.error for trade in trades if not trade.order_id),
        "confirmed": len(confirmed),
        "failed": Counter(failure["code"] for failure in failures),
        "noEnd": sum(bool(trade.error) for trade in accepted),
        "cancelled": sum(trade.status == Status.CANCELLED for trade in trades),
        "fiveStatusesInOrder": sum(
            trade.succeeded_first_time for trade in confirmed if len(trade.expected) == FIVE
        ),
        "secondsToConfirmed": _durations(confirmed),
        "ordersPerSecond": round(len(confirmed) / seconds, 2) if seconds else 0.0,
        "seconds": round(seconds, 3),
        "connections": counter.connections,
        "events": counter.events,
        "duplicatesIgnored": counter.duplicates,
        "holesHealed": counter.holes,
        "improvementBps": _improvement(confirmed),
    }


def figures_table(figures: Mapping[str, Any]) -> Table:
    """Return the figures as a table for people; what is None is left out."""
    table = Table.grid(padding=(0, 2))
    add_row(table, "accepted", f"{figures['accepted']} of {figures['orders']}")
    add_row(table, "confirmed", figures["confirmed"])
    if figures["cancelled"]:
        add_row(table, "cancelled", figures["cancelled"])
    _add_counts(table, "not accepted", figures["notAccepted"])
    _add_counts(table, "failed", figures["failed"])
    if figures["noEnd"]:
        add_row(table, "not followed until final", figures["noEnd"], style="red")
    add_row(table, "five statuses in order", figures["fiveStatusesInOrder"])
    for name, seconds in (figures["secondsToConfirmed"] or {}).items():
        add_row(table, f"time to confirmed, {name}", f"{seconds:.2f} s")
    add_row(table, "confirmed per second", f"{figures['ordersPerSecond']:.1f}")
    noun = "connection" if figures["connections"] == 1 else "connections"
    add_row(table, "events", f"{figures['events']} over {figures['connections']} {noun}")
    add_row(table, "duplicates ignored", figures["duplicatesIgnored"])
    add_row(table, "gaps recovered", figures["holesHealed"])
    if figures["improvementBps"] is not None:
        gain = f"{figures['improvementBps']:.0f} bps on average"
        add_row(table, "better than the best single pool", gain)
    return table


def _add_counts(table: Table, name: str, counts: Mapping[str, int]) -> None:
    for code, count in sorted(counts.items()):
        add_row(table, f"{name}, {code}", count, style="red")


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the least of the values that `percent` % of them do not exceed.

    Raises IndexError when there are no values.
    """
    ranked = sorted(values)
    return ranked[-(-len(ranked) * percent // 100) - 1]


def _durations(confirmed: Sequence[Trade]) -> dict[str, float] | None:
    if not confirmed:
        return None
    seconds = [trade.seconds or 0.0 for trade in confirmed]
    percentiles = {"p50": percentile(seconds, 50), "p99": percentile(seconds, 99)}
    return {name: round(value, 3) for name, value in (percentiles | {"max": max(seconds)}).items()}


def _improvement(confirmed: Sequence[Trade]) -> float | None:
    """Return the average gain over the best single pool; None if no pool filled an order alone."""
    routes = [trade.last_event(Status.BUILDING)["route"] for trade in confirmed]
    gains = [route["improvementBps"] for route in routes if route["baseline"]]
    return round(statistics.fmean(gains), 1) if gains else None
