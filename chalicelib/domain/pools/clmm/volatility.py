"""The dynamic fee of a Raydium CLMM pool: it grows with the tick spacings that trades cross.

The accumulator never exceeds `max_volatility_accumulator`.
"""

from dataclasses import dataclass, replace

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.pools.clmm.ticks import MAX_TICK, MIN_TICK, sqrt_price_at, tick_at

FEE_RATE_MAX = 100_000
_ACCUMULATOR_SCALE = 10_000
_REDUCTION_DENOMINATOR = 10_000
_RATE_DENOMINATOR = 100_000 * _ACCUMULATOR_SCALE**2


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicFee:
    """Settings and memory of the dynamic fee; volatility is 10,000 for each tick spacing passed."""

    #: Seconds since the last update: sooner, a swap continues the one before; from `decay_period`
    #: on, all is forgotten; in between, `reduction_factor` in 1e-4 of the volatility remains.
    filter_period: int
    decay_period: int
    reduction_factor: int
    #: How steeply the rate rises, in 1e-5.
    dynamic_fee_control: int
    max_volatility_accumulator: int
    #: Where distance is counted from: ⌊tick / tick spacing⌋ at the last update.
    tick_spacing_index_reference: int
    #: The volatility at that place, and the one that the last swap ended with.
    volatility_reference: int
    volatility_accumulator: int
    #: Unix seconds.
    last_update_timestamp: int

    def refer_to(self, tick_spacing_index: int, unix_seconds: int) -> "DynamicFee":
        """Return the state at the start of a swap; past the filter period it refers to this place.

        As raydium-clmm pool_fee.rs update_reference has it.
        """
        # Time does not run backwards.
        elapsed = max(0, unix_seconds - self.last_update_timestamp)
        if elapsed < self.filter_period:
            return self
        decayed = self.volatility_accumulator * self.reduction_factor // _REDUCTION_DENOMINATOR
        return replace(
            self,
            tick_spacing_index_reference=tick_spacing_index,
            volatility_reference=decayed if elapsed < self.decay_period else 0,
            last_update_timestamp=unix_seconds,
        )

    def accumulator_at(self, tick_spacing_index: int) -> int:
        """Return the volatility of a swap that reaches that tick spacing.

        As raydium-clmm pool_fee.rs update_volatility_accumulator has it.
        """
        distance = abs(self.tick_spacing_index_reference - tick_spacing_index)
        volatility = self.volatility_reference + distance * _ACCUMULATOR_SCALE
        return min(volatility, self.max_volatility_accumulator)

    def rate_of(self, accumulator: int, tick_spacing: int) -> int:
        """Return the fee rate in 1e-6 that comes on top of the trade fee rate.

        It is ⌈control·(accumulator·tick spacing)²/10¹³⌉, at most FEE_RATE_MAX.
        """
        crossed = accumulator * tick_spacing
        rate = ceil_div(self.dynamic_fee_control * crossed * crossed, _RATE_DENOMINATOR)
        return min(FEE_RATE_MAX, rate)


class VolatilityWalk:
    """A swap's way through the tick spacings: the fee rate and the farthest price of each step."""

    __slots__ = ("_accumulator", "_fee", "_index", "_is_down", "_is_skipping", "_tick_spacing")

    def __init__(
        self, fee: DynamicFee, tick: int, tick_spacing: int, is_down: bool, unix_seconds: int
    ) -> None:
        self._index = tick // tick_spacing
        self._fee = fee.refer_to(self._index, unix_seconds)
        self._tick_spacing = tick_spacing
        self._is_down = is_down
        self._is_skipping = False
        self._accumulator = fee.volatility_accumulator

    @property
    def fee_after(self) -> DynamicFee:
        return replace(self._fee, volatility_accumulator=self._accumulator)

    def enter(self, target: int, liquidity: int) -> tuple[int, int]:
        """Return the dynamic fee rate of the next step and the price that ends it."""
        fee, spacing = self._fee, self._tick_spacing
        accumulator = self._accumulator = fee.accumulator_at(self._index)
        self._is_skipping = liquidity == 0 or accumulator == fee.max_volatility_accumulator
        rate = fee.rate_of(accumulator, spacing)
        if self._is_skipping:
            return rate, target
        if self._is_down:
            return rate, max(target, sqrt_price_at(max(MIN_TICK, self._index * spacing)))
        return rate, min(target, sqrt_price_at(min(MAX_TICK, (self._index + 1) * spacing)))

    def leave(self, price: int, next_tick: int) -> None:
        """Go on to the next tick spacing after a step towards `next_tick` that ended at `price`."""
        if self._is_skipping:
            tick = next_tick if price == sqrt_price_at(next_tick) else tick_at(price)
            self._index, offset = divmod(tick, self._tick_spacing)
            if offset == 0 and not self._is_down:
                self._index -= 1
            if self._accumulator != self._fee.max_volatility_accumulator:
                self._accumulator = self._fee.accumulator_at(self._index)
        self._index += -1 if self._is_down else 1
