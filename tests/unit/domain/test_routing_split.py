import random
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.curves import Curve, total_out
from chalicelib.domain.routing.splitting import polish, split
from tests.unit.domain.routing_pools import KINDS, NOW, pool_of

ROUNDING = 2
PRICES = (0.15, 1.0, 1 / 0.15)
KIND_PAIRS = list(combinations_with_replacement(KINDS, 2))

deterministic = settings(derandomize=True, deadline=None, database=None, max_examples=20)


def market(seed, kinds):
    rng = random.Random(seed)
    price, depth = rng.choice(PRICES), 10 ** rng.uniform(8, 14)
    pools = [
        pool_of(kind, rng, price=price, depth_b=depth * rng.choice((1, 1, 0.03, 30)))
        for kind in kinds
    ]
    input_mint = rng.choice("AB")
    size = depth / price if input_mint == "A" else depth
    return pools, input_mint, max(1, int(size * 10 ** rng.uniform(-6, 0.7)))


def curves_of(pools, input_mint):
    return [Curve(pool, input_mint, NOW) for pool in pools]


def out_of(pool, input_mint, amount_in):
    if amount_in == 0:
        return 0
    try:
        quote = pool.quote_exact_in(input_mint, amount_in, NOW)
    except QuoteError:
        return None
    return quote.amount_out if quote.amount_in == amount_in else None


def summed(pools, input_mint, amounts):
    outs = [out_of(*each) for each in zip(pools, [input_mint] * len(pools), amounts, strict=True)]
    return None if None in outs else sum(outs)


def best_of_grid(pools, input_mint, amount_in):
    shares = {k * amount_in // 1000 for k in range(1001)}
    outs = [summed(pools, input_mint, (share, amount_in - share)) for share in shares]
    return max((out for out in outs if out), default=0)


def assert_split_beats_grid(pools, input_mint, amount_in):
    most = best_of_grid(pools, input_mint, amount_in)

    amounts = split(curves_of(pools, input_mint), amount_in, 8)

    if amounts is None:
        assert most == 0
        return
    assert sum(amounts) == amount_in
    assert summed(pools, input_mint, amounts) >= most - ROUNDING


@pytest.mark.parametrize("kinds", KIND_PAIRS, ids="-".join)
@pytest.mark.parametrize("seed", range(4))
def test_split_gives_as_much_as_grid_when_kinds_are_paired(kinds, seed):
    pools, input_mint, amount_in = market(f"{seed}{kinds}", kinds)

    assert_split_beats_grid(pools, input_mint, amount_in)


@deterministic
@given(
    seed=st.integers(0, 10**6), kinds=st.sampled_from(KIND_PAIRS), amount_in=st.integers(1, 10**6)
)
def test_split_gives_as_much_as_grid_when_amount_is_dust(seed, kinds, amount_in):
    pools, input_mint, _ = market(seed, kinds)

    assert_split_beats_grid(pools, input_mint, amount_in)


@deterministic
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(("clmm", "dlmm", "damm")))
def test_split_uses_all_capacity_when_pools_are_nearly_exhausted(seed, kind):
    pools, input_mint, amount_in = market(seed, (kind, "dlmm"))
    capacities = [capacity_of(pool, input_mint, amount_in * 50) for pool in pools]

    amounts = split(curves_of(pools, input_mint), sum(capacities), 8)

    assert summed(pools, input_mint, amounts) > 0


def capacity_of(pool, input_mint, most):
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if out_of(pool, input_mint, middle) is None else (middle, high)
    return low


