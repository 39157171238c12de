"""Errors outside the orders themselves: admission, connections, unreachable services.

CodedError
├── RejectedError
│   ├── StateError
│   │   ├── AlreadyFinalError
│   │   │   └── AlreadyConfirmedError
│   │   └── OrderNotOpenError · SequenceMismatchError
│   ├── UnauthorizedError · ForbiddenError
│   ├── RateLimitedError · IdempotencyKeyReusedError
│   ├── TooManyWaitingError · WouldTriggerImmediatelyError · InvalidExpiryError
│   ├── InvalidScheduleError · SliceTooSmallError
│   ├── PoolAlreadyListedError · GuardNotAnswerableError
│   └── TooManySubscriptionsError
├── UnavailableError            nothing is known, so nothing changes: no order pays for it
│   └── HaltedError
└── ConnectionGoneError · FrameRefusedError
"""

from datetime import timedelta

from chalicelib.domain.errors import CodedError, RejectedError
from chalicelib.domain.orders.order import Order


class IdempotencyKeyReusedError(RejectedError):
    """This Idempotency-Key was already used for a different order."""

    code = "IDEMPOTENCY_KEY_REUSED"


class StateError(RejectedError):
    """The order is not in a state that allows this; it comes with the error."""

    code = "ORDER_STATE"

    def __init__(self, detail: str | None = None, *, order: Order | None = None) -> None:
        super().__init__(detail)
        self.order = order


class AlreadyFinalError(StateError):
    """The order has failed or expired; there is nothing to cancel."""

    code = "ALREADY_FINAL"


class AlreadyConfirmedError(AlreadyFinalError):
    """The order is confirmed; its swap cannot be cancelled."""

    code = "ALREADY_CONFIRMED"


class OrderNotOpenError(StateError):
    """The order does not wait any more; only open orders can be edited."""

    code = "ORDER_NOT_OPEN"


class SequenceMismatchError(StateError):
    """The order has changed since: If-Match is not its sequence."""

    code = "SEQUENCE_MISMATCH"


class UnauthorizedError(RejectedError):
    """An API key is required, or a ticket that has not expired."""

    code = "UNAUTHORIZED"


class ForbiddenError(RejectedError):
    """This key's scope does not allow that."""

    code = "FORBIDDEN"


class RateLimitedError(RejectedError):
    """Too many orders in a short time."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(self, detail: str | None = None, *, retry_after: timedelta = timedelta(0)) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManyWaitingError(RejectedError):
    """Too many of your orders are waiting."""

    code = "TOO_MANY_WAITING_ORDERS"

    def __init__(self, detail: str | None = None, *, waiting_max: int | None = None) -> None:
        most = f"at most {waiting_max} of your orders can wait at a time" if waiting_max else None
        super().__init__(detail or most)


class WouldTriggerImmediatelyError(RejectedError):
    """The price is past the order's trigger already."""

    code = "WOULD_TRIGGER_IMMEDIATELY"


class InvalidExpiryError(RejectedError):
    """expiresAt must be a time in the next 90 days, with its offset from UTC."""

    code = "INVALID_EXPIRY"


class InvalidScheduleError(RejectedError):
    """A schedule has 1 to 1000 slices, at least 60 s apart, starts in the future and ends within 90
    days."""

    code = "INVALID_SCHEDULE"


class SliceTooSmallError(RejectedError):
    """The amount is too small for so many slices: each would swap nothing."""

    code = "SLICE_TOO_SMALL"


class PoolAlreadyListedError(RejectedError):
    """The token has a pool already: give existing to buy there, or trade it with another type."""

    code = "POOL_ALREADY_LISTED"


class GuardNotAnswerableError(RejectedError):
    """Nobody here can tell what a guard asks for."""

    code = "GUARD_NOT_ANSWERABLE"


class UnavailableError(CodedError):
    """A service that this one depends on did not answer."""

    code = "UNAVAILABLE"
    retryable = True


class HaltedError(UnavailableError):
    """An operator has halted this service: it takes and signs no orders; those it has can be read
    and cancelled."""

    code = "HALTED"


class ConnectionGoneError(CodedError):
    """The connection is closed, or not open yet."""

    code = "CONNECTION_GONE"


class TooManySubscriptionsError(RejectedError):
    """A connection can make at most 1000 subscriptions."""

    code = "TOO_MANY_SUBSCRIPTIONS"


class FrameRefusedError(CodedError):
    """The frame cannot be delivered; sending it again will not help."""

    code = "FRAME_REFUSED"
