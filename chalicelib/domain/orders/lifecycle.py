"""An order's life as one flat transition table: `accept` begins it, `advance` moves it.

Of what an order may become, what was decided first counts: a landed swap, then a cancellation that
its owner wants, then the end of its time, then another attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.errors import IllegalTransitionError
from chalicelib.domain.orders.events import (
    AttemptStarted,
    CancelRequested,
    EventDetails,
    OrderAccepted,
    OrderCancelled,
    OrderEdited,
    OrderEvent,
    OrderOpened,
    PoolJudged,
    SliceDetails,
)
from chalicelib.domain.orders.hunts import Hunt
from chalicelib.domain.orders.order import (
    Order,
    OrderId,
    OrderStatus,
    Progress,
    SignedTransaction,
    first_hunt,
    first_status,
)
from chalicelib.domain.orders.schedules import next_look
from chalicelib.domain.orders.terms import (
    MARKET,
    ScheduleTerms,
    SniperTerms,
    Terms,
    is_resting_limit,
)
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.owners import OwnerId

TRANSITIONS: frozenset[tuple[OrderStatus, OrderStatus]] = frozenset(
    {
        (OrderStatus.OPEN, OrderStatus.OPEN),  # edited, or further
        (OrderStatus.OPEN, OrderStatus.ROUTING),  # what it waited for was seen
        (OrderStatus.OPEN, OrderStatus.CANCELLED),
        (OrderStatus.OPEN, OrderStatus.EXPIRED),
        (OrderStatus.OPEN, OrderStatus.FAILED),  # what it waits for cannot come
        (OrderStatus.OPEN, OrderStatus.COMPLETED),  # no slice is left
        (OrderStatus.PENDING, OrderStatus.ROUTING),
        (OrderStatus.PENDING, OrderStatus.FAILED),  # given up: no worker could start it
        (OrderStatus.PENDING, OrderStatus.CANCELLED),
        (OrderStatus.ROUTING, OrderStatus.ROUTING),  # no usable quotes: the next attempt
        (OrderStatus.ROUTING, OrderStatus.BUILDING),
        (OrderStatus.ROUTING, OrderStatus.FAILED),
        (OrderStatus.ROUTING, OrderStatus.CANCELLED),
        (OrderStatus.ROUTING, OrderStatus.EXPIRED),
        (OrderStatus.ROUTING, OrderStatus.OPEN),  # a limit that is beyond reach again
        (OrderStatus.BUILDING, OrderStatus.BUILDING),  # to be cancelled, if it can be
        (OrderStatus.BUILDING, OrderStatus.SUBMITTED),
        (OrderStatus.SUBMITTED, OrderStatus.SUBMITTED),  # to be cancelled, if it can be
        (OrderStatus.SUBMITTED, OrderStatus.ROUTING),  # landed as failed, or expired: next attempt
        (OrderStatus.SUBMITTED, OrderStatus.CONFIRMED),
        (OrderStatus.SUBMITTED, OrderStatus.FAILED),
        # Its transaction can no longer land:
        (OrderStatus.SUBMITTED, OrderStatus.CANCELLED),
        (OrderStatus.SUBMITTED, OrderStatus.EXPIRED),
        (OrderStatus.SUBMITTED, OrderStatus.OPEN),  # a limit waits again
    }
)

# A request to cancel is all that happens to an order of these without another status.
_SIGNED = (OrderStatus.BUILDING, OrderStatus.SUBMITTED)
_UNSIGNED = (OrderStatus.ROUTING, OrderStatus.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What one step did: the order as it now is, the event that says so, and what it was before,
    unless it has just been accepted; and the orders that come from it, each with its first event:
    they are accepted with this step, or not at all."""

    order: Order
    event: OrderEvent
    status_before: OrderStatus | None = None
    children: tuple["Transition", ...] = ()


