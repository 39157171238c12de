import random
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.damm_v2.fees import RateLimiter
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import Market, moment_at_slot
from tests.unit.domain.routing_pools import KINDS, NOW, hop, pool_of

IN, OUT = SwapMode.EXACT_IN, SwapMode.EXACT_OUT
MARKET = Market(seed="fills")

shares = st.lists(st.integers(1, 1_000), min_size=1, max_size=4)


def paid_what_it_costs(legs, costs):
    return [leg._replace(amount=cost.amount_in) for leg, cost in zip(legs, costs, strict=True)]


def is_askew(pool):
    """The rate of a limiter depends on an amount, and the two directions do not always take the
    same one. Programs refuse it where the fee is taken from both tokens."""
    is_limited = isinstance(getattr(pool, "base_fee", None), RateLimiter)
    return is_limited and bool(
        pool.dynamic_fee or pool.collect_fee_mode == CollectFeeMode.BOTH_TOKEN
    )


def test_input_of_an_exact_output_buys_at_least_that_output_from_every_kind_of_pool():
    # Every curve rounds up what an output costs, and down what an input buys: nothing to allow for.
    asked = 0
    for kind, seed in product(KINDS, range(150)):
        rng = random.Random(f"{kind}{seed}")
        price = 10 ** rng.uniform(-3, 3)
        one = pool_of(kind, rng, price=price, depth_b=10 ** rng.uniform(8, 14))
        leg = Leg(one, rng.choice("AB"), int(10 ** rng.uniform(0, 12)))
        if is_askew(one):
            continue
        try:
            costs = fill([leg], OUT, NOW)
        except QuoteError:
            continue
        asked += 1

        (bought,) = fill(paid_what_it_costs([leg], costs), IN, NOW)

        assert costs[0].amount_out == leg.amount
        assert bought.amount_out >= leg.amount
    assert asked > 300


def test_input_of_an_exact_output_buys_nearly_that_output_when_a_limited_rate_has_a_surcharge():
    # The program finds the limited rate of an exact output before it adds the surcharge, that of an
    # exact input from what includes it: a difference of less than a millionth.
    asked = 0
    for seed in range(600):
        rng = random.Random(f"limited{seed}")
        one = pool_of("damm", rng, price=1.0, depth_b=10**12)
        leg = Leg(one, "B", int(10 ** rng.uniform(3, 11.5)))
        if one.collect_fee_mode == CollectFeeMode.BOTH_TOKEN or not is_askew(one):
            continue
        try:
            costs = fill([leg], OUT, NOW)
        except QuoteError:
            continue
        asked += 1

        (bought,) = fill(paid_what_it_costs([leg], costs), IN, NOW)

        assert bought.amount_out >= leg.amount - leg.amount // 10**6
    assert asked > 15


@pytest.mark.parametrize("listed", POOLS, ids=lambda p: f"{p.token_a.symbol}-{p.token_b.symbol}")
def test_input_of_an_exact_output_buys_at_least_that_output_on_the_market(listed):
    rng = random.Random(listed.address)
    for slot in (0, 40_000_000, 80_123_456):
        state, at = MARKET.pool(listed.address, slot), moment_at_slot(slot)
        token_in, token_out = rng.sample((listed.token_a, listed.token_b), 2)
        price = MARKET.fair_price(token_out, slot)
        for nano_usd in (10**4, 10**9, 10**12, 10**13):
            wanted = max(1, nano_usd * 10**token_out.decimals // price)
            leg = Leg(state, token_in.mint, wanted)

            costs = fill([leg], OUT, at)
            (bought,) = fill(paid_what_it_costs([leg], costs), IN, at)

            assert bought.amount_out >= wanted


@given(seed=st.integers(0, 10**6), first=shares, second=shares)
def test_inputs_of_an_exact_output_buy_at_least_that_output_over_two_hops(seed, first, second):
    # What is handed on beyond the need is divided in proportion: each leg gets its cost at least.
    legs = [*hop("AB", first, seed), *hop("BC", second, seed)]
    assume(not any(is_askew(leg.pool) for leg in legs))
    try:
        costs = fill(legs, OUT, NOW)
    except QuoteError:
        assume(False)

    fills = fill(paid_what_it_costs(legs, costs), IN, NOW)

    received = sum(quote.amount_out for quote in fills[len(first) :])
    assert received >= sum(leg.amount for leg in legs[len(first) :])
