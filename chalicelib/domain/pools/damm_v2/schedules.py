"""How the base fee of Meteora's DAMM v2 falls, with time or with the price.

Fee numerators count billionths.
"""

from typing import NamedTuple

from chalicelib.domain.amounts import BPS
from chalicelib.domain.pools.q64 import Q64, pow_q64
from chalicelib.domain.pools.rejections import AmountOverflowError


class Swap(NamedTuple):
    """What a schedule may look at."""

    is_a_to_b: bool
    #: Points (slots or seconds) since activation; negative before it.
    elapsed: int
    #: Of the pool before the swap, in Q64.64.
    sqrt_price: int = 0


class LinearFee(NamedTuple):
    """A fee that falls by the same in each period after activation."""

    #: At activation, in billionths.
    cliff_fee_numerator: int
    #: How often it falls, and after how many points each time; never when that is 0.
    number_of_period: int
    period_frequency: int
    #: By how much it falls, in billionths.
    reduction_factor: int

    def numerator_of_included(self, amount: int, swap: Swap) -> int:
        periods = _periods_passed(self.period_frequency, self.number_of_period, swap.elapsed)
        return _fallen_linearly(self.cliff_fee_numerator, self.reduction_factor, periods)

    def numerator_of_excluded(self, amount: int, swap: Swap) -> int:
        return self.numerator_of_included(amount, swap)


class ExponentialFee(NamedTuple):
    """A fee that falls by the same part of itself in each period; fields are as in LinearFee."""

    cliff_fee_numerator: int
    number_of_period: int
    period_frequency: int
    #: By how much of itself it falls, in bps.
    reduction_factor: int

    def numerator_of_included(self, amount: int, swap: Swap) -> int:
        periods = _periods_passed(self.period_frequency, self.number_of_period, swap.elapsed)
        return _fallen_exponentially(self.cliff_fee_numerator, self.reduction_factor, periods)

    def numerator_of_excluded(self, amount: int, swap: Swap) -> int:
        return self.numerator_of_included(amount, swap)


class MarketCapFee(NamedTuple):
    """A fee that falls as the price rises: a period passes with each step of the sqrt price.

    Formulas are those of damm-v2 fee_market_cap_scheduler.rs.
    """

    #: At the first price, in billionths.
    cliff_fee_numerator: int
    #: How often it falls, and for how many bps of the first sqrt price each time.
    number_of_period: int
    sqrt_price_step_bps: int
    #: Points after activation; from then on it has fallen as often as it can.
    expiration_duration: int
    #: By how much it falls: in billionths, or in bps of itself if it is exponential.
    reduction_factor: int
    is_exponential: bool
    #: The first sqrt price, in Q64.64.
    init_sqrt_price: int

    def numerator_of_included(self, amount: int, swap: Swap) -> int:
        fallen = _fallen_exponentially if self.is_exponential else _fallen_linearly
        return fallen(self.cliff_fee_numerator, self.reduction_factor, self._periods_passed(swap))

    def numerator_of_excluded(self, amount: int, swap: Swap) -> int:
        return self.numerator_of_included(amount, swap)

    def _periods_passed(self, swap: Swap) -> int:
        if not 0 <= swap.elapsed <= self.expiration_duration:
            return self.number_of_period
        risen = max(0, swap.sqrt_price - self.init_sqrt_price)
        steps = risen * BPS // self.init_sqrt_price // self.sqrt_price_step_bps
        return min(steps, self.number_of_period)


def _periods_passed(frequency: int, number_of_period: int, elapsed: int) -> int:
    # Before activation only the pool's own vault may buy, at the last period's fee.
    if frequency == 0:
        return 0
    return number_of_period if elapsed < 0 else min(elapsed // frequency, number_of_period)


def _fallen_linearly(cliff: int, reduction: int, periods: int) -> int:
    numerator = cliff - periods * reduction
    if numerator < 0:
        raise AmountOverflowError
    return numerator


def _fallen_exponentially(cliff: int, reduction_bps: int, periods: int) -> int:
    # damm-v2 fee_math.rs get_fee_in_period: cliff·(1 - reduction)ⁿ in Q64.64, rounded down.
    if periods == 0:
        return cliff
    return cliff * pow_q64(Q64 - reduction_bps * Q64 // BPS, periods) >> 64