def accept(
    *,
    order_id: OrderId,
    trade: Trade,
    slippage_bps: int,
    max_price_impact_bps: int,
    at: datetime,
    owner_id: OwnerId,
    parent_id: OrderId | None = None,
    terms: Terms = MARKET,
    expires_at: datetime | None = None,
    armed_slot: int | None = None,
) -> Transition:
    """Create a pending order, or an open one where its terms let it wait, with its first event."""
    order = Order(
        order_id=order_id,
        owner_id=owner_id,
        parent_id=parent_id,
        terms=terms,
        trade=trade,
        slippage_bps=slippage_bps,
        max_price_impact_bps=max_price_impact_bps,
        status=first_status(terms),
        sequence=1,
        attempt=0,
        transaction=None,
        expires_at=expires_at,
        armed_slot=armed_slot,
        progress=Progress() if isinstance(terms, ScheduleTerms) else None,
        hunt=first_hunt(terms, armed_slot),
        due_at=terms.start_at if isinstance(terms, ScheduleTerms) else at,
        created_at=at,
        updated_at=at,
    )
    is_open = order.status is OrderStatus.OPEN
    first = OrderOpened(waits_for=terms.order_type.waits_for) if is_open else OrderAccepted()
    return Transition(order=order, event=_event_of(order, first))


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

    Entering `routing` or `open` forgets the transaction of the attempt before; otherwise it is kept
    unless a new one is given. Raises IllegalTransitionError for a move the table does not list.
    """
    status = details.status
    if not _is_legal(order, details):
        raise IllegalTransitionError(f"{order.status} cannot change to {status}")
    kept = None if status in _UNSIGNED else order.transaction
    trigger = details.trigger if isinstance(details, AttemptStarted) else None
    moved = replace(
        order,
        status=status,
        sequence=order.sequence + 1,
        attempt=order.attempt if attempt is None else attempt,
        transaction=transaction or kept,
        refused_by=order.refused_by if refused_by is None else refused_by,
        cancel_requested=order.cancel_requested or isinstance(details, CancelRequested),
        triggered_at=trigger.observed_at if trigger else order.triggered_at,
        due_at=due_at or at,
        updated_at=at,
    )
    event = _event_of(moved, details)
    return Transition(order=moved, event=event, status_before=order.status)


def edit(
    order: Order,
    *,
    terms: Terms,
    slippage_bps: int,
    expires_at: datetime | None,
    armed_slot: int,
    changed: Mapping[str, Any],
    at: datetime,
) -> Transition:
    """Let an open order wait for something else, from this slot on. Raises IllegalTransitionError
    when it is not open."""
    edited = replace(
        order,
        terms=terms,
        slippage_bps=slippage_bps,
        expires_at=expires_at or order.expires_at,
        armed_slot=armed_slot,
    )
    details = OrderEdited(changed=changed, waits_for=terms.order_type.waits_for)
    return advance(edited, details, at=at, due_at=_look_at(edited, at))


def proceed(
    order: Order,
    details: SliceDetails,
    progress: Progress,
    *,
    at: datetime,
    children: tuple[Transition, ...] = (),
) -> Transition:
    """Let an order over time stay open, as far as it is now. Raises IllegalTransitionError for any
    other."""
    further = replace(order, progress=progress)
    moved = advance(further, details, at=at, due_at=_look_at(further, at))
    return replace(moved, children=children)


def meet(order: Order, judged: PoolJudged, hunt: Hunt, *, at: datetime) -> Transition:
    """Let an order that waits for a pool stay open, having met one. Raises IllegalTransitionError
    for any other."""
    return advance(replace(order, hunt=hunt), judged, at=at)


def _look_at(order: Order, at: datetime) -> datetime | None:
    """When there may be something to do for an order over time; of any other that is not said."""
    if not isinstance(order.terms, ScheduleTerms):
        return None
    assert order.progress is not None
    assert order.expires_at is not None
    return next_look(order.terms, order.progress, at, order.expires_at)


def cancel(order: Order, *, at: datetime) -> Transition:
    """→ cancelled, or, once the order is signed, the request for it: what is signed may land.

    Raises IllegalTransitionError when the order is final.
    """
    if order.transaction is None:
        return advance(order, OrderCancelled(), at=at)
    requested = CancelRequested(status=order.status, signature=order.transaction.signature)
    return advance(order, requested, at=at, due_at=order.due_at)


def _is_legal(order: Order, details: EventDetails) -> bool:
    """Tell whether the table lists the move. Where it lists one that leaves the order as it is,
    only one kind of event does that; and only a resting limit waits again."""
    stays = order.status is details.status
    if stays and details.status in _SIGNED:
        is_right = isinstance(details, CancelRequested)
    elif details.status is OrderStatus.OPEN:
        is_right = _may_stay_open(order, details) if stays else _waits_again(order, details)
    elif isinstance(order.terms, ScheduleTerms):
        # Only its slices trade.
        is_right = details.status is not OrderStatus.ROUTING
    else:
        is_trade = details.status is not OrderStatus.COMPLETED
        is_right = is_trade and not isinstance(details, CancelRequested)
    return is_right and (order.status, details.status) in TRANSITIONS


def _may_stay_open(order: Order, details: EventDetails) -> bool:
    match order.terms:
        case ScheduleTerms():
            return isinstance(details, OrderEdited | SliceDetails)
        case SniperTerms():
            return isinstance(details, OrderEdited | PoolJudged)
    return isinstance(details, OrderEdited)


def _waits_again(order: Order, details: EventDetails) -> bool:
    return is_resting_limit(order.terms) and isinstance(details, OrderOpened)


def _event_of(order: Order, details: EventDetails) -> OrderEvent:
    return OrderEvent(
        order_id=order.order_id,
        sequence=order.sequence,
        attempt=order.attempt,
        occurred_at=order.updated_at,
        pair=order.pair,
        details=details,
    )
