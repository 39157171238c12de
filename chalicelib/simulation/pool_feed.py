"""The pools of the simulated market's launches, as they appear."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from chalicelib.domain.pools.new_pools import NewPool, PoolCursor, Property
from chalicelib.domain.tokens import Mint
from chalicelib.engine.ports.clock import Clock
from chalicelib.simulation.launch_states import curve_of, fee_bps, quote_liquidity
from chalicelib.simulation.launches import (
    Launch,
    Trap,
    launch_of_mint,
    launch_of_pool,
    launches_since,
    launches_until,
)
from chalicelib.simulation.market import METEORA, RAYDIUM, Market, slot_at, time_of_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPoolFeed:
    """The PoolFeed port over the simulated market."""

    market: Market
    clock: Clock

    @property
    def tells(self) -> Collection[Property]:
        return [*Property]

    @property
    def venues(self) -> Collection[str]:
        return [RAYDIUM, METEORA]

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        now = slot_at(self.clock.now())
        created = takewhile(
            lambda launch: launch.is_created(now), launches_since(self.market.seed, cursor.slot)
        )
        # A slot has one launch at most.
        behind = (each for each in created if (each.created_slot, each.pool.address) > cursor)
        return [new_pool(launch, now) for launch in islice(behind, limit)]

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        now = slot_at(self.clock.now())
        newest = [*islice(launches_until(self.market.seed, now), limit)]
        return [new_pool(launch, now) for launch in reversed(newest)]

    def of_mint(self, mint: Mint) -> Sequence[NewPool]:
        pool = self._seen_by_now(launch_of_mint(self.market.seed, mint))
        return [] if pool is None else [pool]

    def pool(self, address: str) -> NewPool | None:
        return self._seen_by_now(launch_of_pool(self.market.seed, address))

    def _seen_by_now(self, launch: Launch | None) -> NewPool | None:
        now = slot_at(self.clock.now())
        return new_pool(launch, now) if launch and launch.is_created(now) else None


def new_pool(launch: Launch, slot: int) -> NewPool:
    """Return the pool of a launch as it could be seen in a slot."""
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
        slot=slot,
        opens_slot=launch.opens_slot,
        opens_at=time_of_slot(launch.opens_slot),
        liquidity=quote_liquidity(pool),
        fee_bps=fee_bps(launch.pool.terms, slot - launch.created_slot),
        transfer_fee_bps=launch.transfer_fee_bps,
        properties=_properties(launch, slot),
    )


def _properties(launch: Launch, slot: int) -> frozenset[Property]:
    held = {
        Property.MINT_RENOUNCED: Trap.MINTABLE not in launch.traps,
        Property.NOT_FREEZABLE: Trap.FREEZABLE not in launch.traps,
        Property.LIQUIDITY_LOCKED: launch.is_locked(slot),
        Property.SELLABLE: launch.is_sellable,
    }
    return frozenset(each for each, is_held in held.items() if is_held)
