from itertools import accumulate, pairwise
from math import isqrt

import pytest

from chalicelib.domain.pools.clmm.ticks import sqrt_price_at
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.pools.dlmm.bins import bin_price
from chalicelib.simulation.listings import (
    DAMM_V2_EXPONENTIAL,
    DAMM_V2_LINEAR,
    POOLS,
    BinTerms,
    ConcentratedTerms,
    ConstantProductTerms,
    DammV2Terms,
    ListedPool,
)
from chalicelib.simulation.market import Market, moment_at_slot
from chalicelib.simulation.pool_states import pool_state

MARKET = Market(seed="test")
SLOT_NOW = 149_193_000
SLOTS = range(SLOT_NOW, SLOT_NOW + 40_000, 2_713)


def listed_as(*kinds):
    listings = [listed for listed in POOLS if isinstance(listed.terms, kinds)]
    return pytest.mark.parametrize(
        "listed",
        listings,
        ids=lambda p: f"{p.token_a.symbol}-{p.token_b.symbol}-{p.address[:4]}",
    )


every_listing = listed_as(ConstantProductTerms, ConcentratedTerms, BinTerms, DammV2Terms)


def states(listed):
    return [MARKET.pool(listed.address, slot) for slot in SLOTS]


def amount_worth(token, nano_usd, slot):
    return nano_usd * 10**token.decimals // MARKET.fair_price(token, slot)


def worth_nano_usd(token, amount, slot):
    return amount * MARKET.fair_price(token, slot) // 10**token.decimals


def sides(listed):
    return ((listed.token_a, listed.token_b), (listed.token_b, listed.token_a))


def move_bps(quote):
    before, after = quote.price_before, quote.price_after
    kept = after.numerator * before.denominator * 10_000
    return 10_000 - kept // (after.denominator * before.numerator)


def depth_of(listed, share_of_million, slot, token):
    return amount_worth(token, listed.depth_usd * 1_000 * share_of_million, slot)


@listed_as(ConstantProductTerms)
def test_constant_product_keeps_k_when_price_moves(listed):
    pools = states(listed)

    products = [isqrt(pool.reserve_0 * pool.reserve_1) for pool in pools]

    assert max(products) - min(products) <= max(products) // 10**6
    assert all(pool.vault_0 > pool.reserve_0 and pool.vault_1 > pool.reserve_1 for pool in pools)


@listed_as(ConcentratedTerms)
def test_concentrated_price_is_in_its_tick_when_price_moves(listed):
    for pool in states(listed):
        tick = pool.tick_current

        assert sqrt_price_at(tick) <= pool.sqrt_price_x64 < sqrt_price_at(tick + 1)


@listed_as(ConcentratedTerms)
def test_concentrated_liquidity_is_sum_of_ticks_when_price_moves(listed):
    for pool in states(listed):
        ticks = pool.ticks
        sums = list(accumulate(tick.liquidity_net for tick in ticks))

        assert pool.liquidity == sum(
            tick.liquidity_net for tick in ticks if tick.tick <= pool.tick_current
        )
        assert sums[-1] == 0
        assert all(held > 0 for held in sums[:-1])
        assert all(abs(tick.liquidity_net) <= tick.liquidity_gross for tick in ticks)


@listed_as(ConcentratedTerms)
def test_concentrated_ticks_ascend_by_spacing_when_price_moves(listed):
    for pool in states(listed):
        ticks = [tick.tick for tick in pool.ticks]

        assert all(low < high for low, high in pairwise(ticks))
        assert all(tick % pool.tick_spacing == 0 for tick in ticks)
        assert ticks[20] < pool.tick_current < ticks[-20]


@listed_as(BinTerms)
def test_bins_hold_their_own_side_when_price_moves(listed):
    for pool in states(listed):
        ids = [held.bin_id for held in pool.bins]
        middle = len(ids) // 2

        assert ids == list(range(pool.active_id - middle, pool.active_id + middle + 1))
        assert all(held.amount_x == 0 < held.amount_y for held in pool.bins[:middle])
        assert all(held.amount_y == 0 < held.amount_x for held in pool.bins[middle + 1 :])
        assert pool.bins[middle].amount_x + pool.bins[middle].amount_y > 0


@listed_as(BinTerms)
def test_bins_are_worth_less_when_farther_from_active(listed):
    pool = MARKET.pool(listed.address, SLOT_NOW)

    worths = [
        held.amount_y + (held.amount_x * bin_price(held.bin_id, pool.bin_step) >> 64)
        for held in pool.bins
    ]

    ends, slopes, top = worths[:10] + worths[-10:], worths[10:20] + worths[-20:-10], worths[20:-20]
    assert sum(ends) / len(ends) < sum(slopes) / len(slopes) < sum(top) / len(top)


