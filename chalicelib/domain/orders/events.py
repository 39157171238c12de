"""What is kept of an order's life: an event for each status it reached, of a kind for each status.

Amounts are base units; prices are left to the wire. `event_codec` writes and reads their JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from chalicelib.domain.orders.decisions import Decision
from chalicelib.domain.orders.hunts import Verdict
from chalicelib.domain.orders.order import OrderId, OrderStatus, Signature
from chalicelib.domain.orders.terms import WaitsFor
from chalicelib.domain.orders.triggers import Trigger
from chalicelib.domain.tokens import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted:
    """pending: the order is durable."""

    status: ClassVar[OrderStatus] = OrderStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt or an order failed: a stable code, and a sentence for people."""

    code: str
    message: str
    #: What could have been filled, in base units of the input or the output mint: the one that the
    #: order gives, and only where it was too large.
    amount_in_max: int | None = None
    amount_out_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOpened:
    """open: the order is durable and waits; or waits again, for it could not be filled within its
    limit, and what it had signed can no longer land."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    #: Why it waits again.
    unfilled: Failure | None = None
    waits_for: WaitsFor = WaitsFor.PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEdited:
    """open, as before: the owner has changed what the order waits for, or until when."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    #: The fields that changed, in the words that orders are placed with, and what they are now.
    changed: Mapping[str, Any]
    waits_for: WaitsFor = WaitsFor.PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted:
    """routing: an attempt begins, the first or the one after a failure."""

    status: ClassVar[OrderStatus] = OrderStatus.ROUTING

    #: What the order waited for.
    trigger: Trigger | None = None
    #: What was found of the pool, where it was one.
    verdict: Verdict | None = None
    retry_of: Failure | None = None
    #: The addresses of the pools that refused an attempt before, each as often as it did: this one
    #: asks less of them.
    refused_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionBuilt:
    """building: the route is chosen, and its transaction signed and durable before it is sent."""

    status: ClassVar[OrderStatus] = OrderStatus.BUILDING

    decision: Decision
    #: Least output, in base units of the output mint, of an order with a given input; else None.
    min_amount_out: int | None
    #: Most input, in base units of the input mint, of an order with a given output; else None.
    max_amount_in: int | None
    signature: Signature
    #: The transaction can land while the chain's block height is at most this.
    last_valid_block_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionSubmitted:
    """submitted: the transaction was sent at least once."""

    status: ClassVar[OrderStatus] = OrderStatus.SUBMITTED

    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested:
    """building or submitted, as before: the owner wants the order cancelled, but its transaction
    may land. When it does the order is confirmed, and when it no longer can, cancelled."""

    status: OrderStatus
    signature: Signature


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed:
    """confirmed: the transaction landed and moved these amounts."""

    status: ClassVar[OrderStatus] = OrderStatus.CONFIRMED

    #: Base units of the input mint that were paid.
    amount_in: int
    #: Base units of the output mint that were received.
    amount_out: int
    signature: Signature
    #: Where it landed.
    slot: int
    #: What is left of an IOC order, in base units of the mint whose amount it gives.
    amount_in_unfilled: int | None = None
    amount_out_unfilled: int | None = None
    #: The order that sells again what was received.
    exit_order_id: OrderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed:
    """failed: no attempt is left, or none would help; nothing was swapped."""

    status: ClassVar[OrderStatus] = OrderStatus.FAILED

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """cancelled: as the owner wanted; nothing was swapped."""

    status: ClassVar[OrderStatus] = OrderStatus.CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired:
    """expired: its time was up before it could be filled; nothing was swapped."""

    status: ClassVar[OrderStatus] = OrderStatus.EXPIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceBegun:
    """open, as before: a slice has become an order."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    number: int
    order_id: OrderId
    #: Base units of the input mint.
    amount_in: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceConfirmed:
    """open, as before: the slice under way has swapped these base units."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    number: int
    order_id: OrderId
    amount_in: int
    amount_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceSkipped:
    """open, as before: nothing was swapped for this slice, and why; without an order when it never
    became one."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    number: int
    order_id: OrderId | None
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicesMissed:
    """open, as before: the times of so many slices passed, from this number on, while nothing could
    be done; the schedule gets longer by them, or their amounts are spread over the others."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCompleted:
    """completed: no slice is left; what they have swapped together, in base units."""

    status: ClassVar[OrderStatus] = OrderStatus.COMPLETED

    done: int
    skipped: int
    amount_in: int
    amount_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolJudged:
    """open, as before: what was found of a new pool that did not pass."""

    status: ClassVar[OrderStatus] = OrderStatus.OPEN

    verdict: Verdict


#: What happens to an order over time while it stays open.
SliceDetails = SliceBegun | SliceConfirmed | SliceSkipped | SlicesMissed

EventDetails = (
    OrderAccepted
    | OrderOpened
    | OrderEdited
    | AttemptStarted
    | TransactionBuilt
    | TransactionSubmitted
    | CancelRequested
    | OrderConfirmed
    | OrderFailed
    | OrderCancelled
    | OrderExpired
    | SliceDetails
    | PoolJudged
    | OrderCompleted
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One line of an order's history: what happened when, as the order's `sequence`-th event."""

    order_id: OrderId
    #: 1, 2, 3 … without a hole.
    sequence: int
    #: The attempt under way, from 1; 0 before the first.
    attempt: int
    occurred_at: datetime
    #: The order's, so that whoever shows the event knows its decimals.
    pair: Pair
    details: EventDetails

    @property
    def status(self) -> OrderStatus:
        """The status that the order reached."""
        return self.details.status


#: Consecutive events of one order that were stored together, and are announced together.
Pack = tuple[OrderEvent, ...]
