"""How the liquidity of a listed pool lies around a price: what a state takes from the cache.

Amounts are base units, sqrt prices Q64.64, base units of token b for one of token a.
"""

from functools import lru_cache
from math import isqrt
from typing import NamedTuple

from chalicelib.domain.pools.clmm.pool import Tick
from chalicelib.domain.pools.clmm.ticks import (
    MAX_SQRT_PRICE_X64,
    MIN_SQRT_PRICE_X64,
    sqrt_price_at,
    tick_at,
)
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.pools.dlmm.bins import Bin, bin_price
from chalicelib.domain.pools.q64 import Q128, U128_MAX
from chalicelib.simulation.listings import (
    BinTerms,
    ConcentratedTerms,
    DammV2Terms,
    ListedPool,
)
from chalicelib.simulation.noise import ONE, rough_noise

# Liquidity reaches this many segments or bins to both sides of the price.
_REACH = 30


def sqrt_price_of(listed: ListedPool, price_a: int, price_b: int) -> int:
    """Return the pool's sqrt price at these prices in nano-dollars per whole token."""
    unit_a, unit_b = 10**listed.token_a.decimals, 10**listed.token_b.decimals
    return isqrt((price_a * unit_b << 128) // (price_b * unit_a))


class _Standing(NamedTuple):
    """A pool at the standing prices: base units of b that one side is worth, and its sqrt price."""

    side_b: int
    sqrt_price: int


@lru_cache(maxsize=256)
def _standing(listed: ListedPool) -> _Standing:
    price_a, price_b = listed.standing_prices
    side_b = listed.depth_usd * ONE // 2 * 10**listed.token_b.decimals // price_b
    return _Standing(side_b, sqrt_price_of(listed, price_a, price_b))


def product_reserves(listed: ListedPool, sqrt_price: int) -> tuple[int, int]:
    """Return the reserves of a pool on x·y = k at the sqrt price."""
    # x = L/√P, y = L·√P, so that x·y stays what it is at the standing price.
    standing = _standing(listed)
    liquidity = (standing.side_b << 64) // standing.sqrt_price
    return (liquidity << 64) // sqrt_price, liquidity * sqrt_price >> 64


class TickLadder(NamedTuple):
    """The ticks around a price, and the liquidity of the segment that the price is in."""

    ticks: tuple[Tick, ...]
    liquidity: int


@lru_cache(maxsize=256)
def tick_ladder(listed: ListedPool, terms: ConcentratedTerms, seed: str, here: int) -> TickLadder:
    """Return the ticks on both sides of segment `here`: ticks_apart·here is its lowest."""
    # A segment is `ticks_apart` wide; its liquidity depends on where it lies, not on the price.
    usual = _usual_liquidity(listed, terms)
    segments = range(here - _REACH, here + _REACH + 1)
    held = [usual * _roughness_ppb(seed, listed.address, segment) // ONE for segment in segments]
    ticks = tuple(
        Tick(segment * terms.ticks_apart, above - below, above + below)
        for segment, below, above in zip(
            range(segments.start, segments.stop + 1), [0, *held], [*held, 0], strict=True
        )
    )
    return TickLadder(ticks, held[_REACH])


@lru_cache(maxsize=256)
def _usual_liquidity(listed: ListedPool, terms: ConcentratedTerms) -> int:
    # y = L·(√P - √P_lowest)
    side_b, sqrt_price = _standing(listed)
    lowest_tick = tick_at(sqrt_price) - _REACH * terms.ticks_apart
    return (side_b << 64) // (sqrt_price - sqrt_price_at(lowest_tick))


class BinLadder(NamedTuple):
    """The bins below and above the active one, and what the active one is worth in Y."""

    bids: tuple[Bin, ...]
    active_worth: int
    asks: tuple[Bin, ...]


@lru_cache(maxsize=256)
def bin_ladder(listed: ListedPool, terms: BinTerms, seed: str, active_id: int) -> BinLadder:
    """Return the bins on both sides of the active one."""
    # Weights fall evenly from _REACH + 1 in the active bin; over both sides they add up to its
    # square, and the pool is worth two sides.
    share = 2 * _standing(listed).side_b

    def worth(bin_id: int) -> int:
        weight = _REACH + 1 - abs(bin_id - active_id)
        rough = _roughness_ppb(seed, listed.address, bin_id)
        return share * weight * rough // ((_REACH + 1) ** 2 * ONE)

    below = range(active_id - _REACH, active_id)
    above = range(active_id + 1, active_id + _REACH + 1)
    return BinLadder(
        tuple(Bin(bin_id, 0, worth(bin_id)) for bin_id in below),
        worth(active_id),
        tuple(Bin(i, (worth(i) << 64) // bin_price(i, terms.bin_step), 0) for i in above),
    )


def nearest_bin(price: int, bin_step: int) -> int:
    """Return the bin whose price is nearest to a Q64.64 price."""
    # Bins from e⁻⁴⁰ to e⁴⁰ are well within Q64.64.
    lowest, highest = -400_000 // bin_step, 400_000 // bin_step
    while highest - lowest > 1:
        middle = (lowest + highest) // 2
        if bin_edge(middle, bin_step) <= price:
            lowest = middle
        else:
            highest = middle
    return lowest


@lru_cache(maxsize=1 << 14)
def bin_edge(bin_id: int, bin_step: int) -> int:
    """Return the Q64.64 price half way from the bin below."""
    return (bin_price(bin_id - 1, bin_step) + bin_price(bin_id, bin_step)) // 2


@lru_cache(maxsize=256)
def damm_v2_range(listed: ListedPool, terms: DammV2Terms) -> tuple[int, int, int]:
    """Return the liquidity, with its 64 more bits, and the least and greatest sqrt price."""
    side_b, sqrt_price = _standing(listed)
    lowest, highest = MIN_SQRT_PRICE_X64, MAX_SQRT_PRICE_X64
    if terms.collect_fee_mode == CollectFeeMode.COMPOUNDING:
        lowest, highest = 0, U128_MAX
    elif terms.sqrt_reach:
        lowest, highest = sqrt_price // terms.sqrt_reach, sqrt_price * terms.sqrt_reach
    # y + x·P = L·(√P - √min) + L·(√max - √P)·√P/√max, the worth of both sides in b.
    worth = (sqrt_price - lowest) * highest + (highest - sqrt_price) * sqrt_price
    return 2 * side_b * Q128 * highest // worth, lowest, highest


def _roughness_ppb(seed: str, address: str, place: int) -> int:
    # From 60 % to 140 %: no two ranges hold the same.
    return ONE + 2 * rough_noise(seed, address, place) // 5
