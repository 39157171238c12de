"""Meteora's DAMM v2 pools: a curve, a fee that follows a schedule and volatility, the state after.

Invariant: a range keeps its liquidity; in a compounding pool k never falls.
"""

from dataclasses import dataclass, field, replace
from math import isqrt
from typing import ClassVar, NamedTuple

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.damm_v2.curves import ProductCurve, RangeCurve
from chalicelib.domain.pools.damm_v2.fees import (
    FEE_DENOMINATOR,
    BaseFee,
    ConstantFee,
    DynamicFee,
    FeeShares,
    Swap,
    divide_fee,
    fee_of_included,
    included_fee_amount,
)
from chalicelib.domain.pools.damm_v2.modes import ActivationType, CollectFeeMode, PoolStatus
from chalicelib.domain.pools.pool import Fee, Moment, PoolKind, Price, is_a_to_b
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    SwapDisabledError,
    ZeroAmountError,
)
from chalicelib.domain.tokens import Mint

# Every quote compares with these: looked up on their classes they make it 20 % slower.
_ENABLE, _BY_SLOT = PoolStatus.ENABLE, ActivationType.SLOT
_BOTH_TOKEN, _COMPOUNDING = CollectFeeMode.BOTH_TOKEN, CollectFeeMode.COMPOUNDING

