"""Meteora DLMM: a pair from its account and the bin arrays around its active bin.

The bins end before the first array that exists and was not read: no swap goes over a hole.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from functools import partial
from typing import NamedTuple

from chalicelib.domain.pools.damm_v2.modes import ActivationType
from chalicelib.domain.pools.dlmm.bins import Bin, BinOrders, bin_price
from chalicelib.domain.pools.dlmm.fees import (
    CollectFeeMode,
    StaticParameters,
    VariableParameters,
)
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.pools.rejections import AmountOverflowError
from chalicelib.domain.tokens import Mint
from chalicelib.solana.accounts import Accounts, Clock, Content, Kind, content_of
from chalicelib.solana.addresses import derived_address, seed_of
from chalicelib.solana.bitmaps import ROW_BITS, ROW_BYTES, Bitmap, extended, known_arrays, nearest
from chalicelib.solana.instructions import SWAP_PROGRAMS
from chalicelib.solana.refusals import ClosedPoolError, UnsupportedPoolError

PROGRAM = SWAP_PROGRAMS[PoolKind.DLMM]
PAIR = Kind(PROGRAM, "LbPair", 904)
BIN_ARRAY = Kind(PROGRAM, "BinArray", 10_136)
BITMAP_EXTENSION = Kind(PROGRAM, "BinArrayBitmapExtension", 1576)

BINS_PER_ARRAY = 70
BINS_OFFSET = 56
# Amounts of X and Y, the price as two halves; limit orders: open, partly filled, and their side.
BIN = struct.Struct("<QQQQ80xQ8xQ4xB3x")
# Before this version of an array, its bins had counters where they have limit orders now.
VERSION_WITH_ORDERS = 2
ORDERS_IN_BIN = slice(112, 144)
BITMAP_OFFSET = 584
BITMAP_BYTES = 128
EXTENSION_ROWS = 12
EXTENSION_OFFSET = 40
# The bitmap of the pair itself covers the arrays from -512 to 511.
_DEFAULT_ARRAYS = range(-ROW_BITS, ROW_BITS)

_NO_MINT = bytes(32)


class PairType(IntEnum):
    """Who made the pair; some of them choose when it begins to swap."""

    PERMISSIONLESS = 0
    PERMISSION = 1
    CUSTOMIZABLE_PERMISSIONLESS = 2
    PERMISSIONLESS_V2 = 3


class FunctionType(IntEnum):
    """What a pair's bins keep beside their reserves; of old pairs it depends on their rewards."""

    UNDETERMINED = 0
    LIQUIDITY_MINING = 1
    LIMIT_ORDER = 2


class _Array(NamedTuple):
    bins: Sequence[Bin]
    orders: Sequence[BinOrders]


def bin_array_address(pair: str, index: int) -> str:
    """Return where the array of the bins from 70 · index on is."""
    seed = index.to_bytes(8, "little", signed=True)
    return derived_address(PROGRAM, b"bin_array", seed_of(pair), seed)


def extension_address(pair: str) -> str:
    """Return where the bitmap of the arrays far from price 1 is."""
    return derived_address(PROGRAM, b"bitmap", seed_of(pair))


def moving_addresses(accounts: Accounts, address: str, arrays: int) -> tuple[str, ...]:
    """Return the accounts that a quote needs as they are now: the pair, so many bin arrays on each
    side of the active bin it has in `accounts`, and the extended bitmap where they are near it."""
    pair = content_of(accounts, address, PAIR)
    index = _index(pair)
    indices = nearest(_bitmap(accounts, pair), index, arrays)
    is_near = index - arrays not in _DEFAULT_ARRAYS or index + arrays not in _DEFAULT_ARRAYS
    extension = (extension_address(address),) if is_near else ()
    return (address, *extension, *(bin_array_address(address, each) for each in indices))


