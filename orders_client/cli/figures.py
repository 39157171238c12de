"""What a bench came to, as one document and as a table."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from orders_client.cli.bench import Bench
from orders_client.cli.output import add_row
from orders_client.cli.trades import Trade


def figures(bench: Bench) -> dict[str, Any]:
    """All the numbers, under the names that `--json` gives them."""
    trades, counter = bench.trades, bench.counter
    accepted = [trade for trade in trades if trade.order_id]
    ends = Counter(trade.status for trade in trades)
    seconds = bench.ended_at - bench.started_at
    return {
        "orders": len(trades),
        "accepted": len(accepted),
        "notAccepted": Counter(trade.error for trade in trades if not trade.order_id),
        "confirmed": ends["confirmed"],
        "failed": Counter(trade.detail("failed")["code"] for trade in _ended(trades, "failed")),
        "noEnd": sum(bool(trade.error) for trade in accepted),
        "fiveStatusesInOrder": sum(trade.is_as_it_should for trade in trades),
        "secondsToConfirmed": _times(trades),
        "ordersPerSecond": round(ends["confirmed"] / seconds, 2) if seconds else 0.0,
        "seconds": round(seconds, 3),
        "connections": counter.connections,
        "frames": counter.frames,
        "duplicatesIgnored": counter.duplicates,
        "holesHealed": counter.holes,
        "improvementBps": _improvement(trades),
    }


def figures_table(told: Mapping[str, Any]) -> Table:
    """The same for people."""
    made = Table.grid(padding=(0, 2))
    add_row(made, "accepted", f"{told['accepted']} of {told['orders']}")
    add_row(made, "confirmed", told["confirmed"])
    _add_counts(made, "not accepted", told["notAccepted"])
    _add_counts(made, "failed", told["failed"])
    if told["noEnd"]:
        add_row(made, "not followed to an end", told["noEnd"], style="red")
    add_row(made, "five statuses in order", told["fiveStatusesInOrder"])
    for name, seconds in (told["secondsToConfirmed"] or {}).items():
        add_row(made, f"time to confirmed, {name}", f"{seconds:.2f} s")
    add_row(made, "confirmed per second", f"{told['ordersPerSecond']:.1f}")
    over = "connection" if told["connections"] == 1 else "connections"
    add_row(made, "frames", f"{told['frames']} over {told['connections']} {over}")
    add_row(made, "duplicates ignored", told["duplicatesIgnored"])
    add_row(made, "holes healed", told["holesHealed"])
    if told["improvementBps"] is not None:
        better = f"{told['improvementBps']:.0f} bps on average"
        add_row(made, "better than the best pool alone", better)
    return made


def _add_counts(to: Table, name: str, counts: Mapping[str, int]) -> None:
    for code, count in sorted(counts.items()):
        add_row(to, f"{name}, {code}", count, style="red")


def _ended(trades: Sequence[Trade], status: str) -> list[Trade]:
    return [trade for trade in trades if trade.status == status]


def _times(trades: Sequence[Trade]) -> dict[str, float] | None:
    times = sorted(trade.seconds or 0.0 for trade in _ended(trades, "confirmed"))
    if not times:
        return None
    p50, p99 = (times[math.ceil(share * len(times)) - 1] for share in (0.5, 0.99))
    return {"p50": round(p50, 3), "p99": round(p99, 3), "max": round(times[-1], 3)}


def _improvement(trades: Sequence[Trade]) -> float | None:
    routes = [trade.detail("building")["route"] for trade in _ended(trades, "confirmed")]
    better = [route["improvementBps"] for route in routes if route["baseline"]]
    return round(statistics.fmean(better), 1) if better else None
