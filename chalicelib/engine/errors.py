"""What goes wrong beside the orders themselves: admission, connections, services out of reach.

CodedError
├── RejectedError
│   ├── UnauthorizedError · ForbiddenError
│   ├── RateLimitedError · IdempotencyKeyReusedError
│   └── TooManySubscriptionsError
├── UnavailableError            nothing is known, so nothing changes: no order pays for it
└── ConnectionGoneError · FrameRefusedError
"""

from datetime import timedelta

from chalicelib.domain.errors import CodedError, RejectedError


class IdempotencyKeyReusedError(RejectedError):
    """The Idempotency-Key was used before, for another order."""

    code = "IDEMPOTENCY_KEY_REUSED"


class UnauthorizedError(RejectedError):
    """This needs an API key, or a ticket that is still good."""

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
    """A service this one depends on does not answer."""

    code = "UNAVAILABLE"
    retryable = True


class ConnectionGoneError(CodedError):
    """The connection is not open (any more, or yet)."""

    code = "CONNECTION_GONE"


class TooManySubscriptionsError(RejectedError):
    """A connection can subscribe 1000 times in its life."""

    code = "TOO_MANY_SUBSCRIPTIONS"


class FrameRefusedError(CodedError):
    """The frame cannot be sent to anybody, now or later."""

    code = "FRAME_REFUSED"
