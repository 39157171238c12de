"""Orders, their life as one flat transition table, and the events that record it.

Invariant: `sequence` counts the events of an order without a hole, and the order always equals
its last event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from chalicelib.domain.errors import IllegalTransitionError, InvalidOrderIdError
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.domain.tokens import Pair

OrderId = NewType("OrderId", str)
Signature = NewType("Signature", str)

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
Details = Mapping[str, Json]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def parse_order_id(text: str) -> OrderId:
    """Return the order id that `text` spells. Raises InvalidOrderIdError unless it is a UUID."""
    if not _UUID.fullmatch(text):
        raise InvalidOrderIdError
    return OrderId(text.lower())


class OrderType(StrEnum):
    """How an order decides when and at what price to trade."""

    MARKET = "MARKET"


class OrderStatus(StrEnum):
    """Where an order stands; `confirmed` and `failed` are final."""

    PENDING = "pending"
    ROUTING = "routing"
    BUILDING = "building"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (OrderStatus.CONFIRMED, OrderStatus.FAILED)


TRANSITIONS: frozenset[tuple[OrderStatus, OrderStatus]] = frozenset(
    {
        (OrderStatus.PENDING, OrderStatus.ROUTING),
        (OrderStatus.PENDING, OrderStatus.FAILED),  # given up: no worker could start it
        (OrderStatus.ROUTING, OrderStatus.ROUTING),  # no usable quotes: the next attempt
        (OrderStatus.ROUTING, OrderStatus.BUILDING),
        (OrderStatus.ROUTING, OrderStatus.FAILED),
        (OrderStatus.BUILDING, OrderStatus.SUBMITTED),
        (OrderStatus.SUBMITTED, OrderStatus.ROUTING),  # landed as failed, or expired: next attempt
        (OrderStatus.SUBMITTED, OrderStatus.CONFIRMED),
        (OrderStatus.SUBMITTED, OrderStatus.FAILED),
    }
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
class Order:
    """A request for a trade, and how far it is."""

    order_id: OrderId
    owner_id: OwnerId = ANONYMOUS
    order_type: OrderType
    trade: Trade
    slippage_bps: int
    status: OrderStatus
    sequence: int
    attempt: int
    transaction: SignedTransaction | None
    due_at: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def pair(self) -> Pair:
        return self.trade.pair

    def as_accepted(self) -> "Order":
        """The order as it was when it was accepted."""
        return replace(
            self,
            status=OrderStatus.PENDING,
            sequence=1,
            attempt=0,
            transaction=None,
            due_at=self.created_at,
            updated_at=self.created_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One line of an order's history: it reached `status` at `occurred_at`.

    `details` depend on the status; amounts in them are base units, prices are left to the wire.
    """

    order_id: OrderId
    sequence: int
    status: OrderStatus
    attempt: int
    occurred_at: datetime
    pair: Pair
    details: Details


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What one step did: the order as it now is, and the event that says so."""

    order: Order
    event: OrderEvent


def accept(
    *,
    order_id: OrderId,
    order_type: OrderType,
    trade: Trade,
    slippage_bps: int,
    at: datetime,
    owner_id: OwnerId = ANONYMOUS,
) -> Transition:
    """Create a pending order with its first event."""
    order = Order(
        order_id=order_id,
        owner_id=owner_id,
        order_type=order_type,
        trade=trade,
        slippage_bps=slippage_bps,
        status=OrderStatus.PENDING,
        sequence=1,
        attempt=0,
        transaction=None,
        due_at=at,
        created_at=at,
        updated_at=at,
    )
    return Transition(order=order, event=_event_of(order, {}))


def advance(
    order: Order,
    status: OrderStatus,
    *,
    at: datetime,
    due_at: datetime | None = None,
    attempt: int | None = None,
    transaction: SignedTransaction | None = None,
    details: Details | None = None,
) -> Transition:
    """Move an order to its next status.

    Entering `routing` forgets the transaction of the attempt before; otherwise it is kept unless
    a new one is given. Raises IllegalTransitionError for a move the table does not list.
    """
    if (order.status, status) not in TRANSITIONS:
        raise IllegalTransitionError(f"{order.status} cannot become {status}")
    kept = None if status is OrderStatus.ROUTING else order.transaction
    moved = replace(
        order,
        status=status,
        sequence=order.sequence + 1,
        attempt=order.attempt if attempt is None else attempt,
        transaction=transaction or kept,
        due_at=due_at or at,
        updated_at=at,
    )
    return Transition(order=moved, event=_event_of(moved, details or {}))


def _event_of(order: Order, details: Details) -> OrderEvent:
    return OrderEvent(
        order_id=order.order_id,
        sequence=order.sequence,
        status=order.status,
        attempt=order.attempt,
        occurred_at=order.updated_at,
        pair=order.pair,
        details=details,
    )
