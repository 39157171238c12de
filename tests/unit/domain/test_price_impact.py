from random import Random

import pytest

from chalicelib.domain.amounts import BPS
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.best_route import RoutingRules, find_route, find_route_exact_out
from tests.unit.domain.routing_pools import DEPTH, KINDS, NOW, pool_of, product_pool


def after_fee(amount_in):
    return amount_in - -(-amount_in * 2_500 // 10**6)


@pytest.mark.parametrize("amount_in", [10**6, 10**9, 10**11, DEPTH, 100 * DEPTH])
def test_price_impact_is_the_share_that_a_constant_product_loses(amount_in):
    route = find_route([product_pool(DEPTH, DEPTH)], "A", "B", amount_in, NOW)

    net_in = after_fee(amount_in)
    assert route.price_impact_bps == net_in * BPS // (DEPTH + net_in)
    assert route.price_impact_bps == route.legs[0].price_impact_bps


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount_in", [10**8, 10**9, 10**10])
def test_price_impact_is_the_same_when_the_output_is_given_for_the_input(kind, amount_in):
    pool = pool_of(kind, Random(7), price=1.0, depth_b=DEPTH)
    to_the_end = RoutingRules(headroom_percent=0)
    forth = find_route([pool], "A", "B", amount_in, NOW, to_the_end)

    back = find_route_exact_out([pool], "A", "B", forth.amount_out, NOW, to_the_end)

    assert abs(back.price_impact_bps - forth.price_impact_bps) <= 1


def test_price_impact_of_two_hops_is_what_both_lose():
    pools = [
        product_pool(DEPTH, DEPTH),
        pool_of("cpmm", Random(1), price=1, depth_b=DEPTH, mint_a="B", mint_b="C"),
    ]

    route = find_route(pools, "A", "C", DEPTH // 5, NOW)

    kept = 1.0
    for leg in route.legs:
        kept *= 1 - leg.price_impact_bps / BPS
    assert len(route.legs) == 2
    assert abs(route.price_impact_bps - (1 - kept) * BPS) <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("find", [find_route, find_route_exact_out])
@pytest.mark.parametrize("price", [0.02, 0.15, 1.0, 6_000.0])
def test_rounding_is_no_price_impact_when_amounts_are_a_few_base_units(kind, find, price):
    pool = pool_of(kind, Random(3), price=price, depth_b=DEPTH * max(price, 1))
    routes = []
    for amount in (*range(1, 30), 100, 500, 1_000):
        try:
            routes.append(find([pool], "A", "B", amount, NOW))
        except QuoteError:
            continue

    assert routes
    assert {route.price_impact_bps for route in routes} == {0}


def test_price_impact_counts_when_a_base_unit_is_worth_much():
    scarce = product_pool(10, DEPTH)

    paid = find_route([scarce], "A", "B", 5, NOW)
    received = find_route_exact_out([scarce], "B", "A", 3, NOW)

    assert paid.price_impact_bps == 4 * BPS // 14
    assert received.price_impact_bps == pytest.approx(3_000, abs=2)


@pytest.mark.parametrize(("above", "refuses"), [(-1, True), (0, False), (1, False)])
def test_route_is_refused_when_its_price_impact_is_above_the_limit(above, refuses):
    route = find_route([product_pool(DEPTH, DEPTH)], "A", "B", DEPTH // 4, NOW)
    limit = route.price_impact_bps + above

    refusal = route.refusal_above(limit)

    assert (refusal is not None) is refuses
    if refusal:
        assert (refusal.code, refusal.retryable) == ("PRICE_IMPACT_TOO_HIGH", False)
        assert f"impact of {route.price_impact_bps} bps" in refusal.detail
        assert f"limit is {limit} bps" in refusal.detail
        assert refusal.detail.endswith("order less, or raise maxPriceImpactBps")


def test_no_route_is_refused_when_the_limit_is_everything():
    route = find_route([product_pool(10**6, 10**6)], "A", "B", 10**18, NOW)

    assert route.price_impact_bps == BPS - 1
    assert route.refusal_above(BPS) is None
