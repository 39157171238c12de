"""A simulated venue: it quotes from every pool it has for the pair, at the current slot."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import QuoteError
from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.quotes import Quote, Rejection, ask
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports import Clock
from chalicelib.simulation.market import Market, moment_at_slot, slot_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedVenue:
    """The Venue port over the simulated market; to go live, put another behind that port."""

    name: str
    market: Market
    clock: Clock

    def quotes(self, pair: Pair, amount_in: int) -> Sequence[Quote | Rejection]:
        slot = slot_at(self.clock.now())
        at = moment_at_slot(slot)
        listed = [pool for pool in self.market.pools(pair) if pool.venue == self.name]
        return [self._quote(self.market.state(p, slot), pair, amount_in, at) for p in listed]

    def _quote(self, pool: Pool, pair: Pair, amount_in: int, at: Moment) -> Quote | Rejection:
        try:
            return ask(pool, pair, amount_in, at)
        except QuoteError as error:
            return Rejection(venue=self.name, pool_address=pool.address, code=error.code)
