"""A pool that remembers how far swaps have come says of each what a quote says."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.clmm.pool import Tick
from chalicelib.domain.pools.clmm.ticks import MAX_TICK, MIN_TICK
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.rejections import InsufficientLiquidityError, QuoteError
from tests.unit.domain.routing_pools import DEPTH, KINDS, NOW, pool_of

LATER = Moment(NOW.slot + 100, NOW.unix_seconds + 40)

AMOUNTS = st.lists(
    st.one_of(
        st.integers(1, 1_000),
        st.integers(1, 10 * DEPTH),
        st.sampled_from([0, -1, U64_MAX, U64_MAX + 1]),
        # Around what others have come to.
        st.tuples(st.just("beside"), st.integers(-2, 2)),
    ),
    min_size=1,
    max_size=12,
)


def quoted(pool, mint, amount, at):
    try:
        quote = pool.quote_exact_in(mint, amount, at)
    except QuoteError as refusal:
        return type(refusal)
    return quote.amount_out if quote.amount_in == amount else InsufficientLiquidityError


def output(pool, mint, amount, at):
    try:
        return pool.out_exact_in(mint, amount, at)
    except QuoteError as refusal:
        return type(refusal)


def boundaries(pool, mint):
    """Amounts that just use up a step of the curve, and the two steps after it."""
    total, found = 0, []
    for _ in range(3):
        step = pool.step_left(mint, NOW)
        if not step:
            break
        total += step
        found.append(total)
        try:
            pool = pool.quote_exact_in(mint, step, NOW).pool_after
        except QuoteError:
            break
    return found or [1]


@pytest.mark.parametrize("kind", KINDS)
@settings(derandomize=True, deadline=None, database=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from("AB"), AMOUNTS, st.sampled_from([NOW, LATER]))
def test_output_is_that_of_the_quote_in_whatever_order_amounts_come(kind, seed, mint, amounts, at):
    pool = pool_of(kind, Random(seed), price=1.0, depth_b=DEPTH)
    ends = boundaries(replace(pool), mint)
    for number, amount in enumerate(amounts):
        if isinstance(amount, tuple):
            amount = ends[number % len(ends)] + amount[1]
        # A pool that nobody has asked yet remembers nothing.
        assert output(pool, mint, amount, at) == quoted(replace(pool), mint, amount, at)


@pytest.mark.parametrize("kind", KINDS)
def test_output_is_that_of_its_moment(kind):
    pool = pool_of(kind, Random(7), price=1.0, depth_b=DEPTH)
    for at in (NOW, LATER, NOW):
        for amount in (DEPTH, DEPTH // 100):
            assert output(pool, "A", amount, at) == quoted(replace(pool), "A", amount, at)


@pytest.mark.parametrize("kind", KINDS)
def test_output_of_a_mint_that_is_not_traded_is_refused_as_the_quote_is(kind):
    pool = pool_of(kind, Random(7), price=1.0, depth_b=DEPTH)
    for amount in (0, DEPTH):
        assert output(pool, "C", amount, NOW) == quoted(replace(pool), "C", amount, NOW)


@pytest.mark.parametrize("mint", ["A", "B"])
@pytest.mark.parametrize("liquidity", [0, 1, 10**12])
def test_output_at_the_end_of_all_prices_is_that_of_the_quote(mint, liquidity):
    pool = replace(
        pool_of("clmm", Random(7), price=1.0, depth_b=DEPTH),
        liquidity=liquidity,
        ticks=(Tick(MIN_TICK, liquidity, liquidity), Tick(MAX_TICK, -liquidity, liquidity)),
        dynamic_fee=None,
    )
    for amount in (1, DEPTH, U64_MAX):
        assert output(pool, mint, amount, NOW) == quoted(replace(pool), mint, amount, NOW)
