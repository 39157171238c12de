"""Limit orders in ticks and bins: what they give, what is left of them, where a swap ends."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.ticks import sqrt_price_at
from chalicelib.domain.pools.dlmm.bins import Bin, BinOrders
from chalicelib.domain.pools.dlmm.fees import (
    CollectFeeMode,
    StaticParameters,
    VariableParameters,
)
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.rejections import OpenOrdersError, QuoteError
from tests.pool_strategies import (
    MINT_A,
    MINT_B,
    NOW,
    SHARED,
    amounts,
    bin_pools,
    concentrated_pools,
)

AT = NOW.moment
TICKS = ConcentratedPool(
    **SHARED,
    venue="raydium",
    sqrt_price_x64=sqrt_price_at(0),
    tick_current=0,
    liquidity=10**9,
    tick_spacing=1,
    trade_fee_rate=0,
    protocol_fee_rate=0,
    fund_fee_rate=0,
    fee_on=CollectFeeOn.FROM_INPUT,
    ticks=(
        Tick(-100, 10**9, 10**9),
        Tick(-10, 0, 0, 10**6),
        Tick(10, 0, 0, 10**6),
        Tick(100, -(10**9), 10**9),
    ),
)
BINS = BinPool(
    **SHARED,
    venue="meteora",
    active_id=0,
    bin_step=10,
    bins=(Bin(-1, 0, 0), Bin(0, 500, 500), Bin(1, 1_000, 0)),
    parameters=StaticParameters(0, 0, 0, 30, 600, 5_000, 350_000, 0, CollectFeeMode(0)),
    v_parameters=VariableParameters(0, 0, 0, 0),
    orders=(BinOrders(-1, 30, 70, False), BinOrders(0, 40, 60, True)),
)


def to_tick(pool, mint):
    """What moves the price to the tick of the orders and no further."""
    without = replace(pool, ticks=tuple(tick._replace(orders=0) for tick in pool.ticks))
    return without.step_left(mint, AT)


@pytest.mark.parametrize(("mint", "number", "current"), [(MINT_A, -10, -10), (MINT_B, 10, 9)])
class TestTick:
    def test_price_stays_at_it_while_orders_are_left(self, mint, number, current):
        quote = TICKS.quote_exact_in(mint, to_tick(TICKS, mint) + 1_000, AT)

        after = quote.pool_after
        assert after.sqrt_price_x64 == sqrt_price_at(number)
        assert after.tick_current == current
        assert 0 < 10**6 - quote.orders_after[number] <= 1_001
        assert sum(tick.orders for tick in after.ticks) == 10**6 + quote.orders_after[number]

    def test_what_is_left_of_orders_fills_the_next_swap(self, mint, number, current):
        after = TICKS.quote_exact_in(mint, to_tick(TICKS, mint) + 1_000, AT).pool_after
        again = after.quote_exact_in(mint, 2_000_000, AT)

        assert again.orders_after == {number: 0}
        assert number not in [tick.tick for tick in again.pool_after.ticks]
        assert again.pool_after.liquidity == 10**9

    def test_orders_wait_when_the_swap_ends_just_at_it(self, mint, number, current):
        quote = TICKS.quote_exact_in(mint, to_tick(TICKS, mint), AT)

        assert quote.tick_current == current
        assert quote.pool_after.ticks == TICKS.ticks


@settings(max_examples=100, deadline=None)
@given(concentrated_pools() | bin_pools(), amounts)
def test_output_alone_is_that_of_the_quote_when_there_are_orders(pool, amount):
    for mint in (MINT_A, MINT_B):
        for asked in (2 * amount, amount, amount // 2 + 1):
            assert told(pool.out_exact_in, mint, asked) == told(quoted_out(pool), mint, asked)


@pytest.mark.parametrize("ticks_known", [2, 3])
@pytest.mark.parametrize("fee_rate", [0, 30_000])
@pytest.mark.parametrize("fee_on", CollectFeeOn)
def test_output_alone_is_exact_where_orders_run_out(fee_rate, fee_on, ticks_known):
    # A unit of token 0 costs 403 of token 1: the last one takes many amounts.
    ticks = (Tick(59_000, 10**6, 10**6), Tick(60_001, 0, 0, 20), Tick(61_000, -(10**6), 10**6))
    pool = replace(
        TICKS,
        tick_current=60_000,
        sqrt_price_x64=sqrt_price_at(60_000),
        liquidity=10**6,
        trade_fee_rate=fee_rate,
        fee_on=fee_on,
        ticks=ticks[:ticks_known],
    )
    start = to_tick(pool, MINT_B)

    told(pool.out_exact_in, MINT_B, start + 20_000)
    for amount in range(start, start + 12_000, 7):
        assert told(pool.out_exact_in, MINT_B, amount) == told(quoted_out(pool), MINT_B, amount)


def test_output_alone_is_exact_within_each_layer_of_a_bin():
    told(BINS.out_exact_in, MINT_B, 1_600)
    for amount in range(1, 1_600):
        assert told(BINS.out_exact_in, MINT_B, amount) == told(quoted_out(BINS), MINT_B, amount)


def quoted_out(pool):
    """What a quote gives of a pool that nothing was asked of before."""

    def out(mint, amount, at):
        return replace(pool).quote_exact_in(mint, amount, at).amount_out

    return out


def told(ask, mint, amount):
    try:
        return ask(mint, amount, AT)
    except QuoteError as refusal:
        return type(refusal)


@settings(max_examples=100, deadline=None)
@given(concentrated_pools() | bin_pools(), amounts)
def test_exact_output_costs_no_less_than_it_buys(pool, amount):
    for mint in (MINT_A, MINT_B):
        try:
            quote = pool.quote_exact_out(mint, amount, AT)
            back = pool.quote_exact_in(mint, quote.amount_in, AT)
        except QuoteError:
            assume(False)

        assert quote.amount_out == amount <= back.amount_out


@settings(max_examples=100, deadline=None)
@given(bin_pools(), amounts)
def test_orders_lose_what_they_give_and_nothing_else(pool, amount):
    for mint in (MINT_A, MINT_B):
        try:
            quote = pool.quote_exact_in(mint, amount, AT)
        except QuoteError:
            continue

        given_by_orders = sum(fill.orders_removed for fill in quote.fills)
        assert waiting(quote.pool_after) == waiting(pool) - given_by_orders
        gross = sum(fill.amount_removed for fill in quote.fills) + given_by_orders
        fee = 0 if quote.is_fee_on_input else quote.lp_fee + quote.protocol_fee
        assert gross == quote.amount_out + fee


def waiting(pool):
    return sum(each.processed_remaining + each.open_amount for each in pool.orders)


@pytest.mark.parametrize(
    ("amount_in", "amount_out", "left"),
    [
        (500, 500, BinOrders(0, 40, 60, True)),
        (520, 520, BinOrders(0, 20, 60, True)),
        (540, 540, BinOrders(0, 0, 60, True)),
        (550, 550, BinOrders(0, 50, 0, True)),
        (600, 600, None),
    ],
)
def test_layers_of_a_bin_are_taken_in_order(amount_in, amount_out, left):
    quote = BINS.quote_exact_in(MINT_B, amount_in, AT)

    assert quote.amount_out == amount_out
    assert {each.bin_id: each for each in quote.orders_after}.get(0) == left
    assert quote.bins_after == (Bin(0, 0, 1_000),)


def test_orders_of_the_other_side_are_passed_over():
    assert BINS.quote_exact_in(MINT_A, 500, AT).amount_out == 500
    assert BINS.side(True) == (Bin(0, 500, 500), Bin(-1, 0, 0))
    assert BINS.side(False) == (Bin(0, 500, 500), Bin(1, 1_000, 0))


@pytest.mark.parametrize("amount_out", [541, 599])
def test_exact_output_is_refused_when_it_ends_among_untouched_orders(amount_out):
    with pytest.raises(OpenOrdersError):
        BINS.quote_exact_out(MINT_B, amount_out, AT)


@pytest.mark.parametrize("amount_out", [500, 520, 540, 600, 601])
def test_exact_output_is_filled_when_it_ends_elsewhere(amount_out):
    assert BINS.quote_exact_out(MINT_B, amount_out, AT).amount_out == amount_out