@listed_as(BinTerms)
def test_active_bin_turns_to_y_when_price_rises_through_it(listed):
    low, high = (bin_price(i, listed.terms.bin_step) for i in (700, 701))
    prices = [low + (high - low) * share // 100 for share in (1, 20, 40, 60, 99)]

    pools = [pool_state(listed, "test", isqrt(price << 64)) for price in prices]

    held = [pool.bins[len(pool.bins) // 2] for pool in pools]
    assert [pool.active_id for pool in pools] == [700, 700, 700, 701, 701]
    assert held[0].amount_y < held[1].amount_y < held[2].amount_y
    assert held[3].amount_x > held[4].amount_x


@listed_as(DammV2Terms)
def test_damm_v2_price_is_within_its_range_when_price_moves(listed):
    for pool in states(listed):
        assert pool.sqrt_min_price < pool.sqrt_price < pool.sqrt_max_price
        if pool.collect_fee_mode == CollectFeeMode.COMPOUNDING:
            assert pool.sqrt_price == isqrt((pool.token_b_amount << 128) // pool.token_a_amount)


@listed_as(ConstantProductTerms, DammV2Terms)
def test_depth_is_worth_both_sides_when_pool_is_held_to_its_curve(listed):
    pool = MARKET.pool(listed.address, SLOT_NOW)
    if isinstance(listed.terms, ConstantProductTerms):
        amount_a, amount_b = pool.reserve_0, pool.reserve_1
    elif listed.terms.collect_fee_mode == CollectFeeMode.COMPOUNDING:
        amount_a, amount_b = pool.token_a_amount, pool.token_b_amount
    else:
        price, lowest, highest = pool.sqrt_price, pool.sqrt_min_price, pool.sqrt_max_price
        amount_a = pool.liquidity * (highest - price) // (price * highest)
        amount_b = pool.liquidity * (price - lowest) >> 128

    worth = worth_nano_usd(listed.token_a, amount_a, SLOT_NOW) + worth_nano_usd(
        listed.token_b, amount_b, SLOT_NOW
    )

    assert abs(worth - listed.depth_usd * 10**9) <= listed.depth_usd * 10**9 // 10


@every_listing
@pytest.mark.parametrize("share_of_million", [1, 100, 10_000, 50_000])
def test_pool_fills_both_directions_when_amount_is_up_to_5_percent_of_depth(
    listed, share_of_million
):
    for slot in SLOTS[:4]:
        pool, at = MARKET.pool(listed.address, slot), moment_at_slot(slot)
        for token, other in sides(listed):
            amount_in = depth_of(listed, share_of_million, slot, token)

            quote = pool.quote_exact_in(token.mint, amount_in, at)

            paid = worth_nano_usd(token, amount_in, slot)
            got = worth_nano_usd(other, quote.amount_out, slot)
            assert quote.amount_in == amount_in
            assert paid * 4 // 5 < got < paid * 104 // 100


@every_listing
def test_pool_fills_both_directions_when_amount_is_one_cent(listed):
    pool, at = MARKET.pool(listed.address, SLOT_NOW), moment_at_slot(SLOT_NOW)
    for token, other in sides(listed):
        amount_in = amount_worth(token, 10**7, SLOT_NOW)
        amount_out = amount_worth(other, 10**7, SLOT_NOW)

        assert pool.quote_exact_in(token.mint, amount_in, at).amount_out > 0
        assert pool.quote_exact_out(token.mint, amount_out, at).amount_in > 0


def expected_move_bps(listed):
    # 1 % of the depth is 2 % of one side: it moves the price by 1.02² - 1 on x·y = k, and through
    # 2 % of the 30 segments that hold the side of a CLMM pool.
    terms = listed.terms
    if isinstance(terms, ConcentratedTerms):
        return 30 * terms.ticks_apart * 2 // 100
    # A range from a fourth to four times the price is twice as deep as x·y = k.
    return 200 if isinstance(terms, DammV2Terms) and terms.sqrt_reach else 400


@listed_as(ConstantProductTerms, ConcentratedTerms, DammV2Terms)
def test_price_moves_as_far_as_depth_says_when_one_percent_is_traded(listed):
    expected = expected_move_bps(listed)
    for slot in SLOTS[:4]:
        pool, at = MARKET.pool(listed.address, slot), moment_at_slot(slot)
        for token, _ in sides(listed):
            amount_in = depth_of(listed, 10_000, slot, token)

            moved = move_bps(pool.quote_exact_in(token.mint, amount_in, at))

            assert expected * 6 // 10 <= moved <= expected * 17 // 10


@listed_as(BinTerms)
def test_bins_are_passed_as_depth_says_when_five_percent_is_traded(listed):
    # Of one side the active bin holds half of 31 in 480 on average, the next one 30, then 29.
    for slot in SLOTS:
        pool, at = MARKET.pool(listed.address, slot), moment_at_slot(slot)
        for token, _ in sides(listed):
            amount_in = depth_of(listed, 50_000, slot, token)

            assert pool.quote_exact_in(token.mint, amount_in, at).bins_visited in range(2, 5)


def listed_with(terms, slot):
    return ListedPool(
        venue="meteora",
        address="new",
        token_a=POOLS[0].token_a,
        token_b=POOLS[0].token_b,
        depth_usd=1_000_000,
        terms=terms,
        listed_at_slot=slot,
    )


@pytest.mark.parametrize("terms", [DAMM_V2_LINEAR, DAMM_V2_EXPONENTIAL], ids=["linear", "exp"])
def test_fee_falls_from_the_listing_when_it_has_a_schedule(terms):
    listed = listed_with(terms, SLOT_NOW)
    market = Market(seed="test", listings=(listed,))
    pool = market.pool("new", SLOT_NOW)
    later = (0, 3_000, 9_000, 216_000)

    fees = [
        pool.quote_exact_in(listed.token_b.mint, 10**9, moment_at_slot(SLOT_NOW + k)).fee_amount
        for k in later
    ]

    assert all(before > after for before, after in pairwise(fees))
    assert fees[-1] * 20 < fees[0]
