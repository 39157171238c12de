from random import Random

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.best_route import RoutingRules, find_route, find_route_exact_out
from tests.unit.domain.routing_pools import NOW, pool_of, product_pool

# What the pools hold to the last unit: headroom is for those that move before a swap lands.
TO_THE_END = RoutingRules(headroom_percent=0)


@pytest.mark.parametrize(
    ("reserves", "amount_out"),
    [
        (((10**6, 10**3), (10**6, 10**4)), 1),
        (((2**61, U64_MAX), (2**61, U64_MAX)), U64_MAX // 5 * 4),
    ],
    ids=["dust that buys nothing in parts", "so much that all pools together overflow"],
)
def test_same_input_given_exactly_is_paid_to_one_pool_when_it_cannot_be_divided(
    reserves, amount_out
):
    pools = [product_pool(*each, address=f"{n}") for n, each in enumerate(reserves)]
    amount_in = min(pool.quote_exact_out("A", amount_out, NOW).amount_in for pool in pools)

    route = find_route(pools, "A", "B", amount_in, NOW)

    assert route.amount_out >= amount_out
    assert find_route_exact_out(pools, "A", "B", amount_out, NOW).amount_in <= amount_in


def bought_from(pool, input_mint, amount_in):
    """What the pool gives for all of that, or None."""
    try:
        quote = pool.quote_exact_in(input_mint, amount_in, NOW)
    except QuoteError:
        return None
    return quote.amount_out if quote.amount_in == amount_in else None


def most_input(pool, input_mint):
    low, high = 0, 2**63
    while high - low > 1:
        middle = (low + high) // 2
        is_taken = bought_from(pool, input_mint, middle) is not None
        low, high = (middle, high) if is_taken else (low, middle)
    return low


def bins_and_ticks(seed, kinds):
    """Two pools that can be bought empty, and the mint to pay them with."""
    rng = Random(seed)
    depth, input_mint, price = 10 ** rng.uniform(3, 13), rng.choice("AB"), rng.choice((0.15, 1, 7))
    pools = [pool_of(kind, rng, price=price, depth_b=depth) for kind in rng.choices(kinds, k=2)]
    return pools, input_mint, "BA"[input_mint == "B"]


@pytest.mark.parametrize("seed", [1, 3, 16, 21, 22])
def test_all_that_two_pools_hold_can_be_wanted(seed):
    pools, paid, wanted = bins_and_ticks(seed, ("dlmm",))
    inputs = [most_input(pool, paid) for pool in pools]
    amount_out = sum(map(bought_from, pools, [paid, paid], inputs))

    route = find_route_exact_out(pools, paid, wanted, amount_out, NOW, TO_THE_END)

    assert route.amount_out == amount_out
    assert route.amount_in <= sum(inputs)


@pytest.mark.parametrize("seed", [4, 5, 6, 7])
def test_route_costs_no_more_than_a_known_split_when_pools_are_nearly_empty(seed):
    pools, paid, wanted = bins_and_ticks(seed, ("dlmm", "clmm"))
    inputs = [most_input(pool, paid) for pool in pools]
    amount_in = sum(inputs) * 999 // 1000
    low, high = amount_in - inputs[1], min(amount_in, inputs[0])
    parts = [low + (high - low) * k // 100 for k in range(101)]
    known = max(
        bought_from(pools[0], paid, part) + bought_from(pools[1], paid, amount_in - part)
        for part in parts
    )

    route = find_route_exact_out(pools, paid, wanted, known, NOW, TO_THE_END)

    assert route.amount_in <= amount_in + amount_in // 10**6 + 1
