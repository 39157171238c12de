"""The market: every price is a pure function of (seed, pool, slot), in integers only, so that every
process on every machine sees the same one and a run can be replayed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import ExecutionError
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.routing.rules import HOPS_MAX
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.simulation.listings import (
    LISTED_TOKENS,
    METEORA,
    POOLS,
    RAYDIUM,
    ListedPool,
    StakedToken,
)
from chalicelib.simulation.noise import ONE, smooth_noise
from chalicelib.simulation.pool_states import SimulatedPool, pool_state
from chalicelib.simulation.shapes import sqrt_price_of

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

# How far a pool's price stands from its venue's at most.
_POOL_STRAY_PPB = 300_000


class PoolNotListedError(ExecutionError):
    """No pool of that address is listed at that slot."""

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

    Of a pair, Raydium stands between `gap_bps_min` and `gap_bps_max` apart from all other venues,
    but for the short while in which they change sides; the pools of one side stand a few bps apart.
    """

    seed: str
    gap_bps_min: int = 200
    gap_bps_max: int = 500
    listings: tuple[ListedPool, ...] = POOLS

    def pools(
        self, slot: int, *, venue: str | None = None, pair: Pair | None = None
    ) -> list[SimulatedPool]:
        """Return the pools listed at the slot: all, or one venue's, or those that swap the pair in
        either direction."""
        return [
            self._state(listed, slot)
            for listed in self.listings
            if slot >= listed.listed_at_slot
            and venue in (None, listed.venue)
            and (pair is None or listed.trades(pair))
        ]

    def pool(self, address: str, slot: int) -> SimulatedPool:
        """Return the pool at the slot. Raises PoolNotListedError."""
        for listed in self.listings:
            if listed.address == address and slot >= listed.listed_at_slot:
                return self._state(listed, slot)
        raise PoolNotListedError(f"no pool {address} is listed at slot {slot}")

    @property
    def tokens(self) -> Mapping[Mint, Token]:
        """The tokens of the listed pools by mint."""
        pairs = ((listed.token_a, listed.token_b) for listed in self.listings)
        return {token.mint: token for pair in pairs for token in pair}

    def connects(self, pair: Pair) -> bool:
        """Tell whether listed pools lead from the one token to the other: the Listing port."""
        reached = {pair.token_in}
        for _ in range(HOPS_MAX):
            reached |= {
                token
                for listed in self.listings
                for token in (listed.token_a, listed.token_b)
                if reached & {listed.token_a, listed.token_b}
            }
        return pair.token_out in reached

    def fair_price(self, token: Token, slot: int) -> int:
        """Return the token's price in nano-dollars per whole token."""
        listed = LISTED_TOKENS[token.mint]
        if isinstance(listed, StakedToken):
            return self.fair_price(listed.underlying, slot) * listed.ratio_ppb_at(slot) // ONE
        noise = (
            6 * smooth_noise(self.seed, f"{token.mint}:hour", slot, 9_000)
            + 3 * smooth_noise(self.seed, f"{token.mint}:minutes", slot, 750)
            + 1 * smooth_noise(self.seed, f"{token.mint}:seconds", slot, 75)
        ) // 10
        return listed.price_nano_usd * (ONE + listed.volatility_ppb * noise // ONE) // ONE

    def _state(self, listed: ListedPool, slot: int) -> SimulatedPool:
        stray = self._venue_stray(listed, slot) + self._pool_stray(listed, slot)
        price_a = self.fair_price(listed.token_a, slot) * (ONE + stray) // ONE
        price_b = self.fair_price(listed.token_b, slot)
        return pool_state(listed, self.seed, sqrt_price_of(listed, price_a, price_b))

    def _venue_stray(self, listed: ListedPool, slot: int) -> int:
        """How far the venue's price of token a stands from the fair one, in parts per billion."""
        pair_key = f"{listed.token_a.mint}:{listed.token_b.mint}"
        # Steep and clamped: nearly always one of the two sides, with a smooth way between.
        side = max(-ONE, min(ONE, 12 * smooth_noise(self.seed, f"{pair_key}:side", slot, 4_500)))
        share = (smooth_noise(self.seed, f"{pair_key}:gap", slot, 1_500) + ONE) // 2
        gap_bps_span = self.gap_bps_max - self.gap_bps_min
        gap_ppb = self.gap_bps_min * 100_000 + gap_bps_span * 100_000 * share // ONE
        stray = side * gap_ppb // (2 * ONE)
        return stray if listed.venue == RAYDIUM else -stray

    def _pool_stray(self, listed: ListedPool, slot: int) -> int:
        return _POOL_STRAY_PPB * smooth_noise(self.seed, listed.address, slot, 600) // ONE
