"""What the in-memory store keeps of waiting orders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.triggers import Watch, watches_of


@dataclass(slots=True)
class WatchRow:
    """A leg of an open order, as it stands and as it was at first."""

    watch: Watch
    first: Watch
    asked_at_rate: int | None = None
    recheck_at: datetime | None = None


def watching(order: Order, before: Sequence[WatchRow]) -> list[WatchRow]:
    """Return the rows of an open order, which had these `before` it was edited: the best price that
    was seen stays what it was. One that rests has no key until it is due."""
    marks = {row.watch.leg: row.watch.mark for row in before if row.watch.mark}
    rows = [
        WatchRow(watch.marked(marks[watch.leg]) if watch.leg in marks else watch, watch)
        for watch in watches_of(order.terms, order.trade)
    ]
    if order.is_timed:
        for row in rows:
            row.watch, row.recheck_at = replace(row.watch, key=None), order.due_at
    return rows
