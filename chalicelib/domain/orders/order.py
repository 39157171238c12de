"""Orders: what was asked for, and how far each is.

Invariant: `sequence` counts the events of an order without a hole, and the order always equals
its last event.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID, uuid5

from chalicelib.domain.errors import InvalidOrderIdError
from chalicelib.domain.orders.hunts import Hunt
from chalicelib.domain.orders.terms import (
    MARKET,
    OrderType,
    ScheduleTerms,
    SniperTerms,
    Terms,
    waits,
)
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.pools.new_pools import BEGINNING, PoolCursor
from chalicelib.domain.tokens import Pair, token_to_come

OrderId = NewType("OrderId", str)
Signature = NewType("Signature", str)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def parse_order_id(text: str) -> OrderId:
    """Return the order id that `text` spells. Raises InvalidOrderIdError unless it is a UUID."""
    if not _UUID.fullmatch(text):
        raise InvalidOrderIdError
    return OrderId(text.lower())


def child_id(parent_id: OrderId, name: str) -> OrderId:
    """Return the id of the order that comes from another one under this name: always the same."""
    return OrderId(str(uuid5(UUID(parent_id), name)))


class OrderStatus(StrEnum):
    """Where an order stands. Orders that wait rest in `open`, all others begin as `pending`;
    `confirmed`, `failed`, `cancelled`, `expired` and, of an order over time, `completed` are
    final."""

    OPEN = "open"
    PENDING = "pending"
    ROUTING = "routing"
    BUILDING = "building"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    COMPLETED = "completed"

    @property
    def is_final(self) -> bool:
        return self in FINAL_STATUSES

    @property
    def is_in_hand(self) -> bool:
        """A worker is to carry the order on; an open order waits in the book."""
        return not self.is_final and self is not OrderStatus.OPEN


FINAL_STATUSES = (
    OrderStatus.CONFIRMED,
    OrderStatus.FAILED,
    OrderStatus.CANCELLED,
    OrderStatus.EXPIRED,
    OrderStatus.COMPLETED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """A transaction ready to send; its signature names it on chain forever.

    It can land while the chain's block height is at most `last_valid_block_height`.
    """

    signature: Signature
    wire_bytes: bytes
    last_valid_block_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A slice under way: its number on the grid, from 0, its order, its amount in base units of the
    input, and when its time is up."""

    number: int
    order_id: OrderId
    amount: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a schedule is. Amounts are base units: of the input `allotted` and `spent`, of the
    output `received`."""

    #: The next point of the grid.
    point: int = 0
    #: The slices that were begun or skipped, and what of the amount was theirs.
    used: int = 0
    allotted: int = 0
    #: The points that passed unused.
    missed: int = 0
    done: int = 0
    skipped: int = 0
    spent: int = 0
    received: int = 0
    working: Slice | None = None

    def missing(self, count: int) -> "Progress":
        """Let so many points pass."""
        return replace(self, point=self.point + count, missed=self.missed + count)

    def beginning(self, begun: Slice) -> "Progress":
        """Begin the slice that is due."""
        return replace(self._using(begun.amount), working=begun)

    def skipping(self, amount: int) -> "Progress":
        """Skip the slice that is due before it has begun."""
        return replace(self._using(amount), skipped=self.skipped + 1)

    def ending(self, *, amount_in: int = 0, amount_out: int = 0) -> "Progress":
        """End the slice under way, which has swapped that; nothing when it is skipped."""
        is_done = amount_in > 0
        return replace(
            self,
            working=None,
            done=self.done + is_done,
            skipped=self.skipped + (not is_done),
            spent=self.spent + amount_in,
            received=self.received + amount_out,
        )

    def _using(self, amount: int) -> "Progress":
        return replace(
            self, point=self.point + 1, used=self.used + 1, allotted=self.allotted + amount
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request for a trade, and how far it is."""

    order_id: OrderId
    owner_id: OwnerId
    #: The order that it comes from.
    parent_id: OrderId | None = None
    terms: Terms = MARKET
    trade: Trade
    #: How far the swap may fall behind the route's quote, in basis points of it.
    slippage_bps: int
    #: The price impact above which no route is taken, in basis points; BPS bounds nothing.
    max_price_impact_bps: int
    status: OrderStatus
    #: The number of its last event; whoever moves the order names the one it saw.
    sequence: int
    #: The attempt under way, from 1; 0 before the first.
    attempt: int
    #: What the attempt under way has signed; durable before it is first sent.
    transaction: SignedTransaction | None
    #: The addresses of the pools that refused a transaction of it, each as often as it did.
    refused_by: tuple[str, ...] = ()
    #: Whether its owner wants it cancelled, and its transaction may land yet: no other is signed.
    cancel_requested: bool = False
    #: Whoever waits does so until then: after it nothing new is signed.
    expires_at: datetime | None = None
    #: The slot that was current when the order was placed, or edited: its triggers heed later ones.
    armed_slot: int | None = None
    #: When what it waited for was seen.
    triggered_at: datetime | None = None
    #: How far its slices are, of an order over time.
    progress: Progress | None = None
    #: What it has met, of an order that waits for a pool.
    hunt: Hunt | None = None
    #: When the next step may be taken.
    due_at: datetime
    created_at: datetime
    #: When it reached its status.
    updated_at: datetime

    @property
    def pair(self) -> Pair:
        return self.trade.pair

    @property
    def order_type(self) -> OrderType:
        return self.terms.order_type

    @property
    def rests(self) -> bool:
        """Whether nothing shall be tried with it before it is due."""
        return self.due_at > self.updated_at

    @property
    def is_timed(self) -> bool:
        """Whether it is to be looked at when it is due, whatever the price."""
        return self.rests or isinstance(self.terms, ScheduleTerms | SniperTerms)

    def is_over(self, now: datetime) -> bool:
        """Tell whether its time is up."""
        return self.expires_at is not None and now >= self.expires_at

    def as_accepted(self) -> "Order":
        """The order as it was when it was accepted."""
        return replace(
            self,
            status=first_status(self.terms),
            sequence=1,
            attempt=0,
            transaction=None,
            refused_by=(),
            cancel_requested=False,
            triggered_at=None,
            due_at=self.created_at,
            updated_at=self.created_at,
            progress=None if self.progress is None else Progress(),
            hunt=first_hunt(self.terms, self.armed_slot),
            trade=as_placed(self.trade, self.terms),
        )


def first_hunt(terms: Terms, armed_slot: int | None) -> Hunt | None:
    """Return what an order of these terms has met when it is accepted: pools that were there
    before, unless it takes them. None when it waits for no pool."""
    if not isinstance(terms, SniperTerms):
        return None
    if armed_slot is None or terms.takes_existing:
        return Hunt(cursor=BEGINNING)
    return Hunt(cursor=PoolCursor(armed_slot + 1))


def as_placed(trade: Trade, terms: Terms) -> Trade:
    """Return what an order of these terms traded when it was placed: an order that waits for a pool
    finds the token that it buys only then."""
    if not isinstance(terms, SniperTerms):
        return trade
    return replace(trade, pair=replace(trade.pair, token_out=token_to_come(terms.mint)))


def first_status(terms: Terms) -> OrderStatus:
    """Return what an order of these terms begins as."""
    return OrderStatus.OPEN if waits(terms) else OrderStatus.PENDING