def settled_addresses(accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that hardly change: the mints."""
    pair = content_of(accounts, address, PAIR)
    return pair.key(88), pair.key(120)


def decode(accounts: Accounts, address: str, clock: Clock) -> BinPool:
    """Return the pair at `address` as it stood at the clock's time. Raises PoolRefusedError."""
    pair = content_of(accounts, address, PAIR)
    _require_open(pair, clock)
    active_id = pair.i32(76)
    pair.require(pair.u16(80) > 0, "the bins have no step")
    pair.require(pair.i32(24) <= active_id <= pair.i32(28), "the active bin is out of range")
    read = partial(_read_array, accounts, pair)
    arrays = known_arrays(_bitmap(accounts, pair), _index(pair), read)
    return BinPool(
        address=address,
        venue="meteora",
        mint_a=Mint(pair.key(88)),
        mint_b=Mint(pair.key(120)),
        active_id=active_id,
        bin_step=pair.u16(80),
        bins=tuple(each for array in arrays.values() for each in array.bins),
        parameters=_parameters(pair),
        v_parameters=VariableParameters(
            volatility_accumulator=pair.u32(40),
            volatility_reference=pair.u32(44),
            index_reference=pair.i32(48),
            last_update_timestamp=pair.i64(56),
        ),
        orders=tuple(each for array in arrays.values() for each in array.orders),
    )


def _require_open(pair: Content, clock: Clock) -> None:
    if pair.u8(82) != 0:
        raise ClosedPoolError(pair.address, "swaps are switched off")
    pair_type = pair.choice(75, PairType, "the type of the pair")
    if pair_type in (PairType.PERMISSIONLESS, PairType.PERMISSIONLESS_V2):
        return
    activation = pair.choice(86, ActivationType, "the activation type")
    point = clock.slot if activation is ActivationType.SLOT else clock.unix_seconds
    if point < pair.u64(816):
        raise ClosedPoolError(pair.address, "the pair is not active yet")


def _parameters(pair: Content) -> StaticParameters:
    return StaticParameters(
        base_factor=pair.u16(8),
        base_fee_power_factor=pair.u8(34),
        variable_fee_control=pair.u32(16),
        filter_period=pair.u16(10),
        decay_period=pair.u16(12),
        reduction_factor=pair.u16(14),
        max_volatility_accumulator=pair.u32(20),
        protocol_share=pair.u16(32),
        collect_fee_mode=pair.choice(36, CollectFeeMode, "the mode of collecting fees"),
    )


def _takes_orders(pair: Content) -> bool:
    match pair.choice(35, FunctionType, "the function type"):
        case FunctionType.UNDETERMINED:
            return pair.data[264:296] == pair.data[408:440] == _NO_MINT
        case function_type:
            return function_type is FunctionType.LIMIT_ORDER


def _index(pair: Content) -> int:
    return pair.i32(76) // BINS_PER_ARRAY


def _bitmap(accounts: Accounts, pair: Content) -> Bitmap:
    default = pair.data[BITMAP_OFFSET : BITMAP_OFFSET + BITMAP_BYTES]
    address = extension_address(pair.address)
    if address not in accounts:
        return extended(default, b"", b"")
    extension = content_of(accounts, address, BITMAP_EXTENSION)
    extension.require(extension.key(8) == pair.address, "the bitmap is of another pair")
    middle = EXTENSION_OFFSET + EXTENSION_ROWS * ROW_BYTES
    above = extension.data[EXTENSION_OFFSET:middle]
    # Its bits go downwards from the first array below those of the pair's own bitmap.
    below = int.from_bytes(extension.data[middle:], "little")
    size = EXTENSION_ROWS * ROW_BITS
    ascending = int(f"{below:0{size}b}"[::-1], 2)
    return extended(default, ascending.to_bytes(size // 8, "little"), above)


def _read_array(accounts: Accounts, pair: Content, index: int) -> _Array | None:
    """The bins of an array that hold something, or None when it was not read."""
    address = bin_array_address(pair.address, index)
    if address not in accounts:
        return None
    array = content_of(accounts, address, BIN_ARRAY)
    array.require(array.key(24) == pair.address, "the bins are of another pair")
    array.require(array.i64(8) == index, "the bins are others")
    takes_orders = _takes_orders(pair)
    if takes_orders:
        _refuse_old_counters(array)
    bins, orders, bin_step = [], [], pair.u16(80)
    for bin_id, content in enumerate(
        BIN.iter_unpack(array.data[BINS_OFFSET:]), start=index * BINS_PER_ARRAY
    ):
        amount_x, amount_y, price_low, price_high, open_amount, remaining, side = content
        has_orders = takes_orders and (open_amount or remaining)
        if not (amount_x or amount_y or has_orders):
            continue
        _check_price(array, price_high << 64 | price_low, bin_id, bin_step)
        bins.append(Bin(bin_id, amount_x, amount_y))
        if has_orders:
            orders.append(BinOrders(bin_id, remaining, open_amount, side != 0))
    return _Array(bins, orders)


def _refuse_old_counters(array: Content) -> None:
    if array.u8(16) >= VERSION_WITH_ORDERS:
        return
    for offset in range(BINS_OFFSET, BIN_ARRAY.size, BIN.size):
        if any(array.data[offset : offset + BIN.size][ORDERS_IN_BIN]):
            reason = "the bins hold counters of an old layout where limit orders are now"
            raise UnsupportedPoolError(array.address, reason)


def _check_price(array: Content, price: int, bin_id: int, bin_step: int) -> None:
    """A price that is not stored yet is 0."""
    try:
        is_price = price in (0, bin_price(bin_id, bin_step))
    except AmountOverflowError:
        is_price = False
    array.require(is_price, f"the price of bin {bin_id} is another's")
