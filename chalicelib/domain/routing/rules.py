"""How far a route may go."""

from dataclasses import dataclass

from chalicelib.domain.amounts import BPS

# Pools on the way from one token to another, one after the other.
HOPS_MAX = 3
# How much more a pool must bear than it is paid, so that it still does when the swap lands. Over
# the 9 slots of the usual latency simulated pools came to bear up to 4.8 % less (CLMM), 7.0 % less
# (DLMM) and 0.1 % less (DAMM v2), tried from 7,800 pools and slots: mostly because the price goes
# on to the next ticks or bin, so that it does not add up.
HEADROOM_BPS = 1_000
# What it may be for an order that was quoted with all of it.
LEAST_HEADROOM_BPS = 750
# After a pool has refused once: half of what it bears.
_WARY_HEADROOM_BPS = BPS


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRules:
    """Limits of a plan; `cost_per_leg` is in base units of the final output.

    A pool is paid no more than it would take with `headroom_bps` on top. One that has refused a
    transaction of the order, named in `refused_by` as often as it did, is paid half of what it
    would take, and nothing after the second time.
    """

    hops_max: int = HOPS_MAX
    legs_max: int = 8
    cost_per_leg: int = 0
    headroom_bps: int = HEADROOM_BPS
    refused_by: tuple[str, ...] = ()

    def headroom_of(self, pool_address: str) -> int | None:
        """Return what a pool must bear beyond what it is paid; None when it is paid nothing."""
        refusals = self.refused_by.count(pool_address)
        if refusals > 1:
            return None
        return _WARY_HEADROOM_BPS if refusals else self.headroom_bps
