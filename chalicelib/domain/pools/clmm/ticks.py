"""Raydium CLMM ticks: a tick t stands for the price 1.0001^t, kept as Q64.64 square root."""

from bisect import bisect_right
from functools import lru_cache

from chalicelib.domain.pools.q64 import Q64, U128_MAX

MIN_TICK = -443_636
MAX_TICK = 443_636
MIN_SQRT_PRICE_X64 = 4_295_048_016
MAX_SQRT_PRICE_X64 = 79_226_673_521_066_979_257_578_248_091

# raydium-clmm tick_math.rs get_sqrt_price_at_tick: the i-th is 2⁶⁴ / 1.0001^(2^(i-1)), as the
# program has it.
_FACTORS = (
    0xFFFCB933BD6FB800,
    0xFFF97272373D4000,
    0xFFF2E50F5F657000,
    0xFFE5CACA7E10F000,
    0xFFCB9843D60F7000,
    0xFF973B41FA98E800,
    0xFF2EA16466C9B000,
    0xFE5DEE046A9A3800,
    0xFCBE86C7900BB000,
    0xF987A7253AC65800,
    0xF3392B0822BB6000,
    0xE7159475A2CAF000,
    0xD097F3BDFD2F2000,
    0xA9F746462D9F8000,
    0x70D869A156F31C00,
    0x31BE135F97ED3200,
    0x09AA508B5B85A500,
    0x005D6AF8DEDC582C,
    0x00002216E584F5FA,
)
_TICKS = range(MIN_TICK, MAX_TICK + 1)


@lru_cache(maxsize=1 << 14)
def sqrt_price_at(tick: int) -> int:
    """Return the Q64.64 square root of the price at `tick`.

    As raydium-clmm tick_math.rs get_sqrt_price_at_tick truncates it.
    """
    ratio = Q64
    bits = abs(tick)
    for factor in _FACTORS:
        if bits & 1:
            ratio = ratio * factor >> 64
        bits >>= 1
    return ratio if tick <= 0 else U128_MAX // ratio


def tick_at(sqrt_price_x64: int) -> int:
    """Return the greatest tick whose square root price is at most `sqrt_price_x64`."""
    return MIN_TICK - 1 + bisect_right(_TICKS, sqrt_price_x64, key=sqrt_price_at)
