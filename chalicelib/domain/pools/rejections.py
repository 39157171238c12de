"""Why a pool refuses a quote: every rejection that a curve may raise.

OrderError
└── QuoteError
    ├── ZeroAmountError · ZeroOutputError
    ├── EmptyPoolError · InsufficientLiquidityError · PriceRangeError
    ├── AmountOverflowError · DivisionByZeroError
    └── SwapDisabledError · MintNotInPoolError
"""

from chalicelib.domain.errors import OrderError


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


class InsufficientLiquidityError(QuoteError):
    """There is too little liquidity for the amount."""

    code = "INSUFFICIENT_LIQUIDITY"


class PriceRangeError(QuoteError):
    """The amount would move the price out of the pool's range."""

    code = "PRICE_RANGE"


class SwapDisabledError(QuoteError):
    """The pool does not trade now."""

    code = "SWAP_DISABLED"


class DivisionByZeroError(QuoteError):
    """The venue's program would divide by zero and reject the swap."""

    code = "DIV_ZERO"


class MintNotInPoolError(QuoteError):
    """The pool does not trade that mint."""

    code = "MINT_NOT_IN_POOL"
