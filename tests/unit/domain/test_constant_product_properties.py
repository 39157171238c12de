import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.domain.pools.cpmm import ConstantProductPool, CreatorFeeOn
from chalicelib.domain.pools.pool import FeeKind, Moment
from chalicelib.domain.pools.rejections import MintNotInPoolError, QuoteError
from chalicelib.domain.tokens import Mint

MINTS = (Mint("mint0"), Mint("mint1"))
NOW = Moment(slot=0, unix_seconds=0)

deterministic = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.filter_too_much],
)

reserves = st.integers(1, 10**18) | st.integers(1, 1000)
accrued = st.just(0) | st.integers(0, 10**9)
amounts = st.integers(1, 10**6) | st.integers(1, 10**18)
directions = st.sampled_from(MINTS)


@st.composite
def pools(draw):
    fees = {
        f"{name}_fees_{side}": draw(accrued)
        for name in ("protocol", "fund", "creator")
        for side in (0, 1)
    }
    waiting = [sum(fee for name, fee in fees.items() if name.endswith(side)) for side in "01"]
    protocol_fee_rate = draw(st.integers(0, 1_000_000))
    return ConstantProductPool(
        address="pool",
        venue="raydium",
        mint_a=MINTS[0],
        mint_b=MINTS[1],
        vault_0=draw(reserves) + waiting[0],
        vault_1=draw(reserves) + waiting[1],
        trade_fee_rate=draw(st.integers(0, 3000) | st.integers(0, 499_999)),
        creator_fee_rate=draw(st.integers(0, 3000) | st.integers(0, 499_999)),
        protocol_fee_rate=protocol_fee_rate,
        fund_fee_rate=draw(st.integers(0, 1_000_000 - protocol_fee_rate)),
        enable_creator_fee=draw(st.booleans()),
        creator_fee_on=draw(st.sampled_from(CreatorFeeOn)),
        **fees,
    )


def try_quote(quote, mint, amount):
    try:
        return quote(mint, amount, NOW)
    except QuoteError:
        return None


def amount_out_of(pool, mint, amount_in):
    quote = try_quote(pool.quote_exact_in, mint, amount_in)
    return quote.amount_out if quote else 0


def product_of(pool):
    return pool.reserve_0 * pool.reserve_1


@deterministic
@given(pools(), directions, amounts, st.booleans())
def test_product_never_falls_when_swapped(pool, mint, amount, is_exact_in):
    quote = try_quote(pool.quote_exact_in if is_exact_in else pool.quote_exact_out, mint, amount)
    assume(quote)

    after = quote.pool_after

    assert product_of(after) >= product_of(pool)


@deterministic
@given(pools(), directions, amounts)
def test_fees_leave_nothing_over_when_swapped(pool, mint, amount):
    quote = try_quote(pool.quote_exact_in, mint, amount)
    assume(quote)

    after, lp_fee = quote.pool_after, quote.fees[0]

    paid = {mint: quote.amount_in, MINTS[mint == MINTS[0]]: -quote.amount_out}
    taken = dict.fromkeys(MINTS, 0)
    for fee in quote.fees:
        taken[fee.mint] += fee.amount * (fee.kind is not FeeKind.LP)
    assert lp_fee.amount >= 0
    assert after.reserve_0 == pool.reserve_0 + paid[MINTS[0]] - taken[MINTS[0]]
    assert after.reserve_1 == pool.reserve_1 + paid[MINTS[1]] - taken[MINTS[1]]


@deterministic
@given(pools(), directions, amounts, amounts)
def test_amount_out_never_falls_when_more_is_paid(pool, mint, amount_in, more):
    # Beyond u64 a vault is full: that swap is refused, not worse.
    quote = try_quote(pool.quote_exact_in, mint, amount_in + more)
    assume(quote)

    less_out = amount_out_of(pool, mint, amount_in)

    assert quote.amount_out >= less_out


@deterministic
@given(pools(), directions, amounts, amounts)
def test_two_swaps_never_beat_one_when_split(pool, mint, first_in, second_in):
    # The bound is 0: two fees rounded up are no less than one, the output of both halves lies on
    # the same curve or, since fees stay, below it, and one swap loses less than 1 by rounding.
    first = try_quote(pool.quote_exact_in, mint, first_in)
    assume(first)

    split_out = first.amount_out + amount_out_of(first.pool_after, mint, second_in)

    whole = try_quote(pool.quote_exact_in, mint, first_in + second_in)
    assume(whole)
    assert split_out <= whole.amount_out


@deterministic
@given(pools(), directions, amounts)
def test_exact_in_gives_the_wanted_output_when_paid_what_exact_out_asks(pool, mint, amount_out):
    wanted = try_quote(pool.quote_exact_out, mint, amount_out)
    assume(wanted)

    given_out = amount_out_of(pool, mint, wanted.amount_in)

    assert given_out >= amount_out


@deterministic
@given(pools())
def test_quote_is_refused_when_mint_is_foreign(pool):
    with pytest.raises(MintNotInPoolError):
        pool.quote_exact_in(Mint("mint2"), 1, NOW)
