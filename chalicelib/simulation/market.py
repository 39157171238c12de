"""The market: every price is a pure function of (seed, pool, slot), in integers only, so that every
process on every machine sees the same one and a run can be replayed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib.domain.errors import ExecutionError
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.routing.paths import Path, neighbours, paths_from
from chalicelib.domain.routing.rules import HOPS_MAX
from chalicelib.domain.tokens import Mint, Pair, Token
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
    """The pools and their values at any slot.

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
        either direction."""
        prices = self._prices(slot)
        return [
            self._state(listed, slot, prices)
            for listed in self.listings
            if slot >= listed.listed_at_slot
            and venue in (None, listed.venue)
            and (pair is None or listed.trades(pair))
        ]

    def pool(self, address: str, slot: int) -> SimulatedPool:
        """Return the pool at the slot. Raises PoolNotListedError."""
        for listed in self.listings:
            if listed.address == address and slot >= listed.listed_at_slot:
                return self._state(listed, slot, self._prices(slot))
        raise PoolNotListedError(f"no pool {address} is listed at slot {slot}")

    @property
    def tokens(self) -> Mapping[Mint, Token]:
        """The tokens of the listed pools by mint."""
        pairs = ((listed.token_a, listed.token_b) for listed in self.listings)
        return {token.mint: token for pair in pairs for token in pair}

    def connects(self, pair: Pair) -> bool:
        """Tell whether listed pools lead from the one token to the other: the Listing port."""
        return any(self._paths(pair))

    def between(self, pair: Pair) -> "Market":
        """Return the market of the pools that a route of the pair may go over."""
        hops = {frozenset(hop) for path in self._paths(pair) for hop in pairwise(path)}
        return replace(
            self,
            listings=tuple(
                listed
                for listed in self.listings
                if {listed.token_a.mint, listed.token_b.mint} in hops
            ),
        )

    def _paths(self, pair: Pair) -> Iterator[Path]:
        listed_pairs = ((listed.token_a.mint, listed.token_b.mint) for listed in self.listings)
        both_ways = [hop for a, b in listed_pairs for hop in ((a, b), (b, a))]
        paths = paths_from(pair.token_in.mint, neighbours(both_ways), HOPS_MAX)
        return (path for path in paths if path[-1] == pair.token_out.mint)

    def fair_price(self, token: Token, slot: int) -> int:
        """Return the token's price in nano-dollars per whole token."""
        return fair_price(self.seed, token, slot)

    def _prices(self, slot: int) -> VenuePrices:
        return VenuePrices(self.seed, GapRange(self.gap_bps_min, self.gap_bps_max), slot)

    def _state(self, listed: ListedPool, slot: int, prices: VenuePrices) -> SimulatedPool:
        stray = POOL_STRAY_PPB * smooth_noise(self.seed, listed.address, slot, 600) // ONE
        price_a = prices.price(listed.token_a, listed.venue) * (ONE + stray) // ONE
        price_b = prices.price(listed.token_b, listed.venue)
        return pool_state(listed, self.seed, sqrt_price_of(listed, price_a, price_b))
