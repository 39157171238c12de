"""Accounts of the main network, byte for byte, made from pools for decoders to read back."""

from collections import defaultdict
from hashlib import sha256

from chalicelib.domain.base58 import address_of, bytes_of
from chalicelib.domain.pools.clmm.pool import ConcentratedPool
from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.damm_v2.fees import (
    ConstantFee,
    ExponentialFee,
    LinearFee,
    MarketCapFee,
    RateLimiter,
)
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.solana import clmm, dlmm
from chalicelib.solana.accounts import CLOCK_ADDRESS, CLOCK_OWNER, Account, Clock
from chalicelib.solana.instructions import SWAP_PROGRAMS
from chalicelib.solana.token_accounts import TOKEN_2022_PROGRAM, TOKEN_PROGRAM

AUTHORITY = "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL"
CLMM_WIDTH, DLMM_WIDTH = 60, 70


def address(name: str) -> str:
    """An address that nothing else has."""
    return address_of(sha256(name.encode()).digest())


CONFIG, VAULT_A, VAULT_B = address("config"), address("vault a"), address("vault b")


class Writer:
    """The data of one account, written by offset."""

    def __init__(self, size, name=None):
        self.data = bytearray(size)
        if name:
            self.data[:8] = sha256(f"account:{name}".encode()).digest()[:8]

    def put(self, offset, size, number):
        self.data[offset : offset + size] = number.to_bytes(size, "little", signed=number < 0)

    def put_all(self, size, numbers):
        for offset, number in numbers.items():
            self.put(offset, size, number)

    def put_keys(self, keys):
        for offset, key in keys.items():
            self.data[offset : offset + 32] = bytes_of(key)

    def of(self, owner):
        return Account(owner, bytes(self.data))


def encode_clock(clock: Clock):
    writer = Writer(40)
    writer.put_all(8, {0: clock.slot, 16: clock.epoch, 32: clock.unix_seconds})
    return {CLOCK_ADDRESS: writer.of(CLOCK_OWNER)}


def encode_mint(decimals=6, extensions=None):
    """A mint; with extensions, values by type, it is one of Token-2022."""
    if extensions is None:
        writer = Writer(82)
        writer.put(44, 1, decimals)
        return writer.of(TOKEN_PROGRAM)
    writer = Writer(166)
    writer.put(44, 1, decimals)
    writer.data[165] = 1
    for kind, value in extensions.items():
        writer.data += kind.to_bytes(2, "little") + len(value).to_bytes(2, "little") + value
    return writer.of(TOKEN_2022_PROGRAM)


def encode_transfer_fee(older, newer):
    """Two fees, each the epoch it counts from, its maximum, its bps."""
    writer = Writer(108)
    for offset, (epoch, most, bps) in ((72, older), (90, newer)):
        writer.put_all(8, {offset: epoch, offset + 8: most})
        writer.put(offset + 16, 2, bps)
    return bytes(writer.data)


def encode_vault(mint, amount, owner=AUTHORITY):
    writer = Writer(165)
    writer.put_keys({0: mint, 32: owner})
    writer.put(64, 8, amount)
    writer.put(108, 1, 1)
    return writer.of(TOKEN_PROGRAM)


def encode(pool):
    """The accounts of a pool by address, its mints among them, swaps open."""
    encoders = {
        ConstantProductPool: encode_cpmm,
        ConcentratedPool: encode_clmm,
        BinPool: encode_dlmm,
        DammV2Pool: encode_damm_v2,
    }
    mints = {mint: encode_mint() for mint in (pool.mint_a, pool.mint_b)}
    return encoders[type(pool)](pool, SWAP_PROGRAMS[pool.kind]) | mints


def encode_cpmm(pool, program):
    account, config = Writer(637, "PoolState"), Writer(236, "AmmConfig")
    account.put_keys({8: CONFIG, 72: VAULT_A, 104: VAULT_B, 168: pool.mint_a, 200: pool.mint_b})
    account.put_all(8, {341: pool.protocol_fees_0, 349: pool.protocol_fees_1})
    account.put_all(8, {357: pool.fund_fees_0, 365: pool.fund_fees_1})
    account.put_all(8, {397: pool.creator_fees_0, 405: pool.creator_fees_1})
    account.put_all(1, {389: pool.creator_fee_on, 390: int(pool.enable_creator_fee)})
    config.put_all(8, {12: pool.trade_fee_rate, 20: pool.protocol_fee_rate})
    config.put_all(8, {28: pool.fund_fee_rate, 108: pool.creator_fee_rate})
    return {
        pool.address: account.of(program),
        CONFIG: config.of(program),
        VAULT_A: encode_vault(pool.mint_a, pool.vault_0),
        VAULT_B: encode_vault(pool.mint_b, pool.vault_1),
    }


