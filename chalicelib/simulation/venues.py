"""A simulated venue: its pools as they stand at the current slot."""

from dataclasses import dataclass, field

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.market import PoolStates
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.market import Market, moment_at_slot, slot_at


@dataclass(slots=True, kw_only=True)
class SimulatedVenue:
    """The Venue port over the simulated market; to go live, put another behind that port."""

    name: str
    market: Market
    clock: Clock
    fate: Fate
    _latest: PoolStates | None = field(default=None, init=False)

    def pools(self) -> PoolStates:
        slot = slot_at(self.clock.now())
        if self.fate.silences(self.name, slot):
            raise QuoteTimeoutError
        # A batch of orders is routed within one slot: its pools are derived once.
        if self._latest is None or self._latest.at.slot != slot:
            pools = self.market.pools(slot, venue=self.name)
            self._latest = PoolStates(
                at=moment_at_slot(slot), pools=pools, tokens=self.market.tokens
            )
        return self._latest
