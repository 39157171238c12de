"""Fees of Meteora's DAMM v2: what part of an amount is the fee, and who gets it.

Fee numerators count billionths. Fees round up, the parts handed out of them round down.
"""

from math import isqrt
from typing import NamedTuple

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.pools.damm_v2.schedules import ExponentialFee, LinearFee, MarketCapFee, Swap
from chalicelib.domain.pools.pool import FeeKind
from chalicelib.domain.pools.q64 import Q64
from chalicelib.domain.pools.rejections import AmountOverflowError

__all__ = [
    "FEE_DENOMINATOR",
    "BaseFee",
    "ConstantFee",
    "DynamicFee",
    "ExponentialFee",
    "FeeShares",
    "LinearFee",
    "MarketCapFee",
    "RateLimiter",
    "Swap",
    "divide_fee",
    "fee_of_included",
    "included_fee_amount",
]

FEE_DENOMINATOR = 10**9

_NUMERATORS_PER_BPS = FEE_DENOMINATOR // BPS
_VARIABLE_FEE_SCALE = 10**11


class ConstantFee(NamedTuple):
    """The same fee for every swap."""

    cliff_fee_numerator: int

    def numerator_of_included(self, amount: int, swap: Swap) -> int:
        return self.cliff_fee_numerator

    def numerator_of_excluded(self, amount: int, swap: Swap) -> int:
        return self.cliff_fee_numerator


