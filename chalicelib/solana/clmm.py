"""Raydium CLMM: a pool from its account, its configuration, and the tick arrays around its price.

The ticks end before the first array that exists and was not read: no swap goes over a hole.
"""

import struct
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.steps import FEE_RATE_DENOMINATOR
from chalicelib.domain.pools.clmm.ticks import MAX_TICK, MIN_TICK, sqrt_price_at
from chalicelib.domain.pools.clmm.volatility import DynamicFee
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import Mint
from chalicelib.solana.accounts import Accounts, Clock, Content, Kind, content_of
from chalicelib.solana.addresses import derived_address, seed_of
from chalicelib.solana.bitmaps import ROW_BYTES, Bitmap, extended, known_arrays, nearest
from chalicelib.solana.instructions import SWAP_PROGRAMS
from chalicelib.solana.refusals import ClosedPoolError

PROGRAM = SWAP_PROGRAMS[PoolKind.CLMM]
POOL = Kind(PROGRAM, "PoolState", 1544)
CONFIG = Kind(PROGRAM, "AmmConfig", 117)
TICK_ARRAY = Kind(PROGRAM, "TickArrayState", 10_240)
BITMAP_EXTENSION = Kind(PROGRAM, "TickArrayBitmapExtension", 1832)

TICKS_PER_ARRAY = 60
TICKS_OFFSET = 44
# Tick, net and gross liquidity as two halves each, what limit orders sell: not yet, and partly.
TICK = struct.Struct("<iQqQQ80x8xQQ16x12x")
BITMAP_OFFSET = 904
BITMAP_BYTES = 128
EXTENSION_ROWS = 14
EXTENSION_OFFSET = 40
# From this spacing on, a pool's own bitmap covers all ticks.
_SPACING_WITHOUT_EXTENSION = 15

_SWAP_IS_OFF = 1 << 4


class FeeRates(NamedTuple):
    """The rates of a configuration, in 1e-6: of what is paid, and of that fee."""

    trade: int
    protocol: int
    fund: int


def tick_array_address(pool: str, start: int) -> str:
    """Return where the tick array that begins at tick `start` is."""
    return derived_address(PROGRAM, b"tick_array", seed_of(pool), start.to_bytes(4, signed=True))


def extension_address(pool: str) -> str:
    """Return where the bitmap of the arrays far from price 1 is."""
    return derived_address(PROGRAM, b"pool_tick_array_bitmap_extension", seed_of(pool))


def moving_addresses(accounts: Accounts, address: str, arrays: int) -> tuple[str, ...]:
    """Return the accounts that a quote needs as they are now: the pool, so many tick arrays on each
    side of the price it has in `accounts`, and the extended bitmap where it has one."""
    pool = content_of(accounts, address, POOL)
    width = _width(pool)
    starts = [index * width for index in nearest(_bitmap(accounts, pool), _index(pool), arrays)]
    needs_extension = pool.u16(235) < _SPACING_WITHOUT_EXTENSION
    extension = (extension_address(address),) if needs_extension else ()
    return (address, *extension, *(tick_array_address(address, start) for start in starts))


