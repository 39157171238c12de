"""The market: every price is a pure function of (seed, pool, slot), in integers only, so that every
process on every machine sees the same one and a run can be replayed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from chalicelib.domain.amounts import BPS
from chalicelib.domain.pools.constant_product import FEE_RATE_DENOMINATOR, ConstantProductPool
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.tokens import BONK, JUP, SOL, USDC, USDT, Pair, Token

SLOT = timedelta(milliseconds=400)
GENESIS = datetime.fromisoformat("2025-01-01T00:00:00+00:00")
_UNIX_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

# Prices in nano-dollars, noise in parts per billion.
ONE = 10**9

RAYDIUM = "raydium"
METEORA = "meteora"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedToken:
    """A token's price when the market stands still, and how far it wanders."""

    price_nano_usd: int
    volatility_ppb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPool:
    """A pool of the simulated market: both sides hold `depth_usd` / 2."""

    venue: str
    address: str
    token_a: Token
    token_b: Token
    fee_bps: int
    depth_usd: int

    def trades(self, pair: Pair) -> bool:
        """Tell whether the pool swaps these two tokens, in either direction."""
        return {self.token_a, self.token_b} == {pair.token_in, pair.token_out}


LISTED_TOKENS = {
    SOL.mint: ListedToken(price_nano_usd=150 * ONE, volatility_ppb=30_000_000),
    USDC.mint: ListedToken(price_nano_usd=ONE, volatility_ppb=200_000),
    USDT.mint: ListedToken(price_nano_usd=ONE, volatility_ppb=300_000),
    BONK.mint: ListedToken(price_nano_usd=24_000, volatility_ppb=50_000_000),
    JUP.mint: ListedToken(price_nano_usd=850_000_000, volatility_ppb=40_000_000),
}


def _pools(token_a: Token, token_b: Token, depth_usd: int, *addresses: str) -> list[ListedPool]:
    raydium, meteora = addresses
    return [
        ListedPool(
            venue=RAYDIUM,
            address=raydium,
            token_a=token_a,
            token_b=token_b,
            fee_bps=25,
            depth_usd=depth_usd,
        ),
        ListedPool(
            venue=METEORA,
            address=meteora,
            token_a=token_a,
            token_b=token_b,
            fee_bps=20,
            depth_usd=depth_usd * 4 // 5,
        ),
    ]


# Addresses of the simulation's own: 32 bytes that no program of the real network owns.
POOLS: tuple[ListedPool, ...] = (
    *_pools(
        SOL,
        USDC,
        4_000_000,
        "9Jxwftt2kVQnh3RR6e4VPY1cvAstr3P3Q9vFgDJz7GSn",
        "B37c61wPUtA5p4547k7ac1va7bNM8dv69aWdyzSP8ZRq",
    ),
    *_pools(
        SOL,
        USDT,
        2_500_000,
        "AyffqAvfFuMPhm8rUVeHJQeyXSxrGk43mf2yYMN99HGp",
        "J3sccvnpqWDvDS6uLxsPjCr13dLZt6HofVY8G6z7H6Vk",
    ),
    *_pools(
        USDC,
        USDT,
        6_000_000,
        "4zVmnYKuKg1Pjfk1vmp4Cx8PBt5Wxas1qYQfbrntFhhR",
        "DB3fUeHUSeMnPnps34ZFk6zh4pej8QoHMiSnTeRC11tq",
    ),
    *_pools(
        SOL,
        BONK,
        1_200_000,
        "icNu9Y2CiXQRPtGwuCFZSyVaH9bdKiNMCGQPokdNtxa",
        "4iMNcU6j2Ci1oMUVc2zmigpkLrZEp1toyjDnGpWDWsCg",
    ),
    *_pools(
        SOL,
        JUP,
        1_500_000,
        "BywGd8JHf9npu95iEnaJmdEYvrBype49jWoiEsTyKjEb",
        "27hziJGLmPqVrphHoq9gdvYibo3a25VirGQh3L65vaNZ",
    ),
    *_pools(
        USDC,
        JUP,
        1_000_000,
        "Fa3PfEJtPnvFNqzGXS4hhU1F3z5iBZ4N7vtRUjEEx9Cz",
        "FRLEsRtQqvkRHWYZXjpgHuvWxDcaFZ96oaVmqEYg29xU",
    ),
)


