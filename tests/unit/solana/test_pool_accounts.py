"""Accounts of the main network become the pools that they were written from, or are refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.ticks import sqrt_price_at
from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.damm_v2.fees import ConstantFee
from chalicelib.domain.pools.damm_v2.modes import (
    ActivationType,
    PoolStatus,
)
from chalicelib.domain.pools.damm_v2.modes import (
    CollectFeeMode as DammCollectFeeMode,
)
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.dlmm.bins import Bin, BinOrders
from chalicelib.domain.pools.dlmm.fees import (
    CollectFeeMode,
    StaticParameters,
    VariableParameters,
)
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.pools.q64 import Q64
from chalicelib.domain.pools.rejections import InsufficientLiquidityError, QuoteError
from chalicelib.domain.pools.restricted import RestrictedPool
from chalicelib.solana import clmm, dlmm
from chalicelib.solana.accounts import Account, read_clock
from chalicelib.solana.pools import decode_pool, moving_addresses, settled_addresses
from chalicelib.solana.refusals import (
    ClosedPoolError,
    InconsistentPoolError,
    MissingAccountError,
    UnsupportedPoolError,
    WrongAccountError,
)
from tests.account_encoding import (
    CONFIG,
    VAULT_A,
    VAULT_B,
    address,
    encode,
    encode_clock,
    encode_mint,
    encode_transfer_fee,
    encode_vault,
    patched,
)
from tests.pool_strategies import MINT_A, MINT_B, NOW, POOL, SHARED, amounts, pools

CPMM = ConstantProductPool(
    **SHARED, venue="raydium", vault_0=10**12, vault_1=10**12, trade_fee_rate=2_500
)
CLMM = ConcentratedPool(
    **SHARED,
    venue="raydium",
    sqrt_price_x64=sqrt_price_at(5),
    tick_current=5,
    liquidity=10**12,
    tick_spacing=1,
    trade_fee_rate=400,
    protocol_fee_rate=120_000,
    fund_fee_rate=40_000,
    fee_on=CollectFeeOn.FROM_INPUT,
    ticks=(
        Tick(-250, 10**12, 10**12),
        Tick(20, 0, 10**12),
        Tick(100, 0, 10**12),
        Tick(250, -(10**12), 10**12),
    ),
)
DLMM = BinPool(
    **SHARED,
    venue="meteora",
    active_id=5,
    bin_step=10,
    bins=(Bin(-150, 0, 10**9), Bin(-1, 0, 10**9), Bin(5, 10**9, 10**9), Bin(150, 10**9, 0)),
    parameters=StaticParameters(10_000, 0, 0, 30, 600, 5_000, 350_000, 500, CollectFeeMode(0)),
    v_parameters=VariableParameters(0, 0, 5, 0),
    orders=(BinOrders(5, 10**6, 10**6, True),),
)
DAMM = DammV2Pool(
    **SHARED,
    venue="meteora",
    status=PoolStatus.ENABLE,
    activation_type=ActivationType.TIMESTAMP,
    activation_point=0,
    collect_fee_mode=DammCollectFeeMode.BOTH_TOKEN,
    fee_version=0,
    sqrt_price=Q64,
    sqrt_min_price=Q64 // 2,
    sqrt_max_price=Q64 * 2,
    liquidity=10**9 * Q64,
    token_a_amount=0,
    token_b_amount=0,
    protocol_fee_percent=20,
    referral_fee_percent=20,
    compounding_fee_bps=0,
    base_fee=ConstantFee(2_500_000),
    dynamic_fee=None,
)
ALL = [CPMM, CLMM, DLMM, DAMM]
LATER = (NOW.unix_seconds + 1).to_bytes(8, "little")
TICKS_HERE = clmm.tick_array_address(POOL, 0)
BINS_HERE = dlmm.bin_array_address(POOL, 0)


def decoded(pool, accounts):
    return decode_pool(pool.kind, accounts, POOL, NOW)


def amounts_of(pool, mode, mint, amount):
    ask = pool.quote_exact_in if mode is SwapMode.EXACT_IN else pool.quote_exact_out
    try:
        quote = ask(mint, amount, NOW.moment)
    except QuoteError as refusal:
        return refusal.code
    return quote.amount_in, quote.amount_out


@settings(max_examples=100, deadline=None)
@given(pools, amounts)
def test_pool_and_its_quotes_are_the_same_when_read_back(pool, amount):
    read = decoded(pool, encode(pool))

    assert read == pool
    for mode in SwapMode:
        for mint in (MINT_A, MINT_B):
            assert amounts_of(read, mode, mint, amount) == amounts_of(pool, mode, mint, amount)


@settings(max_examples=100, deadline=None)
@given(pools)
def test_pool_reads_from_the_accounts_that_it_names(pool):
    accounts = encode(pool)
    named = {
        *moving_addresses(pool.kind, accounts, POOL),
        *settled_addresses(pool.kind, accounts, POOL),
    }

    read = decoded(pool, {each: accounts[each] for each in named & accounts.keys()})

    if pool.kind is not PoolKind.CLMM:
        assert read == pool
        return
    # Its ticks may be in more arrays than are read.
    assert read == replace(pool, ticks=read.ticks)
    assert set(read.ticks) <= set(pool.ticks)


@pytest.mark.parametrize("pool", ALL, ids=lambda pool: pool.kind)
class TestAnyAccount:
    def test_is_refused_when_another_program_owns_it(self, pool):
        accounts = encode(pool)
        accounts[POOL] = Account(address("program"), accounts[POOL].data)

        with pytest.raises(WrongAccountError, match="not an account of"):
            decoded(pool, accounts)

    def test_is_refused_when_its_discriminator_is_another(self, pool):
        with pytest.raises(WrongAccountError, match="discriminator"):
            decoded(pool, patched(encode(pool), POOL, 0, b"\0"))

    def test_is_refused_when_it_is_cut_short(self, pool):
        accounts = encode(pool)
        accounts[POOL] = Account(accounts[POOL].owner, accounts[POOL].data[:-1])

        with pytest.raises(WrongAccountError, match="bytes"):
            decoded(pool, accounts)

    def test_is_missed_when_it_was_not_read(self, pool):
        accounts = encode(pool)
        for each in (POOL, MINT_A):
            with pytest.raises(MissingAccountError) as caught:
                decoded(pool, {a: account for a, account in accounts.items() if a != each})
            assert caught.value.address == each


CLOSED = [
    pytest.param(CPMM, 329, b"\x04", id="cpmm-status"),
    pytest.param(CPMM, 373, LATER, id="cpmm-opens-later"),
    pytest.param(CLMM, 389, b"\x10", id="clmm-status"),
    pytest.param(CLMM, 1080, NOW.unix_seconds.to_bytes(8, "little"), id="clmm-opens-now"),
    pytest.param(DLMM, 82, b"\x01", id="dlmm-status"),
]
OPEN = [
    pytest.param(CPMM, 329, b"\x03", id="cpmm-no-deposits"),
    pytest.param(CPMM, 373, NOW.unix_seconds.to_bytes(8, "little"), id="cpmm-opens-now"),
    pytest.param(CLMM, 389, b"\x0f", id="clmm-no-positions"),
    pytest.param(DLMM, 816, LATER, id="dlmm-permissionless-has-no-activation"),
]


@pytest.mark.parametrize(("pool", "offset", "content"), CLOSED)
def test_pool_is_refused_when_it_does_not_swap(pool, offset, content):
    with pytest.raises(ClosedPoolError):
        decoded(pool, patched(encode(pool), POOL, offset, content))


@pytest.mark.parametrize(("pool", "offset", "content"), OPEN)
def test_pool_is_read_when_only_something_else_is_off(pool, offset, content):
    assert decoded(pool, patched(encode(pool), POOL, offset, content)) == pool


@pytest.mark.parametrize("pair_type", [1, 2])
@pytest.mark.parametrize(("by_time", "point"), [(0, NOW.slot), (1, NOW.unix_seconds)])
def test_pair_is_refused_until_its_activation(pair_type, by_time, point):
    accounts = patched(encode(DLMM), POOL, 75, bytes([pair_type]))
    accounts = patched(accounts, POOL, 86, bytes([by_time]))

    assert decoded(DLMM, patched(accounts, POOL, 816, point.to_bytes(8, "little"))) == DLMM
    with pytest.raises(ClosedPoolError, match="not active"):
        decoded(DLMM, patched(accounts, POOL, 816, (point + 1).to_bytes(8, "little")))


@pytest.mark.parametrize(
    ("pool", "offset"),
    [
        *((CPMM, 389), (CLMM, 390), (DLMM, 35), (DLMM, 36), (DLMM, 75)),
        *((DAMM, 16), (DAMM, 480), (DAMM, 481), (DAMM, 484), (DAMM, 486)),
    ],
)
def test_pool_is_refused_by_name_when_a_mode_is_unknown(pool, offset):
    with pytest.raises(UnsupportedPoolError, match=" 9 is not known"):
        decoded(pool, patched(encode(pool), POOL, offset, b"\x09"))


INCONSISTENT = [
    pytest.param(CPMM, POOL, 341, b"\xff" * 8, id="cpmm-fees-above-vault"),
    pytest.param(CPMM, VAULT_A, 0, bytes(32), id="cpmm-vault-of-another-mint"),
    pytest.param(CPMM, VAULT_B, 32, bytes(32), id="cpmm-vault-of-another-owner"),
    pytest.param(CPMM, CONFIG, 12, b"\xff" * 8, id="cpmm-fee-of-everything"),
    pytest.param(CLMM, POOL, 269, b"\x07\0\0\0", id="clmm-tick-without-price"),
    pytest.param(CLMM, POOL, 237, b"\0" * 16, id="clmm-less-liquidity-than-ticks-take"),
    pytest.param(CLMM, CONFIG, 47, b"\xff" * 4, id="clmm-fee-of-everything"),
    pytest.param(CLMM, TICKS_HERE, 8, bytes(32), id="clmm-ticks-of-another-pool"),
    pytest.param(CLMM, TICKS_HERE, 40, b"\x3c\0\0\0", id="clmm-ticks-of-another-place"),
    pytest.param(CLMM, TICKS_HERE, 44 + 20 * 168, b"\x15\0\0\0", id="clmm-tick-of-another-place"),
    pytest.param(DLMM, POOL, 28, b"\x04\0\0\0", id="dlmm-active-bin-above-the-last"),
    pytest.param(DLMM, BINS_HERE, 24, bytes(32), id="dlmm-bins-of-another-pair"),
    pytest.param(DLMM, BINS_HERE, 8, b"\x01", id="dlmm-bins-of-another-place"),
    pytest.param(DLMM, BINS_HERE, 56 + 5 * 144 + 16, b"\x01", id="dlmm-price-of-another-bin"),
    pytest.param(DAMM, POOL, 456, b"\x01" + bytes(15), id="damm-price-below-the-range"),
]


@pytest.mark.parametrize(("pool", "where", "offset", "content"), INCONSISTENT)
def test_pool_is_refused_when_its_accounts_contradict_each_other(pool, where, offset, content):
    with pytest.raises(InconsistentPoolError):
        decoded(pool, patched(encode(pool), where, offset, content))


@pytest.mark.parametrize("vault", [VAULT_A, VAULT_B])
def test_pool_is_refused_when_a_vault_is_frozen(vault):
    with pytest.raises(ClosedPoolError, match="frozen"):
        decoded(CPMM, patched(encode(CPMM), vault, 108, b"\x02"))


def test_vault_is_refused_when_it_is_no_token_account():
    accounts = encode(CPMM) | {VAULT_A: encode_vault(MINT_A, 1)._replace(owner=address("program"))}

    with pytest.raises(WrongAccountError, match="token program"):
        decoded(CPMM, accounts)


@pytest.mark.parametrize(
    ("pool", "missing", "known", "within", "beyond"),
    [
        (CLMM, clmm.tick_array_address(POOL, 60), (-250, 20), 20, 21),
        (CLMM, clmm.tick_array_address(POOL, 0), (), None, -250),
        (DLMM, dlmm.bin_array_address(POOL, 2), (-150, -1, 5), 5, 150),
        (DLMM, dlmm.bin_array_address(POOL, -3), (-1, 5, 150), -1, -150),
    ],
)
def test_nothing_is_known_beyond_the_first_array_not_read(pool, missing, known, within, beyond):
    accounts = {each: account for each, account in encode(pool).items() if each != missing}

    read = decoded(pool, accounts)

    numbers = [tick.tick for tick in read.ticks] if pool is CLMM else [b.bin_id for b in read.bins]
    assert tuple(numbers) == known
    mint = MINT_A if beyond < 0 else MINT_B
    with pytest.raises(InsufficientLiquidityError):
        read.quote_exact_in(mint, 10**13, NOW.moment)


@pytest.mark.parametrize("tick_current", [-40_000, -30_721, 30_720, 400_000])
def test_ticks_far_from_price_one_are_found_by_the_extended_bitmap(tick_current):
    ticks = (Tick(tick_current - 70, 10**6, 10**6), Tick(tick_current + 70, -(10**6), 10**6))
    pool = replace(
        CLMM,
        tick_current=tick_current,
        sqrt_price_x64=sqrt_price_at(tick_current),
        liquidity=10**6,
        ticks=ticks,
    )
    accounts = encode(pool)
    extension = clmm.extension_address(POOL)

    assert decoded(pool, accounts) == pool
    assert extension in moving_addresses(PoolKind.CLMM, accounts, POOL)
    without = {each: account for each, account in accounts.items() if each != extension}
    assert set(decoded(pool, without).ticks) < set(ticks)


@pytest.mark.parametrize("active_id", [-40_000, -35_841, 35_840, 80_000])
def test_bins_far_from_price_one_are_found_by_the_extended_bitmap(active_id):
    bins = tuple(Bin(active_id + step, *held) for step, held in ((-75, (0, 9)), (75, (9, 0))))
    pool = replace(DLMM, active_id=active_id, bin_step=1, bins=bins, orders=())
    accounts = encode(pool)

    assert decoded(pool, accounts) == pool
    assert dlmm.extension_address(POOL) in moving_addresses(PoolKind.DLMM, accounts, POOL)


def test_three_arrays_on_each_side_are_named_when_there_are_more():
    bins = tuple(Bin(70 * index, *(0, 9) if index < 0 else (9, 0)) for index in range(-9, 9))
    pool = replace(DLMM, bins=bins, orders=())

    named = moving_addresses(PoolKind.DLMM, encode(pool), POOL)

    # Its own array counts on both sides.
    assert named == (POOL, *(dlmm.bin_array_address(POOL, index) for index in range(-2, 3)))


def test_old_counters_are_refused_where_they_would_be_taken_for_orders():
    accounts = patched(encode(DLMM), BINS_HERE, 16, b"\x01")

    with pytest.raises(UnsupportedPoolError, match="old layout"):
        decoded(DLMM, accounts)
    assert decoded(DLMM, patched(accounts, POOL, 35, b"\x01")) == replace(DLMM, orders=())


@pytest.mark.parametrize(("rewarded", "orders"), [(False, DLMM.orders), (True, ())])
def test_old_pair_takes_orders_when_it_has_no_rewards(rewarded, orders):
    accounts = patched(encode(DLMM), POOL, 35, b"\0")
    if rewarded:
        accounts = patched(accounts, POOL, 408, b"\x01")

    assert decoded(DLMM, accounts) == replace(DLMM, orders=orders)


FEE = encode_transfer_fee((0, 100, 300), (NOW.epoch + 1, 7, 500))


class TestMint:
    @pytest.mark.parametrize(("epoch", "bps", "most"), [(NOW.epoch, 300, 100), (10**4, 500, 7)])
    def test_transfer_fee_is_that_of_the_epoch(self, epoch, bps, most):
        accounts = encode(CPMM) | {MINT_B: encode_mint(extensions={1: FEE, 19: b"name"})}

        read = decode_pool(PoolKind.CPMM, accounts, POOL, NOW._replace(epoch=epoch))

        assert read == RestrictedPool(
            pool=CPMM, mint=MINT_B, transfer_fee_bps=bps, transfer_fee_max=most
        )

    def test_both_fees_are_taken_when_both_mints_have_one(self):
        taxed = encode_mint(extensions={1: FEE})
        read = decoded(CPMM, encode(CPMM) | {MINT_A: taxed, MINT_B: taxed})

        quote = read.quote_exact_in(MINT_A, 1_000_000, NOW.moment)

        inner = CPMM.quote_exact_in(MINT_A, 1_000_000 - 100, NOW.moment)
        assert quote.amount_out == inner.amount_out - 100

    @pytest.mark.parametrize(
        "extensions",
        [
            {14: bytes(32) + b"\x01" * 32},
            {26: bytes(33)},
            {9: b""},
            {6: b"\x02"},
            {99: b""},
        ],
        ids=["hook", "pause", "not transferable", "frozen", "unknown"],
    )
    def test_is_refused_when_it_has_a_rule_that_no_curve_knows(self, extensions):
        with pytest.raises(UnsupportedPoolError):
            decoded(CPMM, encode(CPMM) | {MINT_A: encode_mint(extensions=extensions)})

    def test_is_plain_when_its_hook_calls_nothing(self):
        mint = encode_mint(extensions={14: b"\x01" * 32 + bytes(32), 6: b"\x01"})

        assert decoded(CPMM, encode(CPMM) | {MINT_A: mint}) == CPMM


def test_clock_is_read_back():
    assert read_clock(encode_clock(NOW)) == NOW


@pytest.mark.parametrize(
    ("found", "known"),
    [
        (
            clmm.extension_address("3ucNos4NbumPLZNWztqGHNFFgkHeRMBQAVemeeomsUxv"),
            "4NFvUKqknMpoe6CWTzK758B8ojVLzURL5pC6MtiaJ8TQ",
        ),
        (
            dlmm.extension_address("5rCf1DM8LjKTw4YqhnoLcngyZYeNnQqztScTogYHAS6"),
            "DArpuuqJxNLRGQ8xq5ebZbobyjxSWWsPq8MqSZ2fUZLE",
        ),
        (
            dlmm.bin_array_address("5rCf1DM8LjKTw4YqhnoLcngyZYeNnQqztScTogYHAS6", -90),
            "EsMdTh8Ce3fdpQoLGhbuqrXKQnZTUQfVpKAbokm6QjYC",
        ),
        (
            clmm.tick_array_address("3ucNos4NbumPLZNWztqGHNFFgkHeRMBQAVemeeomsUxv", -24_540),
            "7SY11TPvywipPkfaMT6VX8dgK9vcPZWeTeneDBJPwyur",
        ),
    ],
)
def test_address_is_that_of_the_main_network(found, known):
    assert found == known
