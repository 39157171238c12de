"""The fee rates of a DLMM pair: a base rate, and a surcharge that grows with the bins passed."""

from enum import IntEnum
from typing import NamedTuple, Self

from chalicelib.domain.amounts import BPS, ceil_div

FEE_PRECISION = 10**9
FEE_RATE_MAX = 10**8

_VOLATILITY_PER_BIN = 10_000
_VARIABLE_FEE_SCALE = 10**11


class CollectFeeMode(IntEnum):
    """Which token the fees of a swap are taken in."""

    INPUT_ONLY = 0
    ONLY_Y = 1


class StaticParameters(NamedTuple):
    """A pair's fee settings; volatility is 10,000 for each bin passed."""

    #: The base rate is base_factor · bin_step · 10^(base_fee_power_factor + 1) billionths.
    base_factor: int
    base_fee_power_factor: int
    #: How steeply volatility raises the rate; 0 for never.
    variable_fee_control: int
    #: Seconds since the last update: sooner, a swap continues the one before; from `decay_period`
    #: on, all is forgotten; in between, `reduction_factor` bps of the volatility remain.
    filter_period: int
    decay_period: int
    reduction_factor: int
    max_volatility_accumulator: int
    #: The protocol's part of a fee in bps; the rest is the liquidity providers'.
    protocol_share: int
    collect_fee_mode: CollectFeeMode

    def takes_fee_from_input(self, is_x_to_y: bool) -> bool:
        """Tell whether a swap in this direction pays its fee from what goes in."""
        return not is_x_to_y or self.collect_fee_mode == CollectFeeMode.INPUT_ONLY


class VariableParameters(NamedTuple):
    """What a pair remembers of past swaps."""

    #: The volatility that the last swap ended with.
    volatility_accumulator: int
    #: The volatility at the bin that distance is counted from, and that bin's id.
    volatility_reference: int
    index_reference: int
    #: Unix seconds.
    last_update_timestamp: int


class SwapFees(NamedTuple):
    """The rates of one swap, in billionths, as a function of the bin."""

    parameters: StaticParameters
    #: Bps between the prices of neighbouring bins.
    bin_step: int
    base_rate: int
    #: As in the memory, once decayed.
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
        """Let the memory decay as dlmm lb_pair.rs update_references does when a swap begins."""
        scale: int = 10 ** (parameters.base_fee_power_factor + 1)
        base_rate = parameters.base_factor * bin_step * scale
        elapsed = unix_seconds - memory.last_update_timestamp
        reference, index = memory.volatility_reference, memory.index_reference
        if elapsed >= parameters.filter_period:
            reference, index = 0, active_id
            if elapsed < parameters.decay_period:
                reference = memory.volatility_accumulator * parameters.reduction_factor // BPS
        return cls(parameters, bin_step, base_rate, reference, index)

    def volatility_accumulator(self, bin_id: int) -> int:
        """Return the volatility once a swap has come to this bin.

        As dlmm lb_pair.rs update_volatility_accumulator has it.
        """
        passed = abs(self.index_reference - bin_id)
        accumulator = self.volatility_reference + passed * _VOLATILITY_PER_BIN
        return min(accumulator, self.parameters.max_volatility_accumulator)

    def rate(self, bin_id: int) -> int:
        """Return the fee rate in this bin, at most FEE_RATE_MAX.

        As dlmm lb_pair.rs get_total_fee has it: base + ⌈control·(accumulator·bin_step)²/10¹¹⌉.
        """
        spread = self.volatility_accumulator(bin_id) * self.bin_step
        control = self.parameters.variable_fee_control
        variable = ceil_div(control * spread * spread, _VARIABLE_FEE_SCALE)
        return min(self.base_rate + variable, FEE_RATE_MAX)
