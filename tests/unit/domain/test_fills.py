import random
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.ticks import MAX_TICK, MIN_TICK
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    MintNotInPoolError,
    QuoteError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.routing.fills import Leg, fill
from tests.unit.domain.routing_pools import (
    DEPTH,
    KINDS,
    NOW,
    U64_MAX,
    hop,
    pool_of,
    product_pool,
    seeded_pool,
)

IN, OUT = SwapMode.EXACT_IN, SwapMode.EXACT_OUT

both_modes = pytest.mark.parametrize("mode", SwapMode)
every_kind = pytest.mark.parametrize("kind", KINDS)
seeds = st.integers(0, 10**6)
shares = st.lists(st.integers(1, 1_000), min_size=1, max_size=4)


def quoted(leg, mode, at=NOW):
    ask = leg.pool.quote_exact_in if mode is IN else leg.pool.quote_exact_out
    return ask(leg.input_mint, leg.amount, at)


def moved(fills):
    return [(quote.amount_in, quote.amount_out) for quote in fills]


def filled(legs, mode):
    try:
        return fill(legs, mode, NOW)
    except QuoteError:
        assume(False)


def paid(fills, hop_legs, legs):
    return sum(fills[legs.index(leg)].amount_in for leg in hop_legs)


def received(fills, hop_legs, legs):
    return sum(fills[legs.index(leg)].amount_out for leg in hop_legs)


