"""The pools of the simulated market's launches, as they appear."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.pool_feed import NewPool, PoolCursor
from chalicelib.simulation.launch_states import curve_of, fee_bps, quote_liquidity
from chalicelib.simulation.launches import Launch, Trap, launches_since, launches_until
from chalicelib.simulation.market import Market, slot_at, time_of_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPoolFeed:
    """The PoolFeed port over the simulated market."""

    market: Market
    clock: Clock

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        now = slot_at(self.clock.now())
        created = takewhile(
            lambda launch: launch.is_created(now), launches_since(self.market.seed, cursor.slot)
        )
        # A slot has one launch at most.
        behind = (each for each in created if (each.created_slot, each.pool.address) > cursor)
        return [_seen(launch, now) for launch in islice(behind, limit)]

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        now = slot_at(self.clock.now())
        newest = [*islice(launches_until(self.market.seed, now), limit)]
        return [_seen(launch, now) for launch in reversed(newest)]


def _seen(launch: Launch, slot: int) -> NewPool:
    pool = curve_of(launch, slot)
    return NewPool(
        address=pool.address,
        venue=pool.venue,
        kind=pool.kind,
        token=launch.token,
        quote=launch.quote,
        creator=launch.creator,
        created_slot=launch.created_slot,
        created_at=time_of_slot(launch.created_slot),
        opens_slot=launch.opens_slot,
        opens_at=time_of_slot(launch.opens_slot),
        liquidity=quote_liquidity(pool),
        fee_bps=fee_bps(launch.pool.terms, slot - launch.created_slot),
        transfer_fee_bps=launch.transfer_fee_bps,
        keeps_mint_authority=Trap.MINTABLE in launch.traps,
        is_freezable=Trap.FREEZABLE in launch.traps,
        is_liquidity_locked=launch.is_locked(slot),
        is_sellable=launch.is_sellable,
    )
