"""What was planned must still be borne when it lands."""

from random import Random
from types import SimpleNamespace

import pytest

from chalicelib.domain.amounts import BPS, U64_MAX
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.pools.rejections import InsufficientLiquidityError, QuoteError
from chalicelib.domain.routing.best_route import (
    RoutingRules,
    find_route,
    find_route_exact_out,
)
from chalicelib.domain.routing.curves import REFUSED, Curve
from chalicelib.domain.routing.fillable import route_of, too_large
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.domain.routing.rules import NO_HEADROOM
from chalicelib.domain.token_list import find_pair
from chalicelib.simulation.market import Market, moment_at_slot
from tests.unit.domain.routing_pools import KINDS, NOW, pool_of, product_pool

# The slots from a quote to the landing, at the usual latency.
LANDS_WITHIN_SLOTS = 9
ENDING_KINDS = ("clmm", "dlmm", "damm")
SIZES = {
    ("SOL", "USDC"): (1, 1_000, 50_000, 100_000, 300_000),
    ("USDC", "SOL"): (100, 1_000_000, 5_000_000),
    ("JUP", "SOL"): (300_000, 1_000_000),
    ("mSOL", "USDT"): (10, 10_000),
}
TO_THE_END = RoutingRules(headroom_percent=0)


def bears(pool, input_mint, amount_in):
    try:
        return pool.quote_exact_in(input_mint, amount_in, NOW).amount_in == amount_in
    except QuoteError:
        return False


def most_borne(pool):
    low, high = 10**3, U64_MAX + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if bears(pool, "A", middle) else (low, middle)
    return low


def most_paid(headroom, borne, step_left):
    low, high = 0, borne + 1
    while high - low > 1:
        middle = (low + high) // 2
        fits = headroom.on_top_of(middle, step_left) <= borne
        low, high = (middle, high) if fits else (low, middle)
    return low