@both_modes
@every_kind
@pytest.mark.parametrize("seed", range(4))
def test_leg_moves_what_its_pool_quotes_when_it_is_alone(kind, seed, mode):
    leg = Leg(seeded_pool(kind, seed), "AB"[seed % 2], DEPTH // 10_000)

    (taken,) = fill([leg], mode, NOW)

    expected = quoted(leg, mode)
    assert (taken.amount_in, taken.amount_out) == (expected.amount_in, expected.amount_out)
    assert taken.fees == expected.fees
    assert (taken.amount_in if mode is IN else taken.amount_out) == leg.amount


@both_modes
@given(seed=seeds, weights=shares)
def test_legs_move_what_their_pools_quote_when_they_share_a_hop(mode, seed, weights):
    legs = hop("AB", weights, seed)

    fills = filled(legs, mode)

    assert moved(fills) == moved(quoted(leg, mode) for leg in legs)


@given(seed=seeds, first=shares, second=shares, third=shares)
def test_each_hop_pays_all_that_the_one_before_gave_when_input_is_exact(seed, first, second, third):
    hops = [hop("AB", first, seed), hop("BC", second, seed), hop("CD", third, seed)]
    legs = [leg for each in hops for leg in each]

    fills = filled(legs, IN)

    assert [quote.amount_in for quote in fills[: len(first)]] == [leg.amount for leg in hops[0]]
    assert received(fills, hops[0], legs) == paid(fills, hops[1], legs)
    assert received(fills, hops[1], legs) == paid(fills, hops[2], legs)


@given(seed=seeds, first=shares, second=shares, third=shares)
def test_each_hop_gives_all_that_the_next_one_pays_when_output_is_exact(seed, first, second, third):
    hops = [hop("AB", first, seed), hop("BC", second, seed), hop("CD", third, seed)]
    legs = [leg for each in hops for leg in each]

    fills = filled(legs, OUT)

    assert [quote.amount_out for quote in fills[-len(third) :]] == [leg.amount for leg in hops[2]]
    assert received(fills, hops[0], legs) == paid(fills, hops[1], legs)
    assert received(fills, hops[1], legs) == paid(fills, hops[2], legs)


@given(seed=seeds, weights=st.lists(st.integers(1, 10**15), min_size=1, max_size=5))
def test_hop_is_divided_by_weight_and_the_last_leg_takes_the_rest(seed, weights):
    first = hop("AB", [700], seed)
    second = [
        leg._replace(amount=weight)
        for leg, weight in zip(hop("BC", [1] * len(weights), seed), weights, strict=True)
    ]

    given_out, *taken = filled([*first, *second], IN)

    total = given_out.amount_out
    parts = [total * weight // sum(weights) for weight in weights[:-1]]
    assert [quote.amount_in for quote in taken] == [*parts, total - sum(parts)]


@both_modes
def test_weights_count_in_proportion_only(mode):
    first, second = hop("AB", [30, 50], 1), hop("BC", [20, 70], 1)
    scaled = [leg._replace(amount=leg.amount * 1_000) for leg in (second if mode is IN else first)]

    plain = fill([*first, *second], mode, NOW)
    legs = [*first, *scaled] if mode is IN else [*scaled, *second]

    assert moved(fill(legs, mode, NOW)) == moved(plain)


@both_modes
def test_legs_are_refused_when_all_weights_of_a_hop_are_zero(mode):
    first, second = hop("AB", [30, 50], "z"), hop("BC", [20, 70], "z")
    nothing = [leg._replace(amount=0) for leg in (second if mode is IN else first)]

    with pytest.raises(ZeroAmountError):
        fill([*first, *nothing] if mode is IN else [*nothing, *second], mode, NOW)


@both_modes
def test_all_legs_are_refused_when_the_share_of_one_is_nothing(mode):
    first, second = hop("AB", [30, 50], "n"), hop("BC", [20, 70], "n")
    uneven = first if mode is OUT else second
    uneven[0] = uneven[0]._replace(amount=0)

    with pytest.raises(ZeroAmountError):
        fill([*first, *second], mode, NOW)


@both_modes
@pytest.mark.parametrize("place", range(3))
def test_all_legs_are_refused_when_one_pool_refuses(mode, place):
    legs = [*hop("AB", [30], "r"), *hop("BC", [30], "r"), *hop("CD", [30], "r")]
    empty = product_pool(1, 1)
    refusing = SimpleNamespace(
        address="refusing",
        quote_exact_in=lambda _, amount, at: empty.quote_exact_in("A", amount, at),
        quote_exact_out=lambda _, amount, at: empty.quote_exact_out("A", amount, at),
    )
    legs[place] = legs[place]._replace(pool=refusing)

    with pytest.raises(ZeroOutputError if mode is IN else InsufficientLiquidityError) as caught:
        fill(legs, mode, NOW)

    assert caught.value.refused_by == "refusing"


@both_modes
def test_legs_are_refused_when_a_pool_does_not_trade_the_mint(mode):
    with pytest.raises(MintNotInPoolError):
        fill([Leg(seeded_pool("cpmm", 1), "C", 10**6)], mode, NOW)


@both_modes
def test_leg_is_refused_when_its_pool_would_fill_a_part_only(mode):
    thin = ConcentratedPool(
        address="pool",
        venue="raydium",
        mint_a="A",
        mint_b="B",
        sqrt_price_x64=1 << 64,
        tick_current=0,
        liquidity=10,
        tick_spacing=1,
        trade_fee_rate=100,
        protocol_fee_rate=120_000,
        fund_fee_rate=40_000,
        fee_on=CollectFeeOn.FROM_INPUT,
        ticks=(Tick(MIN_TICK, 10, 10), Tick(MAX_TICK, -10, 10)),
    )
    leg = Leg(thin, "A", U64_MAX)
    assert not quoted(leg, mode).is_complete

    with pytest.raises(InsufficientLiquidityError):
        fill([leg], mode, NOW)


def test_leg_is_refused_when_it_would_buy_nothing():
    rich = pool_of("damm", random.Random(6), price=10**6, depth_b=10**15)
    leg = Leg(rich, "B", 3)
    assert quoted(leg, IN).amount_out == 0

    with pytest.raises(ZeroOutputError):
        fill([leg], IN, NOW)


@pytest.mark.parametrize(
    ("mode", "amount"), [(IN, 2**63), (OUT, U64_MAX // 6 * 5)], ids=["output", "input"]
)
def test_legs_overflow_when_their_total_exceeds_u64(mode, amount):
    reserves = (2**61, U64_MAX)
    legs = [Leg(product_pool(*reserves, address=name), "A", amount) for name in ("one", "two")]
    total = sum(
        quote.amount_out if mode is IN else quote.amount_in
        for quote in (quoted(leg, mode) for leg in legs)
    )
    assert total > U64_MAX

    fill(legs[:1], mode, NOW)
    with pytest.raises(AmountOverflowError):
        fill(legs, mode, NOW)
