"""A simulated venue: its pools as they stand at the current slot."""

from dataclasses import dataclass, field, replace

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.tokens import Mint, Pair
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.market import PoolStates
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.launches import Launch
from chalicelib.simulation.market import Market, moment_at_slot, slot_at


@dataclass(slots=True, kw_only=True)
class SimulatedVenue:
    """The Venue port over the simulated market; to go live, put another behind that port."""

    name: str
    market: Market
    clock: Clock
    fate: Fate
    _latest: PoolStates | None = field(default=None, init=False)
    #: Of the same slot, with the pools of launches, by the mints that those were asked for.
    _with_launches: dict[frozenset[Mint], PoolStates] = field(default_factory=dict, init=False)

    def pools(self, pair: Pair | None = None) -> PoolStates:
        slot = slot_at(self.clock.now())
        if self.fate.silences(self.name, slot):
            raise QuoteTimeoutError
        # A batch of orders is routed within one slot: its pools are derived once.
        if self._latest is None or self._latest.at.slot != slot:
            pools = self.market.pools(slot, venue=self.name)
            self._latest = PoolStates(
                at=moment_at_slot(slot), pools=pools, tokens=self.market.tokens
            )
            self._with_launches = {}
        launches = self._launches(pair, slot) if pair else []
        return self._with(launches, self._latest) if launches else self._latest

    def _launches(self, pair: Pair, slot: int) -> list[Launch]:
        """The launches among the two tokens that have a pool here."""
        launches = (self.market.launch(token.mint) for token in (pair.token_in, pair.token_out))
        return [x for x in launches if x and x.is_alive(slot) and x.pool.venue == self.name]

    def _with(self, launches: list[Launch], listed: PoolStates) -> PoolStates:
        tokens = {launch.token.mint: launch.token for launch in launches}
        key = frozenset(tokens)
        if key not in self._with_launches:
            pools = self.market.launched(tokens, listed.at.slot)
            self._with_launches[key] = replace(
                listed, pools=[*listed.pools, *pools], tokens={**listed.tokens, **tokens}
            )
        return self._with_launches[key]
