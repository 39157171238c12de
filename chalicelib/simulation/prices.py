"""What the simulated pools were worth: their states follow from the slot, so nothing is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.routing.reference_rates import ReferenceRates
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.market import PricePoint
from chalicelib.simulation.market import SLOT, Market, moment_at_slot, slot_at, time_of_slot
from chalicelib.simulation.noise import ONE

POINTS_MAX = 120

# Who looks at a chart asks again for most of it: with another span, from another page.
_POINTS_KEPT = 1_024


@dataclass(slots=True, kw_only=True)
class SimulatedPriceHistory:
    """The PriceHistory port over the simulated market."""

    market: Market
    clock: Clock
    _point: Callable[[Pair, int], PricePoint | None] = field(init=False, repr=False)
    _market_of: Callable[[Pair], Market] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._point = lru_cache(maxsize=_POINTS_KEPT)(self._compute_point)
        self._market_of = lru_cache(maxsize=64)(self.market.between)

    def prices(
        self, pair: Pair, *, span: timedelta, after_slot: int | None = None
    ) -> list[PricePoint]:
        last, slots = slot_at(self.clock.now()), span // SLOT
        # Points stand at multiples of the step: whoever asks again gets the next ones.
        step = max(1, ceil_div(slots, POINTS_MAX))
        first = last - slots + 1 if after_slot is None else max(after_slot, last - slots) + 1
        on_grid = range(ceil_div(first, step) * step, last + 1, step)
        points = (self._point(pair, slot) for slot in on_grid)
        return [point for point in points if point]

    def _compute_point(self, pair: Pair, slot: int) -> PricePoint | None:
        paid, received = pair.token_in, pair.token_out
        dollar = ONE * 10**paid.decimals // self.market.fair_price(paid, slot)
        pools = [
            *self._market_of(pair).pools(slot),
            *self.market.launched((paid.mint, received.mint), slot),
        ]
        rates = ReferenceRates(pools, moment_at_slot(slot), (paid.mint, dollar))
        best = rates.rate(paid.mint, received.mint)
        return best and PricePoint(
            slot=slot,
            at=time_of_slot(slot),
            best_route=best,
            venues=rates.venue_rates(paid.mint, received.mint),
        )
