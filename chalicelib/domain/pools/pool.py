"""What every curve offers: exact quotes in both directions, its marginal price, its state after.

All amounts are base units. A quote never changes a pool: pools are values, and a quote carries the
pool as the swap would leave it.
"""

from enum import StrEnum
from typing import NamedTuple, Protocol, Self, TypeVar

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    MintNotInPoolError,
    ZeroAmountError,
)
from chalicelib.domain.tokens import Mint


class PoolKind(StrEnum):
    """The venue's program that owns a pool, and with it the curve."""

    CPMM = "cpmm"
    CLMM = "clmm"
    DLMM = "dlmm"
    DAMM_V2 = "damm_v2"


class FeeKind(StrEnum):
    """Who gets a part of a swap's fee."""

    LP = "lp"
    PROTOCOL = "protocol"
    FUND = "fund"
    CREATOR = "creator"
    REFERRAL = "referral"
    COMPOUNDING = "compounding"
    #: What the mint itself takes of a transfer.
    TRANSFER = "transfer"


class Fee(NamedTuple):
    """A part of a fee, taken in base units of `mint`."""

    kind: FeeKind
    mint: Mint
    amount: int


class Price(NamedTuple):
    """Base units of output for one base unit of input, fees apart, as an exact ratio."""

    numerator: int
    denominator: int


class Moment(NamedTuple):
    """When a quote is asked for: fee schedules count slots or seconds."""

    slot: int
    unix_seconds: int


PoolT_co = TypeVar("PoolT_co", covariant=True)


class PoolQuote(Protocol[PoolT_co]):
    """What a pool would fill: `amount_in` is all the trader pays, `amount_out` all it receives.

    Curves return their own type of this shape. `fees`, the prices and `pool_after` may be computed
    on each access: read them once.
    """

    @property
    def amount_in(self) -> int: ...
    @property
    def amount_out(self) -> int: ...
    @property
    def fees(self) -> tuple[Fee, ...]: ...
    @property
    def price_before(self) -> Price: ...
    @property
    def price_after(self) -> Price: ...
    @property
    def pool_after(self) -> PoolT_co: ...


class Pool(Protocol):
    """A pool of two mints on some curve.

    Quotes raise a QuoteError from the `rejections` module when the venue's program would refuse.
    """

    @property
    def address(self) -> str: ...
    @property
    def venue(self) -> str: ...
    @property
    def kind(self) -> PoolKind: ...
    @property
    def mint_a(self) -> Mint: ...
    @property
    def mint_b(self) -> Mint: ...

    def quote_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> PoolQuote[Self]: ...
    def quote_exact_out(self, input_mint: Mint, amount_out: int, at: Moment) -> PoolQuote[Self]: ...
    def out_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> int:
        """Return the output of `quote_exact_in` alone, which takes less time.

        Raises as it does, and InsufficientLiquidityError where it would fill a part only.
        """

    def marginal_price(self, input_mint: Mint) -> Price: ...
    def step_left(self, input_mint: Mint, at: Moment) -> int:
        """Return the input that uses up what is left of the step of the curve that the price is in.

        A step is a bin, or the prices between two ticks: when the price goes on before a swap
        lands, the pool takes so much less. 0 for a curve without steps, and when nothing is left.
        """


def require_amount(amount: int) -> None:
    """Raise ZeroAmountError or AmountOverflowError for what no swap can pay or receive."""
    if amount <= 0:
        raise ZeroAmountError
    if amount > U64_MAX:
        raise AmountOverflowError


def is_a_to_b(pool: Pool, input_mint: Mint) -> bool:
    """Tell whether paying `input_mint` swaps A for B; raises MintNotInPoolError for a third."""
    if input_mint == pool.mint_a:
        return True
    if input_mint == pool.mint_b:
        return False
    raise MintNotInPoolError(f"pool {pool.address} does not trade {input_mint}")
