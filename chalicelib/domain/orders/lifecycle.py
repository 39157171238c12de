"""An order's life as one flat transition table: `accept` begins it, `advance` moves it."""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.errors import IllegalTransitionError
from chalicelib.domain.orders.events import (
    CancelRequested,
    EventDetails,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
)
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, OrderType, SignedTransaction
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.owners import OwnerId

TRANSITIONS: frozenset[tuple[OrderStatus, OrderStatus]] = frozenset(
    {
        (OrderStatus.PENDING, OrderStatus.ROUTING),
        (OrderStatus.PENDING, OrderStatus.FAILED),  # given up: no worker could start it
        (OrderStatus.PENDING, OrderStatus.CANCELLED),
        (OrderStatus.ROUTING, OrderStatus.ROUTING),  # no usable quotes: the next attempt
        (OrderStatus.ROUTING, OrderStatus.BUILDING),
        (OrderStatus.ROUTING, OrderStatus.FAILED),
        (OrderStatus.ROUTING, OrderStatus.CANCELLED),
        (OrderStatus.BUILDING, OrderStatus.BUILDING),  # to be cancelled, if it can be
        (OrderStatus.BUILDING, OrderStatus.SUBMITTED),
        (OrderStatus.SUBMITTED, OrderStatus.SUBMITTED),  # to be cancelled, if it can be
        (OrderStatus.SUBMITTED, OrderStatus.ROUTING),  # landed as failed, or expired: next attempt
        (OrderStatus.SUBMITTED, OrderStatus.CONFIRMED),
        (OrderStatus.SUBMITTED, OrderStatus.FAILED),
        (OrderStatus.SUBMITTED, OrderStatus.CANCELLED),  # its transaction can no longer land
    }
)

# A request to cancel is all that happens to an order of these without another status.
_SIGNED = (OrderStatus.BUILDING, OrderStatus.SUBMITTED)


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
    max_price_impact_bps: int,
    at: datetime,
    owner_id: OwnerId,
) -> Transition:
    """Create a pending order with its first event."""
    order = Order(
        order_id=order_id,
        owner_id=owner_id,
        order_type=order_type,
        trade=trade,
        slippage_bps=slippage_bps,
        max_price_impact_bps=max_price_impact_bps,
        status=OrderStatus.PENDING,
        sequence=1,
        attempt=0,
        transaction=None,
        due_at=at,
        created_at=at,
        updated_at=at,
    )
    return Transition(order=order, event=_event_of(order, OrderAccepted()))


def advance(
    order: Order,
    details: EventDetails,
    *,
    at: datetime,
    due_at: datetime | None = None,
    attempt: int | None = None,
    transaction: SignedTransaction | None = None,
    refused_by: tuple[str, ...] | None = None,
) -> Transition:
    """Move an order to the status that the details are of.

    Entering `routing` forgets the transaction of the attempt before; otherwise it is kept unless
    a new one is given. Raises IllegalTransitionError for a move the table does not list.
    """
    status = details.status
    is_legal = (order.status, status) in TRANSITIONS
    stays_signed = status is order.status and status in _SIGNED
    if not is_legal or stays_signed != isinstance(details, CancelRequested):
        raise IllegalTransitionError(f"{order.status} cannot change to {status}")
    kept = None if status is OrderStatus.ROUTING else order.transaction
    moved = replace(
        order,
        status=status,
        sequence=order.sequence + 1,
        attempt=order.attempt if attempt is None else attempt,
        transaction=transaction or kept,
        refused_by=order.refused_by if refused_by is None else refused_by,
        cancel_requested=order.cancel_requested or isinstance(details, CancelRequested),
        due_at=due_at or at,
        updated_at=at,
    )
    return Transition(order=moved, event=_event_of(moved, details))


def cancel(order: Order, *, at: datetime) -> Transition:
    """→ cancelled, or, once the order is signed, the request for it: what is signed may land.

    Raises IllegalTransitionError when the order is final.
    """
    if order.transaction is None:
        return advance(order, OrderCancelled(), at=at)
    requested = CancelRequested(status=order.status, signature=order.transaction.signature)
    return advance(order, requested, at=at, due_at=order.due_at)


def _event_of(order: Order, details: EventDetails) -> OrderEvent:
    return OrderEvent(
        order_id=order.order_id,
        sequence=order.sequence,
        attempt=order.attempt,
        occurred_at=order.updated_at,
        pair=order.pair,
        details=details,
    )
