"""What the simulated pools were worth: their states follow from the slot, so nothing is kept."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.pools.pool import Price
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.market import PricePoint
from chalicelib.simulation.market import SLOT, Market, slot_at, time_of_slot

POINTS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPriceHistory:
    """The PriceHistory port over the simulated market."""

    market: Market
    clock: Clock

    def prices(
        self, pair: Pair, *, span: timedelta, after_slot: int | None = None
    ) -> list[PricePoint]:
        last, slots = slot_at(self.clock.now()), span // SLOT
        # Points stand at multiples of the step: whoever asks again gets the next ones.
        step = max(1, ceil_div(slots, POINTS_MAX))
        first = last - slots + 1 if after_slot is None else max(after_slot, last - slots) + 1
        on_grid = range(ceil_div(first, step) * step, last + 1, step)
        points = (self._point(pair, slot) for slot in on_grid)
        return [point for point in points if point.best]

    def _point(self, pair: Pair, slot: int) -> PricePoint:
        best: dict[str, Price] = {}
        for pool in self.market.pools(slot, pair=pair):
            price = pool.marginal_price(pair.token_in.mint)
            known = best.get(pool.venue)
            if known is None or Fraction(*known) < Fraction(*price):
                best[pool.venue] = price
        return PricePoint(slot=slot, at=time_of_slot(slot), best=best)