def slot_at(moment: datetime) -> int:
    """Return the slot that is current at that moment."""
    return (moment - GENESIS) // SLOT


def moment_at_slot(slot: int) -> Moment:
    """Return the slot with the second in which it begins."""
    return Moment(slot, (GENESIS + slot * SLOT - _UNIX_EPOCH) // timedelta(seconds=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The pools and their state at any slot.

    The venues of a pair stand between `gap_bps_least` and `gap_bps_most` apart, but for the short
    while in which they change sides.
    """

    seed: str
    gap_bps_least: int = 200
    gap_bps_most: int = 500

    def pools(self, pair: Pair) -> list[ListedPool]:
        """Return the pools that swap the pair."""
        return [pool for pool in POOLS if pool.trades(pair)]

    def state(self, pool: ListedPool, slot: int) -> ConstantProductPool:
        """Return the pool as it stands at the slot."""
        side_usd = pool.depth_usd * ONE // 2
        price_a = self.fair_price(pool.token_a, slot) * (ONE + self._stray(pool, slot)) // ONE
        return ConstantProductPool(
            address=pool.address,
            venue=pool.venue,
            mint_a=pool.token_a.mint,
            mint_b=pool.token_b.mint,
            vault_0=_tokens_worth(side_usd, price_a, pool.token_a),
            vault_1=_tokens_worth(side_usd, self.fair_price(pool.token_b, slot), pool.token_b),
            trade_fee_rate=pool.fee_bps * FEE_RATE_DENOMINATOR // BPS,
        )

    def fair_price(self, token: Token, slot: int) -> int:
        """Return the token's price in nano-dollars per whole token."""
        listed = LISTED_TOKENS[token.mint]
        noise = (
            6 * _noise(self.seed, f"{token.mint}:hour", slot, 9_000)
            + 3 * _noise(self.seed, f"{token.mint}:minutes", slot, 750)
            + 1 * _noise(self.seed, f"{token.mint}:seconds", slot, 75)
        ) // 10
        return listed.price_nano_usd * (ONE + listed.volatility_ppb * noise // ONE) // ONE

    def _stray(self, pool: ListedPool, slot: int) -> int:
        """How far the pool's price of token a stands from the fair one, in parts per billion."""
        pair_key = f"{pool.token_a.mint}:{pool.token_b.mint}"
        # Steep and clamped: nearly always one of the two sides, with a smooth way between.
        side = max(-ONE, min(ONE, 12 * _noise(self.seed, f"{pair_key}:side", slot, 4_500)))
        share = (_noise(self.seed, f"{pair_key}:gap", slot, 1_500) + ONE) // 2
        gap_bps_span = self.gap_bps_most - self.gap_bps_least
        gap_ppb = self.gap_bps_least * 100_000 + gap_bps_span * 100_000 * share // ONE
        stray = side * gap_ppb // (2 * ONE)
        return stray if pool.venue == RAYDIUM else -stray


def _tokens_worth(side_nano_usd: int, price_nano_usd: int, token: Token) -> int:
    unit: int = 10**token.decimals
    return side_nano_usd * unit // price_nano_usd


def _noise(seed: str, key: str, slot: int, period_slots: int) -> int:
    """Smooth value noise in [-10⁹, 10⁹]: random at multiples of the period, cubic in between."""
    step, offset = divmod(slot, period_slots)
    start, end = _lattice(seed, key, step), _lattice(seed, key, step + 1)
    eased = offset * offset * (3 * period_slots - 2 * offset)
    return start + (end - start) * eased // period_slots**3


@lru_cache(maxsize=4096)
def _lattice(seed: str, key: str, step: int) -> int:
    digest = hashlib.blake2b(f"{seed}|{key}|{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % (2 * ONE + 1) - ONE
