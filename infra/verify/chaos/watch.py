"""What must hold when the faults are over: every accepted order comes to its end soon, and its
follower saw all of it. What the books must say is in infra/audit."""

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import psycopg

from chalicelib.domain.orders.lifecycle import TRANSITIONS
from chalicelib.domain.orders.order import OrderStatus
from infra.verify.chaos.load import Followed

POLL_SECONDS = 0.25
QUIET_SECONDS = 60.0
# How long to wait for those that take longer, so as to tell them from those that never end.
PATIENCE_SECONDS = 120.0
# Failures for these reasons would be ours: the simulated world gives others.
FAULTS_OF_OURS = frozenset({"", "ABANDONED", "INTERNAL", "UNAVAILABLE"})

_UNFINISHED = """
    SELECT order_id::text, status
      FROM orders
     WHERE order_id = ANY(%s::uuid[]) AND status NOT IN ('confirmed', 'failed')
"""
_LAST_END = "SELECT max(updated_at) FROM orders WHERE order_id = ANY(%s::uuid[])"
_HISTORIES = """
    SELECT order_id::text, array_agg(status ORDER BY sequence)
      FROM order_events
     WHERE order_id = ANY(%s::uuid[])
     GROUP BY order_id
"""
_ENDS = """
    SELECT orders.status, coalesce(events.details->>'code', ''), count(*)
      FROM orders
      JOIN order_events AS events USING (order_id, sequence)
     WHERE order_id = ANY(%s::uuid[])
     GROUP BY 1, 2
     ORDER BY 1, 2
"""
_UNANSWERED = "SELECT count(*) FROM orders WHERE order_id <> ALL(%s::uuid[])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """How long after the load the last order came to its end; zero when it did before."""

    seconds: float
    left: Mapping[str, str]

    def complaints(self) -> Iterator[str]:
        """Say what took too long."""
        if self.seconds > QUIET_SECONDS:
            yield f"orders took {self.seconds:.1f} s to their end, not {QUIET_SECONDS:.0f} at most"
        for order_id, status in self.left.items():
            yield f"order {order_id} is still {status}"


def wait_for_quiet(database_url: str, order_ids: Collection[str], since: datetime) -> Quiet:
    """Wait until all these orders are final, or until there is no hope left."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        ids = [list(order_ids)]
        left = _unfinished(connection, ids)
        while left and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            left = _unfinished(connection, ids)
        row = connection.execute(_LAST_END, ids).fetchone()
    last = row[0] if row and row[0] else since
    return Quiet(seconds=max(0.0, (last - since).total_seconds()), left=left)


def _unfinished(connection: psycopg.Connection, ids: list[list[str]]) -> dict[str, str]:
    return dict(connection.execute(_UNFINISHED, ids).fetchall())


def ends(database_url: str, order_ids: Collection[str]) -> Counter[str]:
    """Count how these orders ended: by status, and by code where there is one."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_ENDS, [list(order_ids)]).fetchall()
    return Counter({f"{status} {code}".strip(): count for status, code, count in rows})


def unanswered(database_url: str, order_ids: Collection[str]) -> int:
    """Count the orders that were stored although nobody got an answer."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(_UNANSWERED, [list(order_ids)]).fetchone()
    return int(row[0]) if row else 0


def false_failures(counted: Mapping[str, int]) -> Iterator[str]:
    """Say how many orders failed for a reason that is none of the simulated world's."""
    for end, count in counted.items():
        status, _, code = end.partition(" ")
        if status == OrderStatus.FAILED and code in FAULTS_OF_OURS:
            yield f"{count} orders failed with {code or 'no code'}"


def followers_complaints(database_url: str, orders: Sequence[Followed]) -> Iterator[str]:
    """Say what is wrong with what the followers of these orders saw."""
    with psycopg.connect(database_url) as connection:
        ids = [order.order_id for order in orders]
        histories: Mapping[str, list[str]] = dict(connection.execute(_HISTORIES, [ids]).fetchall())
    for order in orders:
        for complaint in complaints_of(order, histories.get(order.order_id, [])):
            yield f"order {order.order_id}: {complaint}"


def complaints_of(order: Followed, history: Sequence[str]) -> Iterator[str]:
    """Say what is wrong with what one follower saw; `history` is what happened."""
    seen: dict[int, str] = {}
    for sequence, status in order.frames:
        if seen.setdefault(sequence, status) != status:
            yield f"sequence {sequence} was {seen[sequence]}, then {status}"
    told = [seen[sequence] for sequence in sorted(seen)]
    if sorted(seen) != list(range(1, len(seen) + 1)):
        yield f"the follower has holes: {sorted(seen)}"
    elif not order.is_over:
        yield f"the follower did not see the end, only {told}"
    elif told != list(history):
        yield f"the follower saw {told}, the history is {list(history)}"
    for before, after in pairwise(told):
        if (OrderStatus(before), OrderStatus(after)) not in TRANSITIONS:
            yield f"the follower saw {after} after {before}"


def duplicates(orders: Sequence[Followed]) -> int:
    """Count the frames that came more than once."""
    return sum(len(o.frames) - len({sequence for sequence, _ in o.frames}) for o in orders)


def holes(orders: Sequence[Followed]) -> int:
    """Count the frames that came with a hole before them."""
    count = 0
    for order in orders:
        highest = 0
        for sequence, _ in order.frames:
            count += sequence > highest + 1
            highest = max(highest, sequence)
    return count