def encode_clmm(pool, program):
    account, config = Writer(1544, "PoolState"), Writer(117, "AmmConfig")
    account.put_keys({9: CONFIG, 73: pool.mint_a, 105: pool.mint_b})
    account.put(235, 2, pool.tick_spacing)
    account.put_all(16, {237: pool.liquidity, 253: pool.sqrt_price_x64})
    account.put(269, 4, pool.tick_current)
    account.put(390, 1, pool.fee_on)
    if pool.dynamic_fee:
        put_clmm_dynamic_fee(account, pool.dynamic_fee)
    config.put_all(4, {43: pool.protocol_fee_rate, 47: pool.trade_fee_rate})
    config.put(53, 4, pool.fund_fee_rate)
    arrays = defaultdict(list)
    width = CLMM_WIDTH * pool.tick_spacing
    for tick in pool.ticks:
        arrays[tick.tick // width].append(tick)
    accounts = {CONFIG: config.of(program)}
    extension = Writer(1832, "TickArrayBitmapExtension")
    extension.put_keys({8: pool.address})
    for index, ticks in arrays.items():
        row, bit = divmod(index, 512)
        if -1 <= row <= 0:
            set_bit(account, 904, index + 512)
        else:
            set_bit(extension, 40 + 64 * (row - 1) if row > 0 else 936 + 64 * (-row - 2), bit)
        array_address = clmm.tick_array_address(pool.address, index * width)
        accounts[array_address] = encode_tick_array(pool, index * width, ticks).of(program)
    if pool.tick_spacing < 15:
        accounts[clmm.extension_address(pool.address)] = extension.of(program)
    return accounts | {pool.address: account.of(program)}


def set_bit(writer, offset, bit):
    writer.data[offset + bit // 8] |= 1 << bit % 8


def put_clmm_dynamic_fee(account, fee):
    account.put_all(2, {1096: fee.filter_period, 1098: fee.decay_period})
    account.put(1100, 2, fee.reduction_factor)
    account.put_all(4, {1102: fee.dynamic_fee_control, 1106: fee.max_volatility_accumulator})
    account.put_all(4, {1110: fee.tick_spacing_index_reference, 1114: fee.volatility_reference})
    account.put(1118, 4, fee.volatility_accumulator)
    account.put(1122, 8, fee.last_update_timestamp)


def encode_tick_array(pool, start, ticks):
    array = Writer(10_240, "TickArrayState")
    array.put_keys({8: pool.address})
    array.put(40, 4, start)
    for tick in ticks:
        offset = 44 + 168 * ((tick.tick - start) // pool.tick_spacing)
        array.put(offset, 4, tick.tick)
        array.put_all(16, {offset + 4: tick.liquidity_net, offset + 20: tick.liquidity_gross})
        part = tick.orders // 3
        array.put_all(8, {offset + 124: tick.orders - part, offset + 132: part})
    return array


def encode_dlmm(pool, program):
    account, terms, memory = Writer(904, "LbPair"), pool.parameters, pool.v_parameters
    account.put_all(2, {8: terms.base_factor, 10: terms.filter_period, 12: terms.decay_period})
    account.put_all(2, {14: terms.reduction_factor, 32: terms.protocol_share, 80: pool.bin_step})
    account.put_all(4, {16: terms.variable_fee_control, 20: terms.max_volatility_accumulator})
    account.put_all(4, {24: -443_636, 28: 443_636, 76: pool.active_id})
    account.put_all(1, {34: terms.base_fee_power_factor, 35: 2, 36: terms.collect_fee_mode})
    account.put_all(4, {40: memory.volatility_accumulator, 44: memory.volatility_reference})
    account.put(48, 4, memory.index_reference)
    account.put(56, 8, memory.last_update_timestamp)
    account.put_keys({88: pool.mint_a, 120: pool.mint_b})
    extension = Writer(1576, "BinArrayBitmapExtension")
    extension.put_keys({8: pool.address})
    arrays = defaultdict(list)
    for held in pool.bins:
        arrays[held.bin_id // DLMM_WIDTH].append(held)
    accounts = {}
    for index, bins in arrays.items():
        if -512 <= index < 512:
            set_bit(account, 584, index + 512)
        else:
            set_bit(extension, 40, index - 512) if index > 0 else set_bit(
                extension, 808, -513 - index
            )
        array_address = dlmm.bin_array_address(pool.address, index)
        accounts[array_address] = encode_bin_array(pool, index, bins).of(program)
    accounts[dlmm.extension_address(pool.address)] = extension.of(program)
    return accounts | {pool.address: account.of(program)}


def encode_bin_array(pool, index, bins):
    array = Writer(10_136, "BinArray")
    array.put(8, 8, index)
    array.put(16, 1, 2)
    array.put_keys({24: pool.address})
    orders = {each.bin_id: each for each in pool.orders}
    for held in bins:
        offset = 56 + 144 * (held.bin_id - DLMM_WIDTH * index)
        array.put_all(8, {offset: held.amount_x, offset + 8: held.amount_y})
        if held.bin_id in orders:
            _, remaining, open_amount, is_ask = orders[held.bin_id]
            array.put_all(8, {offset + 112: open_amount, offset + 128: remaining})
            array.put(offset + 140, 1, int(is_ask))
    return array


def encode_damm_v2(pool, program):
    account = Writer(1112, "Pool")
    put_base_fee(account, pool.base_fee)
    account.put_all(1, {48: pool.protocol_fee_percent, 50: pool.referral_fee_percent})
    account.put(54, 2, pool.compounding_fee_bps)
    if pool.dynamic_fee:
        put_damm_dynamic_fee(account, pool.dynamic_fee)
    account.put_keys({168: pool.mint_a, 200: pool.mint_b})
    account.put_all(16, {360: pool.liquidity, 424: pool.sqrt_min_price})
    account.put_all(16, {440: pool.sqrt_max_price, 456: pool.sqrt_price})
    account.put_all(8, {472: pool.activation_point})
    account.put_all(1, {480: pool.activation_type, 481: pool.status})
    account.put_all(1, {484: pool.collect_fee_mode, 486: pool.fee_version})
    account.put_all(8, {680: pool.token_a_amount, 688: pool.token_b_amount})
    return {pool.address: account.of(program)}


def put_base_fee(account, fee):
    account.put(8, 8, fee.cliff_fee_numerator)
    match fee:
        case ConstantFee():
            pass
        case LinearFee(_, periods, frequency, reduction):
            account.put(22, 2, periods)
            account.put_all(8, {24: frequency, 32: reduction})
        case ExponentialFee(_, periods, frequency, reduction):
            account.put(16, 1, 1)
            account.put(22, 2, periods)
            account.put_all(8, {24: frequency, 32: reduction})
        case RateLimiter(_, increment, duration, most, reference):
            account.put(16, 1, 2)
            account.put(22, 2, increment)
            account.put_all(4, {24: duration, 28: most})
            account.put(32, 8, reference)
        case MarketCapFee(_, periods, step, duration, reduction, is_exponential, first_price):
            account.put(16, 1, 4 if is_exponential else 3)
            account.put(22, 2, periods)
            account.put_all(4, {24: step, 28: duration})
            account.put(32, 8, reduction)
            account.put(152, 16, first_price)


def put_damm_dynamic_fee(account, fee):
    account.put(56, 1, 1)
    account.put_all(4, {64: fee.max_volatility_accumulator, 68: fee.variable_fee_control})
    account.put_all(2, {72: fee.bin_step, 74: fee.filter_period, 76: fee.decay_period})
    account.put(78, 2, fee.reduction_factor)
    account.put(80, 8, fee.last_update_timestamp)
    account.put_all(16, {88: fee.bin_step_u128, 104: fee.sqrt_price_reference})
    account.put_all(16, {120: fee.volatility_accumulator, 136: fee.volatility_reference})


def patched(accounts, where, offset, content):
    """The accounts with a few bytes of one changed."""
    owner, data = accounts[where]
    changed = data[:offset] + content + data[offset + len(content) :]
    return {**accounts, where: Account(owner, changed)}
