"""Why a pool refuses a quote: every rejection that a curve may raise.

OrderError
└── QuoteError
    ├── ZeroAmountError · ZeroOutputError
    ├── EmptyPoolError · PriceRangeError
    ├── InsufficientLiquidityError
    │   └── TooLargeError
    ├── AmountOverflowError · DivisionByZeroError · OpenOrdersError
    └── SwapDisabledError · NotSellableError · MintNotInPoolError
"""

from chalicelib.domain.errors import OrderError
from chalicelib.domain.orders.trades import SwapMode, Trade


class QuoteError(OrderError):
    """A pool cannot fill this amount."""

    code = "QUOTE"
    #: The address of the pool that refuses, where a swap goes over several.
    refused_by: str | None = None


class ZeroAmountError(QuoteError):
    """The amount to swap is zero."""

    code = "ZERO_AMOUNT"


class ZeroOutputError(QuoteError):
    """The amount is too small to buy anything."""

    code = "ZERO_OUTPUT"


class EmptyPoolError(QuoteError):
    """The pool holds no liquidity."""

    code = "EMPTY_POOL"


class AmountOverflowError(QuoteError):
    """A resulting amount does not fit an unsigned 64-bit integer."""

    code = "OVERFLOW"


class InsufficientLiquidityError(QuoteError):
    """There is not enough liquidity for this amount."""

    code = "INSUFFICIENT_LIQUIDITY"


class TooLargeError(InsufficientLiquidityError):
    """There is not enough liquidity for this amount."""

    def __init__(self, detail: str, largest: Trade) -> None:
        """`largest` is about the largest trade of its kind that can be filled."""
        super().__init__(detail)
        self.pair = largest.pair
        is_exact_in = largest.mode is SwapMode.EXACT_IN
        self.amount_in_max = largest.amount if is_exact_in else None
        self.amount_out_max = None if is_exact_in else largest.amount


class PriceRangeError(QuoteError):
    """The amount would move the price outside the pool's range."""

    code = "PRICE_RANGE"


class SwapDisabledError(QuoteError):
    """Trading in this pool is currently disabled."""

    code = "SWAP_DISABLED"


class NotSellableError(QuoteError):
    """The token cannot be sold: its mint lets nobody transfer it to this pool."""

    code = "NOT_SELLABLE"


class DivisionByZeroError(QuoteError):
    """The venue's program would divide by zero and reject the swap."""

    code = "DIV_ZERO"


class OpenOrdersError(QuoteError):
    """The venue's program rejects an exact output that ends among limit orders not yet touched."""

    code = "OPEN_ORDERS"


class MintNotInPoolError(QuoteError):
    """The pool does not trade this mint."""

    code = "MINT_NOT_IN_POOL"