@pytest.mark.parametrize("kind", ENDING_KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_pool_is_paid_exactly_as_much_as_it_would_take_with_the_headroom_on_top(kind, seed):
    rng = Random(f"{kind}{seed}")
    pool = pool_of(kind, rng, price=1.0, depth_b=10 ** rng.uniform(6, 12))
    headroom, borne = RoutingRules().headroom_of(pool), most_borne(pool)
    most = most_paid(headroom, borne, pool.step_left("A", NOW))

    def paid(amount_in):
        return Curve(pool, "A", NOW, headroom).out(amount_in)

    assert borne == U64_MAX or paid(most + 1) == REFUSED
    assert paid(most) == pool.quote_exact_in("A", most, NOW).amount_out
    climbing = Curve(pool, "A", NOW, headroom)
    for part in range(1, 41):
        climbing.out(most * part // 32)
    assert climbing.out(most) == paid(most)


def test_pool_that_refused_is_paid_half_of_what_it_bears():
    pool = pool_of("dlmm", Random("half"), price=1.0, depth_b=10**9)
    half = most_borne(pool) // 2
    rules = RoutingRules(refused_by=(pool.address,))

    assert find_route([pool], "A", "B", half, NOW, rules).amount_out
    with pytest.raises(InsufficientLiquidityError):
        find_route([pool], "A", "B", half + 1, NOW, rules)
    assert find_route([pool], "A", "B", half + 1, NOW).amount_out


@pytest.mark.parametrize("kind", ["clmm", "dlmm"])
@pytest.mark.parametrize("mint", ["A", "B"])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_left_of_a_step_is_what_moves_the_price_to_its_end(kind, mint, seed):
    pool = pool_of(kind, Random(f"{kind}{mint}{seed}"), price=1.0, depth_b=10**11)
    left = pool.step_left(mint, NOW)
    short, exact = (
        pool.quote_exact_in(mint, amount, NOW) for amount in (left * 999 // 1_000, left)
    )

    if kind == "clmm":
        assert short.crossed_to_tick is None
        assert exact.crossed_to_tick is not None
        assert exact.liquidity != short.liquidity == pool.liquidity
    else:
        beyond = pool.quote_exact_in(mint, left + 10**6, NOW)
        assert [quote.bins_visited for quote in (short, exact, beyond)] == [1, 1, 2]


@pytest.mark.parametrize("kind", ["cpmm", "damm"])
def test_curve_without_steps_has_nothing_left_of_one(kind):
    assert pool_of(kind, Random(kind), price=1.0, depth_b=10**9).step_left("A", NOW) == 0


def test_more_is_kept_back_the_more_is_left_of_the_step_up_to_a_share():
    headroom = RoutingRules().headroom_of(pool_of("dlmm", Random("s"), price=1.0, depth_b=10**9))

    kept = [headroom.on_top_of(10_000, left) - 10_000 for left in (0, 1, 500, 501, 9_999)]

    assert kept == [600, 601, 1_100, 1_100, 1_100]


def test_pool_without_an_end_keeps_nothing_back():
    assert RoutingRules().headroom_of(product_pool(10**9, 10**9, "a")) == NO_HEADROOM


def test_pool_of_another_kind_keeps_back_as_much_as_any():
    known = [pool_of(kind, Random(kind), price=1.0, depth_b=10**9) for kind in KINDS]
    unknown = SimpleNamespace(kind="fjord", address="new")

    other = RoutingRules().headroom_of(unknown)

    assert other.bps == max(RoutingRules().headroom_of(pool).bps for pool in known)
    assert other.bps_max == max(RoutingRules().headroom_of(pool).bps_max for pool in known)


def test_pool_that_refused_twice_is_paid_nothing():
    worse, best = product_pool(10**12, 10**12, "worse"), product_pool(10**12, 10**13, "best")
    rules = RoutingRules(refused_by=("best", "best"))

    route = find_route([worse, best], "A", "B", 10**6, NOW, rules)

    assert [leg.pool_address for leg in route.legs] == ["worse"]
    assert [(r.pool_address, r.code) for r in route.rejections] == [
        ("best", "INSUFFICIENT_LIQUIDITY")
    ]


def test_refusal_of_a_swap_names_the_pool():
    first, second = product_pool(10**9, 10**9, "first"), product_pool(1, 1, "second")

    with pytest.raises(QuoteError) as caught:
        fill([Leg(first, "A", 10**3), Leg(second, "A", 10**3)], SwapMode.EXACT_IN, NOW)

    assert caught.value.refused_by == "second"


@pytest.mark.parametrize("pair", SIZES, ids="-".join)
@pytest.mark.parametrize("mode", SwapMode)
def test_no_pool_refuses_its_part_until_it_lands(pair, mode):
    market = Market(seed="lands")
    pair = find_pair(*pair)
    sizes = SIZES[pair.token_in.symbol, pair.token_out.symbol]
    for number, size in enumerate(sizes):
        slot = 50_000_000 + 1_234_567 * number
        trade = Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=size * 10**pair.token_in.decimals)
        pools, at = market.pools(slot), moment_at_slot(slot)
        if mode is SwapMode.EXACT_OUT:
            amount_out = route_of(pools, trade, at, RoutingRules()).amount_out
            trade = Trade(pair=pair, mode=mode, amount=amount_out * 99 // 100)
        route = route_of(pools, trade, at, RoutingRules())
        for later in range(slot + 1, slot + 1 + LANDS_WITHIN_SLOTS):
            legs = [
                Leg(
                    market.pool(leg.pool_address, later),
                    leg.input_mint,
                    leg.amount_in if mode is SwapMode.EXACT_IN else leg.amount_out,
                )
                for leg in route.legs
            ]
            assert fill(legs, mode, moment_at_slot(later))


@pytest.mark.parametrize("pair", SIZES, ids="-".join)
def test_headroom_costs_nothing_where_no_pool_is_near_its_end(pair):
    market, pair = Market(seed="costs"), find_pair(*pair)
    for slot in range(20_000_000, 20_000_000 + 5 * 777_777, 777_777):
        pools, at = market.pools(slot), moment_at_slot(slot)
        size = SIZES[pair.token_in.symbol, pair.token_out.symbol][0]
        amount = size * 10**pair.token_in.decimals
        trade = Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)

        given = route_of(pools, trade, at, RoutingRules()).amount_out

        assert given >= route_of(pools, trade, at, TO_THE_END).amount_out * 9_999 // BPS


@pytest.mark.parametrize("mode", SwapMode)
@pytest.mark.parametrize("seed", range(6))
def test_what_can_be_filled_is_quotable_and_about_the_most(mode, seed):
    pair = find_pair("mSOL", "SOL")
    rng = Random(f"most{seed}")
    pools = [
        pool_of(
            rng.choice(ENDING_KINDS[:2]),
            rng,
            price=1.0,
            depth_b=10**11,
            mint_a=pair.token_in.mint,
            mint_b=pair.token_out.mint,
            address=f"{n}",
        )
        for n in range(2)
    ]
    trade = Trade(pair=pair, mode=mode, amount=2**63)

    error = too_large(pools, trade, NOW, RoutingRules())

    most = error.amount_in_max if mode is SwapMode.EXACT_IN else error.amount_out_max
    fits = Trade(pair=pair, mode=mode, amount=most)
    assert route_of(pools, fits, NOW, RoutingRules()).legs
    with pytest.raises(InsufficientLiquidityError):
        route_of(pools, Trade(pair=pair, mode=mode, amount=most * 6 // 5), NOW, RoutingRules())
    assert error.code == "INSUFFICIENT_LIQUIDITY"
    assert " can be " in error.detail


@pytest.mark.parametrize("seed", [72, 139])
def test_output_that_a_path_fills_is_found_where_more_of_the_input_leaves_it(seed):
    """A rich path that is full drops out, and the poor one that takes any amount gives less."""
    rng = Random(f"w{seed}")
    depth = 10 ** rng.uniform(6, 12)
    pools = [
        pool_of(
            rng.choice(KINDS[1:] + KINDS),
            rng,
            price=1.0,
            depth_b=depth * rng.choice((0.1, 1, 3)),
            mint_a=pair[0],
            mint_b=pair[1],
            address=f"{pair}{n}",
        )
        for pair in ("AB", "BC", "AC", "AD", "DC")
        for n in range(rng.choice((0, 1, 2, 2)))
    ]
    amount_in = int(depth * 10 ** rng.uniform(-1.5, 0.7))
    wanted = find_route(pools, "A", "C", amount_in, NOW).amount_out * 999 // 1000
    trade_out = find_route_exact_out(pools, "A", "C", wanted, NOW)

    assert trade_out.amount_in <= amount_in