@deterministic
@given(seed=st.integers(0, 10**6), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
def test_split_gives_as_much_as_each_pool_when_there_are_many(seed, kinds):
    pools, input_mint, amount_in = market(seed, kinds)
    alone = [out_of(pool, input_mint, amount_in) or 0 for pool in pools]

    amounts = split(curves_of(pools, input_mint), amount_in, 8)

    if amounts is None:
        assert max(alone) == 0
        return
    assert sum(amounts) == amount_in
    assert summed(pools, input_mint, amounts) >= max(alone)


@pytest.mark.parametrize("seed", range(12))
def test_split_gives_as_much_as_fine_greedy_when_there_are_many(seed):
    pools, input_mint, amount_in = market(seed, KINDS * 2)
    greedy = poured(curves_of(pools, input_mint), amount_in, 400)

    amounts = split(curves_of(pools, input_mint), amount_in, 8)

    if greedy:
        assert summed(pools, input_mint, amounts) >= summed(pools, input_mint, greedy) * 0.999999


def poured(curves, amount_in, parts):
    amounts = [0] * len(curves)
    for part in range(parts):
        step = (part + 1) * amount_in // parts - part * amount_in // parts
        gains = [c.out(x + step) - c.out(x) for c, x in zip(curves, amounts, strict=True)]
        if max(gains) < 0:
            return None
        amounts[gains.index(max(gains))] += step
    return amounts


@deterministic
@given(seed=st.integers(0, 10**6), legs_max=st.integers(1, 8))
def test_split_keeps_to_most_legs_when_there_are_many(seed, legs_max):
    pools, input_mint, amount_in = market(seed, KINDS * 2)

    amounts = split(curves_of(pools, input_mint), amount_in, legs_max)

    assert amounts is None or sum(map(bool, amounts)) <= legs_max


@deterministic
@given(seed=st.integers(0, 10**6), kinds=st.sampled_from(KIND_PAIRS), cost=st.integers(1, 10**7))
def test_second_leg_earns_more_than_its_cost_when_legs_cost(seed, kinds, cost):
    pools, input_mint, amount_in = market(seed, kinds)
    curves = curves_of(pools, input_mint)
    alone = max(curve.out(amount_in) for curve in curves)

    amounts = split(curves, amount_in, 8, cost)

    if amounts and all(amounts):
        assert total_out(curves, amounts) > alone + cost


def test_leg_is_used_just_as_long_as_it_earns_more_than_its_cost():
    pools, input_mint, amount_in = market(7, ("cpmm", "cpmm"))
    curves = curves_of(pools, input_mint)
    both = split(curves, amount_in, 8)
    earned = total_out(curves, both) - max(curve.out(amount_in) for curve in curves)

    legs = [sum(map(bool, split(curves, amount_in, 8, cost))) for cost in (earned - 1, earned)]

    assert earned > 0
    assert legs == [2, 1]


@pytest.mark.parametrize("seed", range(20))
def test_polished_split_gains_what_the_search_had_left(seed):
    kinds = random.Random(seed).choices(KINDS, k=4)
    pools, input_mint, amount_in = market(seed, kinds)
    curves = curves_of(pools, input_mint)
    amounts = split(curves, amount_in, 8)
    if amounts is None:
        return
    used = [i for i, amount in enumerate(amounts) if amount]
    curves, amounts = [curves[i] for i in used], [amounts[i] for i in used]

    polished = polish(curves, amounts, amount_in)

    assert sum(polished) == amount_in
    gained = total_out(curves, polished) - total_out(curves, amounts)
    assert gained >= 0
    # What a split falls short by is less than the precision that it is searched to, each leg's.
    assert gained <= len(used) * (total_out(curves, amounts) >> 24) + ROUNDING


@pytest.mark.parametrize("seed", range(8))
def test_polish_finds_room_for_a_little_more(seed):
    pools, input_mint, amount_in = market(seed, ["cpmm", "clmm", "dlmm"])
    curves = curves_of(pools, input_mint)
    amounts = split(curves, amount_in, 8)
    if amounts is None:
        return
    curves = [curve for curve, amount in zip(curves, amounts, strict=True) if amount]
    kept = [amount for amount in amounts if amount]
    more = amount_in + amount_in // 10**6

    polished = polish(curves, kept, more)

    assert sum(polished) == more
    assert total_out(curves, polished) >= total_out(curves, kept)
