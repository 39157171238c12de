"""How far a route may go."""

from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.domain.amounts import BPS, ceil_div
from chalicelib.domain.pools.pool import Pool, PoolKind

# Pools on the way from one token to another, one after the other.
HOPS_MAX = 3


class Headroom(NamedTuple):
    """How much more a pool must bear than it is paid, so that it still does when the swap lands.

    That is what is left of the step of the curve that the price is in, since the price may go on,
    and `bps` of what the pool is paid, since steps differ; together at most `bps_max` of that.
    """

    bps: int
    bps_max: int

    def percent(self, percent: int) -> "Headroom":
        """Return so much of it, rounded down."""
        return Headroom(self.bps * percent // 100, self.bps_max * percent // 100)

    def on_top_of(self, amount_in: int, step_left: int) -> int:
        """Return what the pool must bear in all to be paid `amount_in`."""
        usual = step_left + ceil_div(amount_in * self.bps, BPS)
        return amount_in + min(usual, ceil_div(amount_in * self.bps_max, BPS))


NO_HEADROOM = Headroom(bps=0, bps_max=0)
_HEADROOM = Headroom(bps=600, bps_max=1_100)
# Simulated pools came to bear up to 4.5 % less (CLMM), 6.5 % less (DLMM) and 0.1 % less (DAMM v2)
# over the 9 slots of the usual latency, and 5.2, 10.5 and 0.2 % over 120 slots, tried from 1,200
# pools and slots: mostly what was left of the step. Beyond that it was 2.0 % at most over 9 slots,
# and 2.3 % (CLMM) and 4.7 % (DLMM) at the 99th percentile over 120. Of 108 routes of large orders
# none was refused within 9 slots and one within 120, as with a tenth of everything kept back; where
# pools are filled to that end, plans are a third less short of those that keep nothing.
_HEADROOMS = {
    PoolKind.CPMM: NO_HEADROOM,
    PoolKind.CLMM: Headroom(bps=300, bps_max=1_100),
    PoolKind.DAMM_V2: Headroom(bps=50, bps_max=50),
    PoolKind.DLMM: _HEADROOM,
}
# How much of its headroom must be left to an order that was quoted with all of it.
LEAST_HEADROOM_PERCENT = 75
# After a pool has refused once: half of what it bears.
_WARY_HEADROOM = Headroom(bps=BPS, bps_max=BPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRules:
    """Limits of a plan; `cost_per_leg` is in base units of the final output.

    A pool is paid no more than it would take with its headroom on top, or `headroom_percent` of
    that. One that has refused a transaction of the order, named in `refused_by` as often as it did,
    is paid half of what it would take, and nothing after the second time. Where there is an
    `only_pool`, all others are paid nothing.
    """

    hops_max: int = HOPS_MAX
    legs_max: int = 8
    cost_per_leg: int = 0
    headroom_percent: int = 100
    refused_by: tuple[str, ...] = ()
    #: Its address.
    only_pool: str | None = None

    def headroom_of(self, pool: Pool) -> Headroom | None:
        """Return what a pool must bear beyond what it is paid; None when it is paid nothing."""
        if self.only_pool not in (None, pool.address):
            return None
        refusals = self.refused_by.count(pool.address)
        if refusals > 1:
            return None
        if refusals:
            return _WARY_HEADROOM
        return _HEADROOMS.get(pool.kind, _HEADROOM).percent(self.headroom_percent)
