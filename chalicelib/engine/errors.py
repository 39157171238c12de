"""Errors outside the orders themselves: admission, connections, unreachable services.

CodedError
├── RejectedError
│   ├── AlreadyFinalError
│   │   └── AlreadyConfirmedError
│   ├── UnauthorizedError · ForbiddenError
│   ├── RateLimitedError · IdempotencyKeyReusedError
│   └── TooManySubscriptionsError
├── UnavailableError            nothing is known, so nothing changes: no order pays for it
└── ConnectionGoneError · FrameRefusedError
"""

from datetime import timedelta

from chalicelib.domain.errors import CodedError, RejectedError
from chalicelib.domain.orders.order import Order


class IdempotencyKeyReusedError(RejectedError):
    """This Idempotency-Key was already used for a different order."""

    code = "IDEMPOTENCY_KEY_REUSED"


class AlreadyFinalError(RejectedError):
    """The order has failed; there is nothing to cancel."""

    code = "ALREADY_FINAL"

    def __init__(self, detail: str | None = None, *, order: Order | None = None) -> None:
        super().__init__(detail)
        self.order = order


class AlreadyConfirmedError(AlreadyFinalError):
    """The order is confirmed; its swap cannot be cancelled."""

    code = "ALREADY_CONFIRMED"


class UnauthorizedError(RejectedError):
    """An API key is required, or a ticket that has not expired."""

    code = "UNAUTHORIZED"


class ForbiddenError(RejectedError):
    """This key is read-only."""

    code = "FORBIDDEN"


class RateLimitedError(RejectedError):
    """Too many orders in a short time."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(self, detail: str | None = None, *, retry_after: timedelta = timedelta(0)) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UnavailableError(CodedError):
    """A service that this one depends on did not answer."""

    code = "UNAVAILABLE"
    retryable = True


class ConnectionGoneError(CodedError):
    """The connection is closed, or not open yet."""

    code = "CONNECTION_GONE"


class TooManySubscriptionsError(RejectedError):
    """A connection can make at most 1000 subscriptions."""

    code = "TOO_MANY_SUBSCRIPTIONS"


class FrameRefusedError(CodedError):
    """The frame cannot be delivered; sending it again will not help."""

    code = "FRAME_REFUSED"
