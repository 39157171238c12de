"""The fee rates of a DLMM pair: a base rate, and a surcharge that grows with the bins passed."""

from enum import IntEnum
from typing import NamedTuple, Self

from chalicelib.domain.amounts import BPS, ceil_div

FEE_PRECISION = 10**9
MAX_FEE_RATE = 10**8

_VOLATILITY_PER_BIN = 10_000
_VARIABLE_FEE_SCALE = 10**11


class CollectFeeMode(IntEnum):
    """Which token the fees of a swap are taken in."""

    INPUT_ONLY = 0
    ONLY_Y = 1


class StaticParameters(NamedTuple):
    """A pair's fee settings: `protocol_share` in basis points, periods in seconds."""

    base_factor: int
    base_fee_power_factor: int
    variable_fee_control: int
    filter_period: int
    decay_period: int
    reduction_factor: int
    max_volatility_accumulator: int
    protocol_share: int
    collect_fee_mode: CollectFeeMode

    def takes_fee_from_input(self, is_x_to_y: bool) -> bool:
        """Tell whether a swap in this direction pays its fee from what goes in."""
        return not is_x_to_y or self.collect_fee_mode == CollectFeeMode.INPUT_ONLY


class VariableParameters(NamedTuple):
    """What a pair remembers of past swaps."""

    volatility_accumulator: int
    volatility_reference: int
    index_reference: int
    last_update_timestamp: int


class SwapFees(NamedTuple):
    """The rates of one swap, in billionths, as a function of the bin."""

    parameters: StaticParameters
    bin_step: int
    base_rate: int
    volatility_reference: int
    index_reference: int

    @classmethod
    def begin(
        cls,
        parameters: StaticParameters,
        memory: VariableParameters,
        *,
        bin_step: int,
        active_id: int,
        unix_seconds: int,
    ) -> Self:
        """Let the memory decay as the program does when a swap begins."""
        scale: int = 10 ** (parameters.base_fee_power_factor + 1)
        base_rate = parameters.base_factor * bin_step * scale
        elapsed = unix_seconds - memory.last_update_timestamp
        reference, index = memory.volatility_reference, memory.index_reference
        # dlmm lb_pair.rs: a swap within the filter period continues the one before.
        if elapsed >= parameters.filter_period:
            reference, index = 0, active_id
            if elapsed < parameters.decay_period:
                reference = memory.volatility_accumulator * parameters.reduction_factor // BPS
        return cls(parameters, bin_step, base_rate, reference, index)

    def volatility_accumulator(self, bin_id: int) -> int:
        """Return the volatility once a swap has come to this bin."""
        passed = abs(self.index_reference - bin_id)
        accumulator = self.volatility_reference + passed * _VOLATILITY_PER_BIN
        return min(accumulator, self.parameters.max_volatility_accumulator)

    def rate(self, bin_id: int) -> int:
        """Return the fee rate in this bin."""
        # variable = ⌈control·(accumulator·bin_step)²/10¹¹⌉; base + variable is at most 10 %.
        spread = self.volatility_accumulator(bin_id) * self.bin_step
        control = self.parameters.variable_fee_control
        variable = ceil_div(control * spread * spread, _VARIABLE_FEE_SCALE)
        return min(self.base_rate + variable, MAX_FEE_RATE)
