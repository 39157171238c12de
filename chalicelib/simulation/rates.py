"""The reference rates of the simulated market: functions of the slot, so none is ever missed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from chalicelib.domain.orders.triggers import RatedPair, observed_rate
from chalicelib.domain.pools.pool import Price
from chalicelib.domain.routing.reference_rates import ReferenceRates
from chalicelib.domain.token_list import USDC
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.rates import Observation
from chalicelib.simulation.market import SLOT, Market, moment_at_slot, slot_at, time_of_slot
from chalicelib.simulation.pool_states import SimulatedPool

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

    def latest(self, pairs: Collection[RatedPair] = ()) -> Observation:
        return self.observe(self.current_slot(), pairs)

    def since(self, slot: int, pairs: Collection[RatedPair] = ()) -> Iterator[Observation]:
        newest = self.current_slot()
        for each in range(max(slot, newest - BACK_SLOTS_MAX) + 1, newest + 1):
            yield self.observe(each, pairs)

    def observe(self, slot: int, pairs: Collection[RatedPair] = ()) -> Observation:
        """Return the rates of that slot: of the listed pairs, and of these."""
        pools = self.market.pools(slot)
        rates = ReferenceRates(pools, moment_at_slot(slot), PROBE).rates()
        others = [pair for pair in pairs if pair not in rates]
        if others:
            rates |= self._launched_rates(slot, others, pools)
        return Observation(
            slot=slot,
            at=time_of_slot(slot),
            rates={pair: observed_rate(r.numerator, r.denominator) for pair, r in rates.items()},
        )

    def _launched_rates(
        self, slot: int, pairs: Sequence[RatedPair], listed: Sequence[SimulatedPool]
    ) -> dict[RatedPair, Price]:
        launched = self.market.launched(chain.from_iterable(pairs), slot)
        if not launched:
            return {}
        rates = ReferenceRates([*listed, *launched], moment_at_slot(slot), PROBE)
        return {pair: rate for pair in pairs if (rate := rates.rate(*pair))}