def settled_addresses(accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that hardly change: the configuration and the mints."""
    pool = content_of(accounts, address, POOL)
    return pool.key(9), pool.key(73), pool.key(105)


def read_fee_rates(accounts: Accounts, address: str) -> FeeRates:
    """Return the rates of a configuration. Raises PoolRefusedError."""
    config = content_of(accounts, address, CONFIG)
    rates = FeeRates(config.u32(47), config.u32(43), config.u32(53))
    config.require(rates.trade < FEE_RATE_DENOMINATOR, "the fee takes everything")
    return rates


def decode(
    accounts: Accounts, address: str, clock: Clock, rates: FeeRates | None = None
) -> ConcentratedPool:
    """Return the pool at `address` as it stood at the clock's time; without its configuration's
    account when the rates are given. Raises PoolRefusedError."""
    pool = content_of(accounts, address, POOL)
    if pool.u8(389) & _SWAP_IS_OFF:
        raise ClosedPoolError(address, "swaps are switched off")
    if clock.unix_seconds <= pool.u64(1080):
        raise ClosedPoolError(address, "the pool is not open yet")
    pool.require(pool.u16(235) > 0, "the ticks have no spacing")
    rates = rates or read_fee_rates(accounts, pool.key(9))
    decoded = ConcentratedPool(
        address=address,
        venue="raydium",
        mint_a=Mint(pool.key(73)),
        mint_b=Mint(pool.key(105)),
        sqrt_price_x64=pool.u128(253),
        tick_current=pool.i32(269),
        liquidity=pool.u128(237),
        tick_spacing=pool.u16(235),
        trade_fee_rate=rates.trade,
        protocol_fee_rate=rates.protocol,
        fund_fee_rate=rates.fund,
        fee_on=pool.choice(390, CollectFeeOn, "the token of the fee"),
        ticks=_known_ticks(accounts, pool),
        dynamic_fee=_dynamic_fee(pool) if any(pool.data[1096:1176]) else None,
    )
    _check(decoded, pool)
    return decoded


def _width(pool: Content) -> int:
    """How many ticks an array spans."""
    return TICKS_PER_ARRAY * pool.u16(235)


def _index(pool: Content) -> int:
    return pool.i32(269) // _width(pool)


def _bitmap(accounts: Accounts, pool: Content) -> Bitmap:
    default = pool.data[BITMAP_OFFSET : BITMAP_OFFSET + BITMAP_BYTES]
    address = extension_address(pool.address)
    if pool.u16(235) >= _SPACING_WITHOUT_EXTENSION or address not in accounts:
        return extended(default, b"", b"")
    extension = content_of(accounts, address, BITMAP_EXTENSION)
    extension.require(extension.key(8) == pool.address, "the bitmap is of another pool")
    rows = [
        extension.data[offset : offset + ROW_BYTES]
        for offset in range(EXTENSION_OFFSET, BITMAP_EXTENSION.size, ROW_BYTES)
    ]
    above, below = rows[:EXTENSION_ROWS], rows[EXTENSION_ROWS : 2 * EXTENSION_ROWS]
    return extended(default, b"".join(reversed(below)), b"".join(above))


def _known_ticks(accounts: Accounts, pool: Content) -> tuple[Tick, ...]:
    read = partial(_read_array, accounts, pool)
    arrays = known_arrays(_bitmap(accounts, pool), _index(pool), read)
    return tuple(tick for ticks in arrays.values() for tick in ticks)


def _read_array(accounts: Accounts, pool: Content, index: int) -> Sequence[Tick] | None:
    """The initialized ticks of an array, or None when it was not read."""
    start = index * _width(pool)
    address = tick_array_address(pool.address, start)
    if address not in accounts:
        return None
    array = content_of(accounts, address, TICK_ARRAY)
    array.require(array.key(8) == pool.address, "the ticks are of another pool")
    array.require(array.i32(40) == start, "the ticks begin elsewhere")
    ticks = []
    end = TICKS_OFFSET + TICKS_PER_ARRAY * TICK.size
    content = TICK.iter_unpack(array.data[TICKS_OFFSET:end])
    for place, (number, net_low, net_high, gross_low, gross_high, *orders) in enumerate(content):
        tick = Tick(number, net_high << 64 | net_low, gross_high << 64 | gross_low, sum(orders))
        if tick.liquidity_gross or tick.orders:
            is_in_place = number == start + place * pool.u16(235)
            array.require(is_in_place, f"tick {number} is in another's place")
            ticks.append(tick)
    return ticks


def _dynamic_fee(pool: Content) -> DynamicFee:
    return DynamicFee(
        filter_period=pool.u16(1096),
        decay_period=pool.u16(1098),
        reduction_factor=pool.u16(1100),
        dynamic_fee_control=pool.u32(1102),
        max_volatility_accumulator=pool.u32(1106),
        tick_spacing_index_reference=pool.i32(1110),
        volatility_reference=pool.u32(1114),
        volatility_accumulator=pool.u32(1118),
        last_update_timestamp=pool.u64(1122),
    )


def _check(decoded: ConcentratedPool, pool: Content) -> None:
    current = decoded.tick_current
    pool.require(MIN_TICK <= current < MAX_TICK, "the current tick is out of range")
    lowest, highest = sqrt_price_at(current), sqrt_price_at(current + 1)
    is_there = lowest <= decoded.sqrt_price_x64 <= highest
    pool.require(is_there, "the price is not that of the current tick")
    liquidity = decoded.liquidity
    for tick in reversed([tick for tick in decoded.ticks if tick.tick <= current]):
        liquidity -= tick.liquidity_net
        pool.require(liquidity >= 0, "the ticks below take more liquidity than there is")
    liquidity = decoded.liquidity
    for tick in (tick for tick in decoded.ticks if tick.tick > current):
        liquidity += tick.liquidity_net
        pool.require(liquidity >= 0, "the ticks above take more liquidity than there is")