class RateLimiter(NamedTuple):
    """A fee that grows with the amount paid for A, for a while after activation.

    It punishes one large swap on purpose. Formulas are those of damm-v2 fee_rate_limiter.rs.
    """

    #: The rate of the first `reference_amount`, in billionths.
    cliff_fee_numerator: int
    #: How much higher the rate of each further `reference_amount` is, up to `max_fee_bps`.
    fee_increment_bps: int
    #: Points after activation.
    max_limiter_duration: int
    max_fee_bps: int
    #: Base units of B.
    reference_amount: int

    def numerator_of_included(self, amount: int, swap: Swap) -> int:
        if not self._applies(swap) or amount <= self.reference_amount:
            return self.cliff_fee_numerator
        return self._tiered_numerator(amount)

    def numerator_of_excluded(self, amount: int, swap: Swap) -> int:
        if not self._applies(swap) or amount <= self._net_of(self.reference_amount):
            return self.cliff_fee_numerator
        tiers_max = min((self._index_max + 1) * self.reference_amount, U64_MAX)
        net_of_tiers_max = self._net_of(tiers_max)
        if amount == net_of_tiers_max:
            return self._numerator(tiers_max)
        if amount < net_of_tiers_max:
            included = self._included_within_tiers(amount)
        elif tiers_max == U64_MAX:
            raise AmountOverflowError
        else:
            beyond = included_fee_amount(amount - net_of_tiers_max, self._numerator_max)
            included = tiers_max + beyond
        if included > U64_MAX:
            raise AmountOverflowError
        return ceil_div((included - amount) * FEE_DENOMINATOR, included)

    @property
    def _increment(self) -> int:
        return self.fee_increment_bps * _NUMERATORS_PER_BPS

    @property
    def _numerator_max(self) -> int:
        return self.max_fee_bps * _NUMERATORS_PER_BPS

    @property
    def _index_max(self) -> int:
        return (self._numerator_max - self.cliff_fee_numerator) // self._increment

    def _applies(self, swap: Swap) -> bool:
        is_set = bool(self.reference_amount and self.fee_increment_bps)
        return is_set and not swap.is_a_to_b and 0 <= swap.elapsed <= self.max_limiter_duration

    def _numerator(self, amount: int) -> int:
        if amount <= self.reference_amount:
            return self.cliff_fee_numerator
        return self._tiered_numerator(amount)

    def _tiered_numerator(self, amount: int) -> int:
        # get_fee_numerator_from_included_fee_amount: with k full tiers above the first,
        # F = x₀·(c + c·k + i·k(k+1)/2) + rest·(rate of the tier begun).
        cliff, step, reference = self.cliff_fee_numerator, self._increment, self.reference_amount
        tiers, rest = divmod(amount - reference, reference)
        last_rate = cliff + step * (tiers + 1)
        if tiers >= self._index_max:
            rest += (tiers - self._index_max) * reference
            tiers, last_rate = self._index_max, self._numerator_max
        full = cliff + cliff * tiers + step * tiers * (tiers + 1) // 2
        fee = ceil_div(reference * full + rest * last_rate, FEE_DENOMINATOR)
        return ceil_div(fee * FEE_DENOMINATOR, amount)

    def _net_of(self, included: int) -> int:
        return included - fee_of_included(included, self._numerator(included))

    def _included_within_tiers(self, amount: int) -> int:
        # get_fee_numerator_from_excluded_fee_amount: the full tiers solve
        # i·v² - (2d·x₀ + i·x₀ - 2c·x₀)·v + 2d·x₀·amount = 0 for v; what they leave pays the rate of
        # the tier begun.
        step, reference = self._increment, self.reference_amount
        linear = reference * (2 * FEE_DENOMINATOR + step - 2 * self.cliff_fee_numerator)
        constant = 2 * FEE_DENOMINATOR * reference * amount
        included = (linear - isqrt(linear * linear - 4 * step * constant)) // (2 * step)
        rate = self.cliff_fee_numerator + step * (included // reference)
        return included + included_fee_amount(amount - self._net_of(included), rate)


# Each tells its rate, in billionths, of an amount that includes the fee and of one that does not.
BaseFee = ConstantFee | LinearFee | ExponentialFee | MarketCapFee | RateLimiter


class DynamicFee(NamedTuple):
    """The surcharge for volatility, 10,000 for each bin passed; a swap pays for those before it."""

    #: The width of a bin of prices in bps, and the same in Q64.64.
    bin_step: int
    bin_step_u128: int
    #: How steeply volatility raises the fee.
    variable_fee_control: int
    #: Seconds since the last update: sooner, a swap continues the one before; from `decay_period`
    #: on, all is forgotten; in between, `reduction_factor` bps of the volatility remain.
    filter_period: int
    decay_period: int
    reduction_factor: int
    max_volatility_accumulator: int
    #: The volatility that the last swap ended with.
    volatility_accumulator: int
    #: The volatility at the sqrt price (Q64.64) that distance is counted from, and that price.
    volatility_reference: int
    sqrt_price_reference: int
    #: Unix seconds.
    last_update_timestamp: int

    @property
    def numerator(self) -> int:
        """The surcharge in billionths, without decay: damm-v2 fee.rs get_variable_fee."""
        # ⌈control·(accumulator·bin_step)²/10¹¹⌉
        spread = self.volatility_accumulator * self.bin_step
        return ceil_div(self.variable_fee_control * spread * spread, _VARIABLE_FEE_SCALE)

    def after(self, price_before: int, price_after: int, unix_seconds: int) -> "DynamicFee":
        """Return the memory once a swap has moved the sqrt price.

        As damm-v2 fee.rs update_references and update_volatility_accumulator leave it.
        """
        sqrt_price_reference, volatility_reference = self._references(price_before, unix_seconds)
        moved = self._bins_between(price_after, sqrt_price_reference)
        has_moved = self._bins_between(price_before, price_after) > 0
        return self._replace(
            sqrt_price_reference=sqrt_price_reference,
            volatility_reference=volatility_reference,
            volatility_accumulator=min(
                volatility_reference + moved * BPS, self.max_volatility_accumulator
            ),
            last_update_timestamp=unix_seconds if has_moved else self.last_update_timestamp,
        )

    def _references(self, sqrt_price: int, unix_seconds: int) -> tuple[int, int]:
        elapsed = unix_seconds - self.last_update_timestamp
        if elapsed < self.filter_period:
            return self.sqrt_price_reference, self.volatility_reference
        if elapsed < self.decay_period:
            return sqrt_price, self.volatility_accumulator * self.reduction_factor // BPS
        return sqrt_price, 0

    def _bins_between(self, one: int, other: int) -> int:
        # damm-v2 fee.rs get_delta_bin_id: bins of the sqrt price, counted linearly; the price
        # passes twice as many.
        upper, lower = max(one, other), min(one, other)
        return 2 * (((upper << 64) // lower - Q64) // self.bin_step_u128)


class FeeShares(NamedTuple):
    """How a fee is divided, in base units; the parts add up to it."""

    #: The part that liquidity providers claim.
    claiming: int
    #: The part that stays in the reserves of a compounding pool.
    compounding: int
    protocol: int
    referral: int

    def by_kind(self) -> tuple[tuple[FeeKind, int], ...]:
        return (
            (FeeKind.LP, self.claiming),
            (FeeKind.COMPOUNDING, self.compounding),
            (FeeKind.PROTOCOL, self.protocol),
            (FeeKind.REFERRAL, self.referral),
        )


def divide_fee(
    fee: int, *, protocol_percent: int, referral_percent: int, compounding_bps: int
) -> FeeShares:
    """Divide a fee among those who get it, as damm-v2 fee.rs split_fees.

    `protocol_percent` is of the fee, `referral_percent` of the protocol's part (0 for a swap
    without referral), `compounding_bps` of what is left for liquidity providers.
    """
    protocol = fee * protocol_percent // 100
    compounding = (fee - protocol) * compounding_bps // BPS
    referral = protocol * referral_percent // 100
    return FeeShares(
        claiming=fee - protocol - compounding,
        compounding=compounding,
        protocol=protocol - referral,
        referral=referral,
    )


def fee_of_included(amount: int, numerator: int) -> int:
    """Return the fee inside an amount that includes it, `numerator` in billionths."""
    return ceil_div(amount * numerator, FEE_DENOMINATOR)


def included_fee_amount(amount: int, numerator: int) -> int:
    """Return the least amount that is at least `amount` once its fee is taken.

    As damm-v2 fee.rs get_included_fee_amount has it, `numerator` in billionths.
    """
    return ceil_div(amount * FEE_DENOMINATOR, FEE_DENOMINATOR - numerator)
