import random
from itertools import pairwise, permutations

import pytest

from chalicelib.domain.errors import NoRouteError, SameTokenError
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.routing.best_route import RoutingRules, find_route, find_route_exact_out
from chalicelib.domain.routing.curves import Curve, total_out
from chalicelib.domain.routing.paths import neighbours, paths_between, paths_from
from chalicelib.domain.routing.splitting import split
from tests.unit.domain.routing_pools import KINDS, NOW, pool_of

VALUES = {"BONK": 0.0002, "SOL": 0.15, "USDC": 1.0, "USDT": 1.0}
PAIRS = (("BONK", "SOL"), ("SOL", "USDC"), ("USDC", "USDT"), ("SOL", "USDT"), ("BONK", "USDC"))
SEEDS = range(4)


def world(seed, pairs=PAIRS, per_pair=2):
    rng = random.Random(seed)
    return [
        pool_of(
            rng.choice(KINDS),
            rng,
            price=VALUES[a] / VALUES[b],
            depth_b=10 ** rng.uniform(11, 13) / VALUES[b],
            mint_a=a,
            mint_b=b,
            address=f"{a}-{b}-{number}",
        )
        for a, b in pairs
        for number in range(per_pair)
    ]


def pools_of(pools, *pair):
    return [pool for pool in pools if {pool.mint_a, pool.mint_b} == set(pair)]


def out_along(pools, path, amount):
    for paid, received in pairwise(path):
        curves = [Curve(pool, paid, NOW) for pool in pools_of(pools, paid, received)]
        amounts = split(curves, amount, 8) if curves else None
        if amounts is None:
            return 0
        amount = total_out(curves, amounts)
    return amount


def every_path(input_mint, output_mint):
    others = [mint for mint in VALUES if mint not in (input_mint, output_mint)]
    for count in range(3):
        for between in permutations(others, count):
            yield (input_mint, *between, output_mint)


def amount_of(seed, mint="BONK"):
    return int(10 ** random.Random(f"amount{seed}").uniform(6, 11.5) / VALUES[mint])


@pytest.mark.parametrize("seed", SEEDS)
def test_route_gives_as_much_as_every_path_when_hops_are_free(seed):
    pools, amount_in = world(seed), amount_of(seed)
    brute = max(out_along(pools, path, amount_in) for path in every_path("BONK", "USDT"))

    route = find_route(pools, "BONK", "USDT", amount_in, NOW, RoutingRules(legs_max=99))

    assert route.amount_out >= brute * 0.999999


@pytest.mark.parametrize("seed", SEEDS)
def test_hops_hand_on_their_whole_output_and_use_no_pool_twice(seed):
    pools, amount_in = world(seed, per_pair=3), amount_of(seed)
    by_address = {pool.address: pool for pool in pools}

    route = find_route(pools, "BONK", "USDT", amount_in, NOW)

    addresses = [leg.pool_address for leg in route.legs]
    assert len(set(addresses)) == len(addresses) <= 8
    mint, amount, legs = "BONK", amount_in, list(route.legs)
    while legs:
        hop = [leg for leg in legs if leg.input_mint == mint]
        assert legs[: len(hop)] == hop
        assert sum(leg.amount_in for leg in hop) == amount
        mint, amount = hop[0].output_mint, sum(leg.amount_out for leg in hop)
        legs = legs[len(hop) :]
    assert (mint, amount) == ("USDT", route.amount_out)
    for leg in route.legs:
        quote = by_address[leg.pool_address].quote_exact_in(leg.input_mint, leg.amount_in, NOW)
        assert (quote.amount_out, quote.fees) == (leg.amount_out, leg.fees)


@pytest.mark.parametrize("seed", SEEDS)
def test_route_never_gives_less_than_its_baseline(seed):
    pools, amount_in = world(seed, per_pair=3), amount_of(seed, "SOL")

    route = find_route(pools, "SOL", "USDC", amount_in, NOW)

    alone = [Curve(pool, "SOL", NOW).out(amount_in) for pool in pools_of(pools, "SOL", "USDC")]
    best = max(alone)
    assert (route.baseline.amount_out if route.baseline else 0) == max(best, 0)
    assert route.amount_out >= best
    assert route.improvement_bps >= 0
    assert len(route.rejections) == sum(out <= 0 for out in alone)
    assert route.slot == NOW.slot


def test_route_is_the_same_when_pools_come_in_another_order():
    pools, amount_in = world(1, per_pair=3), amount_of(1)

    routes = [
        find_route(random.Random(n).sample(pools, len(pools)), "BONK", "USDT", amount_in, NOW)
        for n in range(3)
    ]

    assert routes[0] == routes[1] == routes[2]


def test_pool_is_used_once_when_it_is_listed_twice():
    pools = world(3, pairs=PAIRS[1:2])

    route = find_route(pools * 2, "SOL", "USDC", amount_of(3, "SOL"), NOW)

    assert len({leg.pool_address for leg in route.legs}) == len(route.legs)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_leg_earns_its_cost_when_legs_cost(seed):
    pools, amount_in, cost = world(seed, per_pair=3), amount_of(seed, "SOL"), 20_000

    free = find_route(pools, "SOL", "USDC", amount_in, NOW)
    route = find_route(pools, "SOL", "USDC", amount_in, NOW, RoutingRules(cost_per_leg=cost))

    extra = len(route.legs) - 1
    if route.baseline and extra:
        assert route.amount_out > route.baseline.amount_out + cost * extra
    worth = route.amount_out - cost * len(route.legs)
    assert worth >= free.amount_out - cost * len(free.legs) - 2