# By fee version, in billionths.
_FEE_NUMERATOR_MAX = (500_000_000, 990_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class DammV2Pool:
    """A DAMM v2 pool; A is `mint_a`, B is `mint_b`."""

    kind: ClassVar[PoolKind] = PoolKind.DAMM_V2

    address: str
    venue: str
    mint_a: Mint
    mint_b: Mint
    status: PoolStatus
    #: Whether points are slots or seconds, and the point from which the pool swaps.
    activation_type: ActivationType
    activation_point: int
    collect_fee_mode: CollectFeeMode
    #: Chooses the most that a fee may be: 0 for 50 %, 1 for 99 %.
    fee_version: int
    #: Square roots of base units of B for one of A, in Q64.64: the price, and the range's edges.
    sqrt_price: int
    sqrt_min_price: int
    sqrt_max_price: int
    #: L · 2⁶⁴ over the range; not used by compounding pools.
    liquidity: int
    #: Reserves in base units of compounding pools; those of others follow from the price.
    token_a_amount: int
    token_b_amount: int
    #: The protocol's part of a fee, and the referrer's part of that one.
    protocol_fee_percent: int
    referral_fee_percent: int
    #: Of what the protocol leaves of a fee, the part that stays in the reserves.
    compounding_fee_bps: int
    base_fee: BaseFee
    #: None when the fee is the base fee alone.
    dynamic_fee: DynamicFee | None
    #: Whether swaps name a referrer: a matter of the swap, not of the pool's account.
    has_referral: bool = False
    _curve: RangeCurve | ProductCurve = field(init=False, repr=False, compare=False)
    #: The fee in billionths when it is the same for every swap.
    _fixed_numerator: int | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        base_fee, curve = self.base_fee, self._build_curve()
        fixed = isinstance(base_fee, ConstantFee)
        numerator = self._capped(base_fee.cliff_fee_numerator) if fixed else None
        object.__setattr__(self, "_curve", curve)
        object.__setattr__(self, "_fixed_numerator", numerator)

    def quote_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> "DammV2Quote":
        """Return what exactly `amount_in` base units buy; an output of nothing is not refused.

        As damm-v2 pool.rs get_swap_result_from_exact_input. Raises ZeroAmountError,
        SwapDisabledError, EmptyPoolError, PriceRangeError or AmountOverflowError.
        """
        is_a_to_b = self._open(input_mint, amount_in, at)
        numerator = self._fixed_numerator
        if numerator is None:
            numerator = self._numerator_of_included(amount_in, is_a_to_b, at)
        # The rounding is written out: a call of fee_of_included makes a quote 5 % slower.
        if is_a_to_b or self.collect_fee_mode == _BOTH_TOKEN:
            gross_out, sqrt_price = self._curve.sell(amount_in, is_a_to_b)
            fee = -(-gross_out * numerator // FEE_DENOMINATOR)
            amount_out = gross_out - fee
        else:
            fee = -(-amount_in * numerator // FEE_DENOMINATOR)
            amount_out, sqrt_price = self._curve.sell(amount_in - fee, is_a_to_b)
        return self._checked(
            DammV2Quote(amount_in, amount_out, self, is_a_to_b, at, fee, sqrt_price, 0)
        )

    def out_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> int:
        """Return the output of `quote_exact_in` alone; raises as it does."""
        return self.quote_exact_in(input_mint, amount_in, at).amount_out

    def quote_partial_fill(self, input_mint: Mint, amount_in: int, at: Moment) -> "DammV2Quote":
        """Return what at most `amount_in` base units buy before the price leaves the range.

        As damm-v2 pool.rs get_swap_result_from_partial_input. Raises as `quote_exact_in`;
        ZeroAmountError also when nothing at all would be used.
        """
        is_a_to_b = self._open(input_mint, amount_in, at)
        numerator = self._numerator_of_included(amount_in, is_a_to_b, at)
        is_fee_on_input = self.takes_fee_from_input(is_a_to_b)
        fee = fee_of_included(amount_in, numerator) if is_fee_on_input else 0
        net_in = amount_in - fee
        used, gross_out, sqrt_price = self._curve.sell_within_range(net_in, is_a_to_b)
        if used < net_in:
            if is_fee_on_input:
                # What the range could not take pays no fee.
                numerator = self._numerator_of_excluded(used, is_a_to_b, at)
                fee = included_fee_amount(used, numerator) - used
            amount_in = used + fee
        if amount_in == 0:
            raise ZeroAmountError
        amount_out = gross_out
        if not is_fee_on_input:
            fee = fee_of_included(gross_out, numerator)
            amount_out -= fee
        left = net_in - used
        return self._checked(
            DammV2Quote(amount_in, amount_out, self, is_a_to_b, at, fee, sqrt_price, left)
        )

    def quote_exact_out(self, input_mint: Mint, amount_out: int, at: Moment) -> "DammV2Quote":
        """Return what exactly `amount_out` base units cost.

        As damm-v2 pool.rs get_swap_result_from_exact_output. Raises as `quote_exact_in`, and
        InsufficientLiquidityError.
        """
        is_a_to_b = self._open(input_mint, amount_out, at)
        if self.takes_fee_from_input(is_a_to_b):
            net_in, sqrt_price = self._curve.buy(amount_out, is_a_to_b)
            numerator = self._numerator_of_excluded(net_in, is_a_to_b, at)
            amount_in = included_fee_amount(net_in, numerator)
            fee = amount_in - net_in
        else:
            numerator = self._numerator_of_excluded(amount_out, is_a_to_b, at)
            gross_out = included_fee_amount(amount_out, numerator)
            if gross_out > U64_MAX:
                raise AmountOverflowError
            amount_in, sqrt_price = self._curve.buy(gross_out, is_a_to_b)
            fee = gross_out - amount_out
        if amount_in > U64_MAX:
            raise AmountOverflowError
        return self._checked(
            DammV2Quote(amount_in, amount_out, self, is_a_to_b, at, fee, sqrt_price, 0)
        )

    def marginal_price(self, input_mint: Mint) -> Price:
        """Return the price of the next infinitesimal swap. Raises EmptyPoolError."""
        numerator, denominator = self._curve.marginal_price()
        if is_a_to_b(self, input_mint):
            return Price(numerator, denominator)
        return Price(denominator, numerator)

    def step_left(self, input_mint: Mint, at: Moment) -> int:
        """Return 0: the curve has no steps."""
        return 0

    def takes_fee_from_input(self, is_a_to_b: bool) -> bool:
        """Tell whether a swap in this direction pays its fee from what goes in."""
        return not is_a_to_b and self.collect_fee_mode != _BOTH_TOKEN

    def divide_fee(self, fee: int) -> FeeShares:
        """Divide a fee as this pool's settings say."""
        return divide_fee(
            fee,
            protocol_percent=self.protocol_fee_percent,
            referral_percent=self.referral_fee_percent if self.has_referral else 0,
            compounding_bps=self.compounding_fee_bps,
        )

    def _build_curve(self) -> RangeCurve | ProductCurve:
        if self.collect_fee_mode == _COMPOUNDING:
            return ProductCurve(self.token_a_amount, self.token_b_amount)
        return RangeCurve.of(
            liquidity=self.liquidity,
            sqrt_price=self.sqrt_price,
            sqrt_min_price=self.sqrt_min_price,
            sqrt_max_price=self.sqrt_max_price,
        )

    def _open(self, input_mint: Mint, amount: int, at: Moment) -> bool:
        if amount <= 0:
            raise ZeroAmountError
        if self.status != _ENABLE or self._point(at) < self.activation_point:
            raise SwapDisabledError
        if amount > U64_MAX:
            raise AmountOverflowError
        return is_a_to_b(self, input_mint)

    def _point(self, at: Moment) -> int:
        return at.slot if self.activation_type == _BY_SLOT else at.unix_seconds

    def _capped(self, base_numerator: int) -> int:
        surcharge = self.dynamic_fee.numerator if self.dynamic_fee else 0
        return min(base_numerator + surcharge, _FEE_NUMERATOR_MAX[self.fee_version])

    def _numerator_of_included(self, amount: int, is_a_to_b: bool, at: Moment) -> int:
        swap = Swap(is_a_to_b, self._point(at) - self.activation_point, self.sqrt_price)
        return self._capped(self.base_fee.numerator_of_included(amount, swap))

    def _numerator_of_excluded(self, amount: int, is_a_to_b: bool, at: Moment) -> int:
        swap = Swap(is_a_to_b, self._point(at) - self.activation_point, self.sqrt_price)
        return self._capped(self.base_fee.numerator_of_excluded(amount, swap))

    def _checked(self, quote: "DammV2Quote") -> "DammV2Quote":
        if self.collect_fee_mode == _COMPOUNDING and max(quote.reserves_after) > U64_MAX:
            raise AmountOverflowError
        return quote


class DammV2Quote(NamedTuple):
    """What a DAMM v2 swap would fill, in base units."""

    #: All that is paid and all that is received, fees included and taken off.
    amount_in: int
    amount_out: int
    pool: DammV2Pool
    is_a_to_b: bool
    at: Moment
    fee_amount: int
    #: The sqrt price after, of a range; 0 for a compounding pool, whose reserves tell it.
    range_sqrt_price: int
    #: What a partial fill could not use, its fee already taken off.
    amount_left: int

    @property
    def is_fee_on_input(self) -> bool:
        return self.pool.takes_fee_from_input(self.is_a_to_b)

    @property
    def fee_shares(self) -> FeeShares:
        return self.pool.divide_fee(self.fee_amount)

    @property
    def input_mint(self) -> Mint:
        return self.pool.mint_a if self.is_a_to_b else self.pool.mint_b

    @property
    def fees(self) -> tuple[Fee, ...]:
        mint = self.pool.mint_a if self.is_a_to_b == self.is_fee_on_input else self.pool.mint_b
        return tuple(Fee(kind, mint, part) for kind, part in self.fee_shares.by_kind() if part)

    @property
    def price_before(self) -> Price:
        return self.pool.marginal_price(self.input_mint)

    @property
    def price_after(self) -> Price:
        return self.pool_after.marginal_price(self.input_mint)

    @property
    def reserves_after(self) -> tuple[int, int]:
        """The reserves of a compounding pool, its share of the fee added to B."""
        fee_in, fee_out = (self.fee_amount, 0) if self.is_fee_on_input else (0, self.fee_amount)
        paid, taken = self.amount_in - fee_in, self.amount_out + fee_out
        added_a, added_b = (paid, -taken) if self.is_a_to_b else (-taken, paid)
        kept = self.fee_shares.compounding
        return self.pool.token_a_amount + added_a, self.pool.token_b_amount + added_b + kept

    @property
    def next_sqrt_price(self) -> int:
        if self.pool.collect_fee_mode != _COMPOUNDING:
            return self.range_sqrt_price
        token_a_amount, token_b_amount = self.reserves_after
        return isqrt((token_b_amount << 128) // token_a_amount)

    @property
    def pool_after(self) -> DammV2Pool:
        pool, sqrt_price, dynamic_fee = self.pool, self.next_sqrt_price, self.pool.dynamic_fee
        if dynamic_fee:
            dynamic_fee = dynamic_fee.after(pool.sqrt_price, sqrt_price, self.at.unix_seconds)
        after = replace(pool, sqrt_price=sqrt_price, dynamic_fee=dynamic_fee)
        if pool.collect_fee_mode != _COMPOUNDING:
            return after
        token_a_amount, token_b_amount = self.reserves_after
        return replace(after, token_a_amount=token_a_amount, token_b_amount=token_b_amount)
