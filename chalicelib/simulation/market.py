"""The market: every price is a pure function of (seed, pool, slot), in integers only, so that every
process on every machine sees the same one and a run can be replayed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.domain.errors import ExecutionError
from chalicelib.domain.orders.triggers import RatedPair
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.routing.paths import Path, neighbours, paths_between
from chalicelib.domain.routing.rules import HOPS_MAX
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.simulation.launch_states import MarketPool, launched_pool
from chalicelib.simulation.launches import Launch, launch_of_mint, launch_of_pool
from chalicelib.simulation.listings import METEORA, POOLS, RAYDIUM, ListedPool
from chalicelib.simulation.noise import ONE, smooth_noise
from chalicelib.simulation.pool_states import SimulatedPool, pool_state
from chalicelib.simulation.shapes import sqrt_price_of
from chalicelib.simulation.token_prices import (
    POOL_STRAY_PPB,
    GapRange,
    VenuePrices,
    fair_price,
)

__all__ = [
    "GENESIS",
    "METEORA",
    "POOLS",
    "RAYDIUM",
    "SLOT",
    "ListedPool",
    "Market",
    "PoolNotListedError",
    "moment_at_slot",
    "slot_at",
    "time_of_slot",
]

SLOT = timedelta(milliseconds=400)
GENESIS = datetime.fromisoformat("2025-01-01T00:00:00+00:00")

_UNIX_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class PoolNotListedError(ExecutionError):
    """No pool with this address is listed at this slot."""

    code = "POOL_NOT_LISTED"


def slot_at(moment: datetime) -> int:
    """Return the slot that is current at that moment."""
    return (moment - GENESIS) // SLOT


def time_of_slot(slot: int) -> datetime:
    """Return when the slot begins."""
    return GENESIS + slot * SLOT


def moment_at_slot(slot: int) -> Moment:
    """Return the slot with the second in which it begins."""
    return Moment(slot, (time_of_slot(slot) - _UNIX_EPOCH) // timedelta(seconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The pools and their values at any slot, and those of launches, which the seed decides.

    A token whose price deviates by venue stands between `gap_bps_min` and `gap_bps_max` apart at
    Raydium and Meteora, but for the short while in which they change sides, and for the rarer one
    of a dislocation, which a range of 0 does not have; other venues stand between those two. The
    pools of a venue stand within a bps.
    """

    seed: str
    gap_bps_min: int = 5
    gap_bps_max: int = 60
    listings: tuple[ListedPool, ...] = POOLS

    def pools(
        self, slot: int, *, venue: str | None = None, pair: Pair | None = None
    ) -> list[SimulatedPool]:
        """Return the pools listed at the slot: all, or one venue's, or those that swap the pair in
        either direction. Those of launches stand apart: `launched` has them."""
        prices = self._prices(slot)
        return [
            self._state(listed, slot, prices)
            for listed in self.listings
            if slot >= listed.listed_at_slot
            and venue in (None, listed.venue)
            and (pair is None or listed.trades(pair))
        ]

    def launched(self, mints: Iterable[Mint], slot: int) -> list[MarketPool]:
        """Return the pools that there are, at the slot, of the launches among these mints."""
        launches = (self.launch(mint) for mint in dict.fromkeys(mints))
        return [
            launched_pool(launch, slot) for launch in launches if launch and launch.is_alive(slot)
        ]

    def launch(self, mint: Mint) -> Launch | None:
        """Return the launch of the mint, whenever it is; None when there is none."""
        return launch_of_mint(self.seed, mint)

    def pool(self, address: str, slot: int) -> MarketPool:
        """Return the pool at the slot. Raises PoolNotListedError."""
        for listed in self.listings:
            if listed.address == address and slot >= listed.listed_at_slot:
                return self._state(listed, slot, self._prices(slot))
        launch = launch_of_pool(self.seed, address)
        if launch and launch.is_alive(slot):
            return launched_pool(launch, slot)
        raise PoolNotListedError(f"no pool {address} is listed at slot {slot}")

    @property
    def tokens(self) -> Mapping[Mint, Token]:
        """The tokens of the listed pools by mint."""
        pairs = ((listed.token_a, listed.token_b) for listed in self.listings)
        return {token.mint: token for pair in pairs for token in pair}

    def connects(self, pair: RatedPair, slot: int) -> bool:
        """Tell whether listed pools, and those of launches that there are at the slot, lead from
        the one mint to the other."""
        alive = [launch for launch in self._launches(pair) if launch.is_alive(slot)]
        return any(self._paths(pair, alive))

    def between(self, pair: Pair) -> "Market":
        """Return the market of the listed pools that a route of the pair may go over."""
        paths = self._paths(pair.mints, self._launches(pair.mints))
        hops = {frozenset(hop) for path in paths for hop in pairwise(path)}
        return replace(
            self,
            listings=tuple(
                listed
                for listed in self.listings
                if {listed.token_a.mint, listed.token_b.mint} in hops
            ),
        )

    def _launches(self, pair: RatedPair) -> list[Launch]:
        launches = map(self.launch, pair)
        return [launch for launch in launches if launch]

    def _paths(self, pair: RatedPair, launches: Iterable[Launch]) -> Iterator[Path]:
        pools = [*self.listings, *(launch.pool for launch in launches)]
        pairs = ((pool.token_a.mint, pool.token_b.mint) for pool in pools)
        both_ways = [hop for a, b in pairs for hop in ((a, b), (b, a))]
        return paths_between(*pair, neighbours(both_ways), HOPS_MAX)

    def fair_price(self, token: Token, slot: int) -> int:
        """Return the token's price in nano-dollars per whole token."""
        launch = self.launch(token.mint)
        if launch is None:
            return fair_price(self.seed, token, slot)
        start_price, quote_price = launch.pool.standing_prices
        quoted = fair_price(self.seed, launch.quote, slot)
        return start_price * launch.course_ppb(slot) * quoted // (quote_price * ONE)

    def _prices(self, slot: int) -> VenuePrices:
        return VenuePrices(self.seed, GapRange(self.gap_bps_min, self.gap_bps_max), slot)

    def _state(self, listed: ListedPool, slot: int, prices: VenuePrices) -> SimulatedPool:
        stray = POOL_STRAY_PPB * smooth_noise(self.seed, listed.address, slot, 600) // ONE
        price_a = prices.price(listed.token_a, listed.venue) * (ONE + stray) // ONE
        price_b = prices.price(listed.token_b, listed.venue)
        return pool_state(listed, self.seed, sqrt_price_of(listed, price_a, price_b))
