"""The error tree: every error has a stable code and knows whether another attempt may help."""

from datetime import timedelta
from typing import ClassVar


class OrderError(Exception):
    """Base of every error this project raises on purpose.

    The docstring of a subclass is its default message; `code` is stable and public.
    """

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        super().__init__(self.detail)


class RejectedError(OrderError):
    """The request was refused at the door; no order exists."""

    code = "REJECTED"


class InvalidRequestError(RejectedError):
    """The request is not of the documented form."""

    code = "INVALID_REQUEST"


class InvalidAmountError(RejectedError):
    """The amount must be a positive decimal number."""

    code = "INVALID_AMOUNT"


class AmountPrecisionError(RejectedError):
    """The amount has more decimals than the token."""

    code = "AMOUNT_PRECISION"


class AmountRangeError(RejectedError):
    """The amount does not fit an unsigned 64-bit integer of base units."""

    code = "AMOUNT_RANGE"


class UnknownTokenError(RejectedError):
    """The token is not listed."""

    code = "UNKNOWN_TOKEN"


class SameTokenError(RejectedError):
    """The input and output tokens are the same."""

    code = "SAME_TOKEN"


class InvalidOrderIdError(RejectedError):
    """An order id is a UUID."""

    code = "INVALID_ORDER_ID"


class InvalidCursorError(RejectedError):
    """The cursor is not one this service has given out."""

    code = "INVALID_CURSOR"


class InvalidIdempotencyKeyError(InvalidRequestError):
    """An Idempotency-Key has 1 to 255 visible ASCII characters, in quotes or without any."""

    code = "INVALID_IDEMPOTENCY_KEY"


class IdempotencyKeyReusedError(RejectedError):
    """The Idempotency-Key was used before, for another order."""

    code = "IDEMPOTENCY_KEY_REUSED"


class UnauthorizedError(RejectedError):
    """This needs an API key, or a ticket that is still good."""

    code = "UNAUTHORIZED"


class ForbiddenError(RejectedError):
    """The API key does not reach this far."""

    code = "FORBIDDEN"


class OriginRefusedError(RejectedError):
    """Pages of that origin may not connect."""

    code = "ORIGIN_REFUSED"


class RateLimitedError(RejectedError):
    """Too many orders in a short time."""

    code = "RATE_LIMITED"
    retryable = True

    def __init__(self, detail: str | None = None, *, retry_after: timedelta = timedelta(0)) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class NotFoundError(OrderError):
    """There is nothing of that name."""

    code = "NOT_FOUND"


class OrderNotFoundError(NotFoundError):
    """There is no order with that id."""

    code = "ORDER_NOT_FOUND"


class QuoteError(OrderError):
    """A pool cannot fill this amount."""

    code = "QUOTE"


class ZeroAmountError(QuoteError):
    """Nothing to swap."""

    code = "ZERO_AMOUNT"


class ZeroOutputError(QuoteError):
    """The amount is so small that it would buy nothing."""

    code = "ZERO_OUTPUT"


class EmptyPoolError(QuoteError):
    """The pool holds no liquidity."""

    code = "EMPTY_POOL"


class AmountOverflowError(QuoteError):
    """A resulting amount does not fit an unsigned 64-bit integer."""

    code = "OVERFLOW"


class NoRouteError(OrderError):
    """No pools can fill this."""

    code = "NO_ROUTE"


class UnknownPairError(NoRouteError):
    """No pools lead from the one token to the other."""

    code = "UNKNOWN_PAIR"


class ExecutionError(OrderError):
    """An attempt to execute an order failed."""

    code = "EXECUTION"


class QuoteTimeoutError(ExecutionError):
    """A venue did not answer in time."""

    code = "QUOTE_TIMEOUT"
    retryable = True


class BlockhashExpiredError(ExecutionError):
    """The transaction did not land before its last valid block height."""

    code = "BLOCKHASH_EXPIRED"
    retryable = True


class SlippageExceededError(ExecutionError):
    """slippage exceeded"""

    code = "SLIPPAGE_EXCEEDED"
    retryable = True


class TransactionFailedError(ExecutionError):
    """The transaction landed and failed on chain."""

    code = "TRANSACTION_FAILED"
    retryable = True


class AbandonedError(ExecutionError):
    """The order could not be executed and was given up; nothing was swapped."""

    code = "ABANDONED"


class IllegalTransitionError(OrderError):
    """The order cannot move to that status."""

    code = "ILLEGAL_TRANSITION"


class UnavailableError(OrderError):
    """A service this one depends on does not answer."""

    code = "UNAVAILABLE"
    retryable = True