@pytest.mark.parametrize(("legs_max", "hops_max"), [(1, 3), (2, 2), (3, 3), (8, 1), (4, 3)])
def test_route_keeps_to_its_rules(legs_max, hops_max):
    pools, amount_in = world(5, per_pair=4), amount_of(5)
    rules = RoutingRules(legs_max=legs_max, hops_max=hops_max)

    route = find_route(pools, "BONK", "USDC", amount_in, NOW, rules)

    assert len(route.legs) <= legs_max
    assert len({leg.input_mint for leg in route.legs}) <= hops_max


@pytest.mark.parametrize("pair", [("SOL", "USDC"), ("USDC", "SOL"), ("BONK", "USDT")], ids="-".join)
@pytest.mark.parametrize("seed", SEEDS)
def test_exact_out_needs_no_more_than_any_smaller_input_on_a_grid(seed, pair):
    pools = world(seed)
    wanted = find_route(pools, *pair, amount_of(seed, pair[0]), NOW).amount_out

    route = find_route_exact_out(pools, *pair, wanted, NOW)

    assert route.amount_out >= wanted
    assert sum(leg.amount_in for leg in route.legs if leg.input_mint == pair[0]) == route.amount_in
    for share in (900, 990, 999):
        less = find_route(pools, *pair, max(1, route.amount_in * share // 1000), NOW)
        assert less.amount_out < wanted


@pytest.mark.parametrize("wanted", [1, 7, 1000])
def test_exact_out_gives_at_least_a_tiny_output(wanted):
    route = find_route_exact_out(world(2), "USDC", "SOL", wanted, NOW)

    assert route.amount_out >= wanted


def test_exact_out_says_why_when_pools_hold_too_little():
    with pytest.raises((InsufficientLiquidityError, NoRouteError)):
        find_route_exact_out(world(2), "SOL", "USDC", 2**63, NOW)


@pytest.mark.parametrize("find", [find_route, find_route_exact_out])
@pytest.mark.parametrize(
    ("pair", "amount", "error", "code"),
    [
        (("SOL", "USDC"), 2**64, AmountOverflowError, "OVERFLOW"),
        (("SOL", "USDC"), 0, ZeroAmountError, "ZERO_AMOUNT"),
        (("SOL", "SOL"), 1, SameTokenError, "SAME_TOKEN"),
        (("SOL", "JUP"), 1, NoRouteError, "UNKNOWN_PAIR"),
    ],
    ids=["overflow", "zero", "same", "unknown"],
)
def test_route_is_refused_when_request_cannot_be_routed(find, pair, amount, error, code):
    with pytest.raises(error) as caught:
        find(world(0), *pair, amount, NOW)

    assert caught.value.code == code


def test_no_route_when_more_hops_are_needed_than_allowed():
    with pytest.raises(NoRouteError):
        find_route(world(0), "BONK", "USDT", 10**9, NOW, RoutingRules(hops_max=1))


def test_common_reason_is_raised_when_all_pools_refuse_alike():
    pools = [
        pool_of("cpmm", random.Random(n), price=1e-6, depth_b=1e9, mint_a="SOL", mint_b="USDC")
        for n in range(3)
    ]

    with pytest.raises(ZeroOutputError):
        find_route(pools, "SOL", "USDC", 1, NOW)


def test_bins_that_run_out_are_the_reason_when_they_are_all_there_is():
    pools = [
        pool_of("dlmm", random.Random(n), price=1.0, depth_b=1e9, mint_a="SOL", mint_b="USDC")
        for n in range(3)
    ]

    with pytest.raises(InsufficientLiquidityError):
        find_route(pools, "SOL", "USDC", 10**18, NOW)


def test_price_impact_leaves_fees_apart():
    pools = world(4, pairs=PAIRS[1:2])

    small = find_route(pools, "SOL", "USDC", 10**6, NOW)
    large = find_route(pools, "SOL", "USDC", 10**12, NOW)

    assert small.price_impact_bps == 0
    assert any(fee.amount for leg in small.legs for fee in leg.fees)
    assert large.price_impact_bps > 0


@pytest.mark.parametrize("hops_max", [1, 2, 3, 4])
def test_paths_between_two_mints_are_those_of_all_that_lead_there(hops_max):
    ways = [way for a, b in (*PAIRS, ("RAY", "SOL")) for way in ((a, b), (b, a))]
    mints = {mint for way in ways for mint in way}
    for start, end in [*permutations(mints, 2), ("SOL", "SOL"), ("SOL", "none"), ("none", "SOL")]:
        every = paths_from(start, neighbours(ways), hops_max)
        expected = [path for path in every if path[-1] == end]
        assert [*paths_between(start, end, neighbours(ways), hops_max)] == expected
