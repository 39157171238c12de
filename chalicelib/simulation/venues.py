"""A simulated venue: it quotes from every pool it has for the pair, at the current slot."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import QuoteError
from chalicelib.domain.quotes import Quote, Rejection
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports import Clock
from chalicelib.simulation.market import ListedPool, Market, slot_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedVenue:
    """The Venue port over the simulated market; to go live, put another behind that port."""

    name: str
    market: Market
    clock: Clock

    def quotes(self, pair: Pair, amount_in: int) -> Sequence[Quote | Rejection]:
        slot = slot_at(self.clock.now())
        pools = [pool for pool in self.market.pools(pair) if pool.venue == self.name]
        return [self._quote(pool, pair, amount_in, slot) for pool in pools]

    def _quote(self, pool: ListedPool, pair: Pair, amount_in: int, slot: int) -> Quote | Rejection:
        try:
            fill = self.market.state(pool, pair, slot).quote_exact_in(amount_in)
        except QuoteError as error:
            return Rejection(venue=self.name, pool_address=pool.address, code=error.code)
        return Quote(
            venue=self.name,
            pool_address=pool.address,
            input_mint=pair.token_in.mint,
            output_mint=pair.token_out.mint,
            amount_in=amount_in,
            amount_out=fill.amount_out,
            fee_bps=pool.fee_bps,
            price_impact_bps=fill.price_impact_bps,
            slot=slot,
        )
