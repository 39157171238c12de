"""The reference rates of the simulated market: functions of the slot, so none is ever missed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.orders.triggers import observed_rate
from chalicelib.domain.routing.reference_rates import ReferenceRates
from chalicelib.domain.token_list import USDC
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.rates import Observation
from chalicelib.simulation.market import SLOT, Market, moment_at_slot, slot_at, time_of_slot

# About a dollar.
PROBE = USDC.mint, 10**USDC.decimals
BACK_SLOTS_MAX = timedelta(minutes=1) // SLOT


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRates:
    """The RateFeed port over the simulated market."""

    market: Market
    clock: Clock

    def current_slot(self) -> int:
        return slot_at(self.clock.now())

    def latest(self) -> Observation:
        return self.observe(self.current_slot())

    def since(self, slot: int) -> Iterator[Observation]:
        newest = self.current_slot()
        for each in range(max(slot, newest - BACK_SLOTS_MAX) + 1, newest + 1):
            yield self.observe(each)

    def observe(self, slot: int) -> Observation:
        """Return the rates of that slot."""
        rates = ReferenceRates(self.market.pools(slot), moment_at_slot(slot), PROBE).rates()
        return Observation(
            slot=slot,
            at=time_of_slot(slot),
            rates={pair: observed_rate(r.numerator, r.denominator) for pair, r in rates.items()},
        )
