"""Every error that this project raises on purpose, by what it means for an order.

    CodedError                      a stable code, and a sentence for people
    ├── RejectedError               refused at the door: no order exists
    │   ├── InvalidRequestError
    │   ├── InvalidAmountError · AmountPrecisionError · AmountRangeError
    │   ├── UnknownTokenError · SameTokenError
    │   └── InvalidOrderIdError
    ├── NotFoundError
    │   └── OrderNotFoundError
    ├── OrderError                  why an attempt failed; becomes the code of a failed order
    │   ├── NoRouteError
    │   │   └── UnknownPairError
    │   └── ExecutionError
    │       ├── QuoteTimeoutError · BlockhashExpiredError           another attempt may help
    │       ├── SlippageExceededError · TransactionFailedError      another attempt may help
    │       └── PriceImpactTooHighError · NotFillableError · AbandonedError
    └── IllegalTransitionError      a fault of ours

The other rooms have trees of their own below these: domain/pools/rejections.py (QuoteError, an
OrderError), engine/errors.py, entrypoints/errors.py.
"""

from typing import ClassVar


class CodedError(Exception):
    """Base of every error this project raises on purpose.

    The docstring of a subclass is its default message; `code` is stable and public; `retryable`
    tells whether the same may succeed later.
    """

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        super().__init__(self.detail)


class OrderError(CodedError):
    """The order cannot be executed."""


class RejectedError(CodedError):
    """The request was refused; no order was created."""

    code = "REJECTED"


class InvalidRequestError(RejectedError):
    """The request does not match the documented format."""

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
    """The order id must be a UUID."""

    code = "INVALID_ORDER_ID"


class NotFoundError(CodedError):
    """No such resource."""

    code = "NOT_FOUND"


class OrderNotFoundError(NotFoundError):
    """No order has this id."""

    code = "ORDER_NOT_FOUND"


class NoRouteError(OrderError):
    """No pools can fill this amount."""

    code = "NO_ROUTE"


class UnknownPairError(NoRouteError):
    """No listed pools connect the two tokens."""

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


class PriceImpactTooHighError(ExecutionError):
    """The best route has a price impact above the order's `maxPriceImpactBps`."""

    code = "PRICE_IMPACT_TOO_HIGH"


class NotFillableError(ExecutionError):
    """The order cannot be filled within its limit."""

    code = "NOT_FILLABLE"

    def __init__(self, detail: str | None = None, *, quoted: int | None = None) -> None:
        """`quoted` is what the whole order would get, or pay, in base units."""
        super().__init__(detail)
        self.quoted = quoted


class AbandonedError(ExecutionError):
    """The order could not be executed and was abandoned; nothing was swapped."""

    code = "ABANDONED"


class IllegalTransitionError(CodedError):
    """The order cannot change to that status."""

    code = "ILLEGAL_TRANSITION"
