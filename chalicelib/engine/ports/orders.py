"""Where orders are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.domain.orders.events import OrderEvent, Pack
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import (
    Order,
    OrderId,
    OrderStatus,
)
from chalicelib.domain.orders.terms import OrderType
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.tokens import Mint
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.statistics import OrderStatistics

# An order is overtaken when workers have taken up one that was accepted so much later. One that is
# mid-way may be in the hands of a worker, which waits for the chain: it gets more time.
PENDING_MARGIN = timedelta(seconds=5)
MIDWAY_MARGIN = timedelta(seconds=10)
# When the sweep looks after an order that came from another, and whose message may be lost: a slice
# has not much time.
CHILD_MARGIN = timedelta(seconds=3)
# With the new order's they make one batch.
OVERTAKEN_MAX = 9
# How many of the orders that were taken up last are looked at: some are old ones, brought back.
BEGUN_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedOrder:
    """An order as stored, with its events after the sequence the caller already announced."""

    order: Order
    unannounced: tuple[Pack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order for reading, with events in sequence; a list page carries only the last one."""

    order: Order
    events: tuple[OrderEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders of an owner a list shows; None means any."""

    owner_id: OwnerId
    statuses: Sequence[OrderStatus] | None = None
    cancel_requested: bool | None = None
    order_types: Sequence[OrderType] | None = None
    input_mint: Mint | None = None
    output_mint: Mint | None = None
    parent_id: OrderId | None = None
    #: The first hex digits of the id, eight at most.
    id_prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKey:
    """Where a page of orders, newest first, goes on: after this order."""

    created_at: datetime
    order_id: OrderId


class OrderStore(Protocol):
    """The durable truth: orders and their events. Raises UnavailableError when out of reach."""

    def add(
        self,
        accepted: Transition,
        *,
        key: IdempotencyKey | None = None,
        limit: RateLimit | None = None,
        waiting_max: int | None = None,
    ) -> Admission:
        """Store a new order with its first event, both or neither; adding it again changes
        nothing. An open one stands in the book of waiting orders from then on.

        Under a key that its owner has used before nothing is stored, and the order of that time is
        returned as it was accepted. Raises IdempotencyKeyReusedError when that was another order,
        RateLimitedError when the owner has placed as many as the limit allows, TooManyWaitingError
        for an open order when `waiting_max` of the owner's are open, HaltedError while the stage is
        halted.

        With a new order come back a few that were overtaken. Each of them is brought back again
        only when it has stood still for about twice as long.
        """

    def replay(self, owner_id: OwnerId, key: IdempotencyKey) -> Admission | None:
        """Return what the owner placed under this key before. Raises IdempotencyKeyReusedError."""

    def prune_keys(self, *, before: datetime, limit: int) -> int:
        """Forget the oldest keys from before then of orders that are final, and return how many."""

    def load(self, announced_through: Mapping[OrderId, int]) -> list[LoadedOrder]:
        """Return those of these orders that exist, in no particular order, each with its events
        after the sequence that it is named with, those that were saved together in one pack."""

    def save(
        self, transitions: Sequence[Transition], *, sweep_at: datetime | None = None
    ) -> Mapping[OrderId, int]:
        """Store the transitions of each order that still has the sequence before the first of them:
        all of an order's, or none. One order's follow one another. The children of a transition are
        added with it, as by `add` but whatever the limits of their owner; a pending one is stale
        after CHILD_MARGIN.

        Returns the orders that moved, each with the sequence up to which its events are announced,
        or some message sees to that; the others were moved by somebody else first, or have newly
        signed a transaction while the stage is halted. With `sweep_at` no message sees to what is
        stored here until the caller queues one: the sweep does so then, final or not, unless the
        order has moved since.
        """

    def events(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, tuple[OrderEvent, ...]]:
        """Return every event of each order in sequence; an unknown order is absent."""

    def exists(self, order_id: OrderId, owner_id: OwnerId) -> bool:
        """Tell whether the order has been accepted, and is this owner's."""

    def get(self, order_id: OrderId, owner_id: OwnerId) -> OrderRecord:
        """Return one order of the owner's with all its events. Raises OrderNotFoundError."""

    def page(
        self, wanted: OrderFilter, *, limit: int, after: PageKey | None
    ) -> Sequence[OrderRecord]:
        """Return up to `limit` orders, newest first, each with its last event."""

    def statistics(self, owner_id: OwnerId, *, since: datetime) -> OrderStatistics:
        """Count the owner's orders that were accepted from then on."""

    def stale(self, *, due_before: datetime, now: datetime, limit: int) -> Mapping[OrderId, int]:
        """Return orders that the sweep should queue, the oldest first, each with the sequence up to
        which its events need not be announced.

        Those are the unfinished ones that have been due since `due_before`, unless a sweep was
        scheduled for them: then from that time on. Of final ones, those that a sweep was scheduled
        for when they were saved.
        """

    def schedule_sweep(self, order_ids: Sequence[OrderId], *, at: datetime) -> None:
        """Let the sweep queue these orders from then on, and not before, unless they move; those
        that are final no more."""

    def check(self) -> None:
        """Raise UnavailableError unless the store answers."""
