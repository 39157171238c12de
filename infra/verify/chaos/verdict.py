"""What must hold when the faults are over: every accepted order comes to its end soon, and its
follower saw all of it. What must hold of the stored orders is in infra/operate/audit."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import psycopg

from chalicelib.domain.orders.lifecycle import TRANSITIONS
from chalicelib.domain.orders.order import OrderStatus
from infra.verify.chaos.load import Followed
from orders_client import FINAL_STATUSES, Document

POLL_SECONDS = 0.25
FINAL_SECONDS_MAX = 30.0
# How long to wait all the same: an order that takes too long differs from one that never ends.
GIVE_UP_SECONDS = 120.0
# Failures for these reasons would be ours: the simulated world gives others.
CODES_OF_OURS = frozenset({"", "ABANDONED", "INTERNAL", "UNAVAILABLE"})

_STORED = """
    SELECT order_id::text, orders.status, orders.updated_at,
           array_agg(event.status ORDER BY event.sequence),
           coalesce(max(event.details->>'code')
                        FILTER (WHERE event.sequence = orders.sequence), '')
      FROM orders
      JOIN order_events AS event USING (order_id)
     GROUP BY order_id
"""


class StoredOrder(NamedTuple):
    """An order as the database has it."""

    order_id: str
    status: OrderStatus
    updated_at: datetime
    #: The statuses of its events.
    history: Sequence[str]
    #: Why it failed, if it did.
    code: str

    @property
    def end(self) -> str:
        """Its status, and the code where there is one."""
        return f"{self.status} {self.code}".strip()


def stored_orders(database_url: str) -> Mapping[str, StoredOrder]:
    """Return every order by its id."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_STORED).fetchall()
    return {row[0]: StoredOrder(row[0], OrderStatus(row[1]), *row[2:]) for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """How long after the load the last order came to its end, 0 when it did before; and the
    statuses, by order, of those that never did."""

    seconds: float
    unfinished: Mapping[str, str]

    def violations(self) -> Iterator[str]:
        """Say what took too long."""
        if self.seconds > FINAL_SECONDS_MAX:
            yield f"an order took {self.seconds:.1f} s to finish, over {FINAL_SECONDS_MAX:.0f}"
        for order_id, status in self.unfinished.items():
            yield f"order {order_id} is still {status}"


def settle(database_url: str, order_ids: Collection[str], *, since: datetime) -> Settling:
    """Wait until all these orders are final, or until GIVE_UP_SECONDS have passed."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        stored = stored_orders(database_url)
        orders = [stored[order_id] for order_id in order_ids if order_id in stored]
        unfinished = {o.order_id: str(o.status) for o in orders if not o.status.is_final}
        if not unfinished or time.monotonic() >= deadline:
            last = max((order.updated_at for order in orders), default=since)
            seconds = max(0.0, (last - since).total_seconds())
            return Settling(seconds=seconds, unfinished=unfinished)
        time.sleep(POLL_SECONDS)


def false_failures(orders: Sequence[StoredOrder]) -> Iterator[str]:
    """Say which orders failed for a reason that is none of the simulated world's."""
    for order in orders:
        if order.status is OrderStatus.FAILED and order.code in CODES_OF_OURS:
            yield f"order {order.order_id} failed with {order.code or 'no code'}"


def violations_of(order: Followed, history: Sequence[str]) -> Iterator[str]:
    """Say what is wrong with what the order's follower saw; `history` is what happened."""
    seen: dict[int, str] = {}
    for sequence, status in order.frames:
        if seen.setdefault(sequence, status) != status:
            yield f"sequence {sequence} was {seen[sequence]}, then {status}"
    statuses = [seen[sequence] for sequence in sorted(seen)]
    if sorted(seen) != list(range(1, len(seen) + 1)):
        yield f"the follower has gaps: {sorted(seen)}"
    elif not order.is_over:
        yield f"the follower did not see the final status, only {statuses}"
    elif statuses != list(history):
        yield f"the follower saw {statuses}, the history is {list(history)}"
    yield from _violations_of_cancelling(order, statuses[-1] if statuses else "")
    yield from _violations_of_slices([event for event in order.events if "slice" in event], order)
    for before, after in pairwise(statuses):
        if (OrderStatus(before), OrderStatus(after)) not in TRANSITIONS:
            yield f"the follower saw {after} after {before}"


def _violations_of_slices(told: Sequence[Document], order: Followed) -> Iterator[str]:
    """Each slice begins once, one after the other, and what the order came to is what they did."""
    slices = [event["slice"] for event in told]
    begun = [each["number"] for each in slices if each["status"] == "begun"]
    if begun != sorted({*begun}):
        yield f"the slices that began were {begun}"
    if order.is_over and order.events[-1]["status"] == OrderStatus.COMPLETED:
        done = [each for each in slices if each["status"] == "confirmed"]
        for name in ("amountIn", "amountOut"):
            total = sum(Decimal(each[name]) for each in done)
            if Decimal(order.events[-1][name]) != total:
                yield f"its {name} was {order.events[-1][name]}, that of its slices {total}"


def _violations_of_cancelling(order: Followed, end: str) -> Iterator[str]:
    if order.cancel_answer in FINAL_STATUSES and end != order.cancel_answer:
        yield f"a cancel was answered with {order.cancel_answer}, then the order was {end}"
    if end == OrderStatus.CANCELLED and order.cancel_after_seconds is None:
        yield "it was cancelled by nobody"
