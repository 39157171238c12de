import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.errors import (
    AmountOverflowError,
    EmptyPoolError,
    QuoteError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.pools.constant_product import ConstantProductPool

amounts = st.integers(min_value=1, max_value=2**62) | st.integers(min_value=1, max_value=10_000)
pools = st.builds(
    ConstantProductPool,
    reserve_in=amounts,
    reserve_out=amounts,
    fee_bps=st.integers(min_value=0, max_value=10_000),
)


def amount_out(pool: ConstantProductPool, amount_in: int) -> int:
    try:
        return pool.quote_exact_in(amount_in).amount_out
    except ZeroOutputError:
        return 0


def swap(pool: ConstantProductPool, amount_in: int) -> tuple[ConstantProductPool, int]:
    try:
        fill = pool.quote_exact_in(amount_in)
    except ZeroOutputError:
        return pool, 0
    return pool.after(fill), fill.amount_out


@given(pool=pools, amount_in=amounts)
def test_k_never_falls_when_a_swap_happens(pool: ConstantProductPool, amount_in: int) -> None:
    after, _ = swap(pool, amount_in)

    assert after.k >= pool.k


def test_pool_keeps_the_fee_when_a_swap_has_happened() -> None:
    pool = ConstantProductPool(reserve_in=1_000_000, reserve_out=2_000_000, fee_bps=25)

    after = pool.after(pool.quote_exact_in(10_000))

    assert (after.reserve_in, after.reserve_out) == (1_010_000, 2_000_000 - 19_752)


@given(pool=pools, amount_in=amounts)
def test_fill_is_the_most_that_the_curve_allows(pool: ConstantProductPool, amount_in: int) -> None:
    assume(amount_out(pool, amount_in) > 0)

    fill = pool.quote_exact_in(amount_in)

    reserve_in = pool.reserve_in + amount_in - fill.fee_amount
    assert reserve_in * (pool.reserve_out - fill.amount_out) >= pool.k
    assert reserve_in * (pool.reserve_out - fill.amount_out - 1) < pool.k
    assert 0 < fill.amount_out < pool.reserve_out


@given(pool=pools, amount_in=amounts)
def test_fee_is_the_least_whole_amount_that_covers_the_rate(
    pool: ConstantProductPool, amount_in: int
) -> None:
    assume(amount_out(pool, amount_in) > 0)

    fee_amount = pool.quote_exact_in(amount_in).fee_amount

    assert 0 <= fee_amount * 10_000 - amount_in * pool.fee_bps < 10_000


@given(pool=pools, less=amounts, more=amounts)
def test_more_in_never_gives_less_out(pool: ConstantProductPool, less: int, more: int) -> None:
    less, more = sorted((less, more))

    assert amount_out(pool, less) <= amount_out(pool, more)


# The bound is nothing at all. The fee of the first part stays in the pool and makes the second one
# dearer. Rounding cannot make up for it: each part's fee rounds up by itself, and the fraction of
# a unit that the first output leaves behind comes back in the second by less than it was short.
# So the sum is at most the exact output of the whole, and being whole, at most that rounded down.
@given(pool=pools, first_in=amounts, second_in=amounts)
def test_two_swaps_never_beat_one_when_they_pay_the_same(
    pool: ConstantProductPool, first_in: int, second_in: int
) -> None:
    after, first_out = swap(pool, first_in)
    assume(after.reserve_in + second_in <= U64_MAX)

    second_out = amount_out(after, second_in)

    assert first_out + second_out <= amount_out(pool, first_in + second_in)


@given(pool=pools, amount_in=amounts)
def test_swapping_back_never_profits(pool: ConstantProductPool, amount_in: int) -> None:
    after, received = swap(pool, amount_in)
    assume(received > 0)

    returned = amount_out(after.reversed(), received)

    assert returned <= amount_in


@given(pool=pools, amount_in=amounts)
def test_price_impact_is_a_share(pool: ConstantProductPool, amount_in: int) -> None:
    assume(amount_out(pool, amount_in) > 0)

    assert 0 <= pool.quote_exact_in(amount_in).price_impact_bps <= 10_000


@pytest.mark.parametrize(
    ("reserves", "fee_bps", "amount_in", "filled"),
    [
        ((1_000, 1_000), 0, 100, (90, 0, 1_000)),
        ((1_000, 1_000), 30, 100, (90, 1, 909)),
        ((1_000_000, 2_000_000), 25, 10_000, (19_752, 25, 99)),
        ((10, 10), 0, 90, (9, 0, 9_000)),
        ((1, U64_MAX), 0, 1, (U64_MAX // 2, 0, 5_000)),
    ],
    ids=["no fee", "fee rounds up", "raydium's fee", "most of the pool", "the largest reserve"],
)
def test_fill_is_as_worked_by_hand(
    reserves: tuple[int, int], fee_bps: int, amount_in: int, filled: tuple[int, int, int]
) -> None:
    pool = ConstantProductPool(reserve_in=reserves[0], reserve_out=reserves[1], fee_bps=fee_bps)

    fill = pool.quote_exact_in(amount_in)

    assert (fill.amount_out, fill.fee_amount, fill.price_impact_bps) == filled


@pytest.mark.parametrize(
    ("reserves", "fee_bps", "amount_in", "error"),
    [
        ((1_000, 1_000), 0, 0, ZeroAmountError),
        ((1_000, 1_000), 0, -1, ZeroAmountError),
        ((0, 1_000), 0, 1, EmptyPoolError),
        ((1_000, 0), 0, 1, EmptyPoolError),
        ((1, 1_000), 0, U64_MAX, AmountOverflowError),
        ((1_000, 999), 0, 1, ZeroOutputError),
        ((1_000, 1_000), 10_000, 1_000, ZeroOutputError),
        ((1_000, 1_000), 1, 1, ZeroOutputError),
    ],
    ids=[
        "nothing in",
        "less than nothing in",
        "nothing to price it",
        "nothing to take",
        "one more than u64",
        "less than a unit out",
        "all of it a fee",
        "the fee rounds up to all of it",
    ],
)
def test_quote_is_refused_when_the_pool_cannot_fill(
    reserves: tuple[int, int], fee_bps: int, amount_in: int, error: type[QuoteError]
) -> None:
    pool = ConstantProductPool(reserve_in=reserves[0], reserve_out=reserves[1], fee_bps=fee_bps)

    with pytest.raises(error):
        pool.quote_exact_in(amount_in)


def test_quote_is_given_when_the_reserve_just_fits_u64() -> None:
    pool = ConstantProductPool(reserve_in=1, reserve_out=1_000, fee_bps=0)

    assert pool.quote_exact_in(U64_MAX - 1).amount_out == 999
