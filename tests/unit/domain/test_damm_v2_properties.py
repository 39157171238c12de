from functools import partial
from math import isqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.pools.damm_v2.fees import ConstantFee, DynamicFee, ExponentialFee, LinearFee
from chalicelib.domain.pools.damm_v2.modes import ActivationType, CollectFeeMode, PoolStatus
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.q64 import Q64, Q128
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    EmptyPoolError,
    InsufficientLiquidityError,
    MintNotInPoolError,
    PriceRangeError,
    QuoteError,
    SwapDisabledError,
    ZeroAmountError,
)
from chalicelib.domain.tokens import Mint

MINT_A, MINT_B = Mint("mintA"), Mint("mintB")
ACTIVATION = 1_700_000_000
NOW = Moment(slot=0, unix_seconds=ACTIVATION + 130)

deterministic = settings(derandomize=True, max_examples=200, deadline=None)

mints = st.sampled_from([MINT_A, MINT_B])
amounts = st.one_of(st.integers(1, 100), st.integers(1, 10**12))
base_fees = st.sampled_from(
    [
        ConstantFee(100_000),
        ConstantFee(2_500_000),
        ConstantFee(999_000_000),
        LinearFee(500_000_000, 50, 60, 9_000_000),
        ExponentialFee(500_000_000, 50, 60, 500),
    ]
)


def range_pool(**changes):
    terms = {
        "address": "pool",
        "venue": "meteora",
        "mint_a": MINT_A,
        "mint_b": MINT_B,
        "status": PoolStatus.ENABLE,
        "activation_type": ActivationType.TIMESTAMP,
        "activation_point": ACTIVATION,
        "collect_fee_mode": CollectFeeMode.BOTH_TOKEN,
        "fee_version": 0,
        "sqrt_price": Q64,
        "sqrt_min_price": Q64 // 2,
        "sqrt_max_price": Q64 * 2,
        "liquidity": 10**9 * Q64,
        "token_a_amount": 0,
        "token_b_amount": 0,
        "protocol_fee_percent": 20,
        "referral_fee_percent": 20,
        "compounding_fee_bps": 0,
        "base_fee": ConstantFee(2_500_000),
        "dynamic_fee": None,
    }
    return DammV2Pool(**terms | changes)


def compounding_pool(token_a_amount, token_b_amount, **changes):
    terms = {
        "collect_fee_mode": CollectFeeMode.COMPOUNDING,
        "compounding_fee_bps": 5_000,
        "token_a_amount": token_a_amount,
        "token_b_amount": token_b_amount,
        "sqrt_price": isqrt(token_b_amount * Q128 // max(token_a_amount, 1)),
    }
    return range_pool(**terms | changes)


@st.composite
def range_pools(draw):
    return range_pool(
        collect_fee_mode=draw(st.sampled_from([CollectFeeMode.BOTH_TOKEN, CollectFeeMode.ONLY_B])),
        fee_version=draw(st.sampled_from([0, 1])),
        sqrt_price=draw(st.integers(Q64 // 2, Q64 * 2)),
        liquidity=draw(st.integers(1, 10**13)) * Q64 + draw(st.integers(0, Q64)),
        base_fee=draw(base_fees),
    )


@st.composite
def compounding_pools(draw):
    return compounding_pool(
        draw(st.integers(1, 10**12)), draw(st.integers(1, 10**12)), base_fee=draw(base_fees)
    )


any_pools = st.one_of(range_pools(), compounding_pools())


def quote(mode, pool, mint, amount):
    try:
        return getattr(pool, f"quote_{mode}")(mint, amount, NOW)
    except QuoteError:
        assume(False)


quote_in, quote_out = partial(quote, "exact_in"), partial(quote, "exact_out")


def reserves_of(pool):
    price, highest = pool.sqrt_price, pool.sqrt_max_price
    return (
        ceil_div(pool.liquidity * (highest - price), price * highest),
        ceil_div(pool.liquidity * (price - pool.sqrt_min_price), Q128),
    )


def moved_through_curve(quote):
    fee = quote.fee_amount
    if quote.is_fee_on_input:
        return quote.amount_in - fee, quote.amount_out
    return quote.amount_in, quote.amount_out + fee


@deterministic
@given(range_pools(), mints, amounts)
def test_reserves_cover_range_when_swapped(pool, mint, amount):
    quote = quote_in(pool, mint, amount)

    paid, taken = moved_through_curve(quote)
    added_a, added_b = (paid, -taken) if mint == MINT_A else (-taken, paid)
    before, after = reserves_of(pool), reserves_of(quote.pool_after)
    assert after[0] <= before[0] + added_a
    assert after[1] <= before[1] + added_b


@deterministic
@given(compounding_pools(), mints, amounts)
def test_k_never_falls_when_compounding_pool_is_swapped(pool, mint, amount):
    after = quote_in(pool, mint, amount).pool_after

    k = pool.token_a_amount * pool.token_b_amount
    assert after.token_a_amount * after.token_b_amount >= k


@deterministic
@given(any_pools, mints, amounts, st.integers(1, 10**6))
def test_output_never_falls_when_more_is_paid(pool, mint, amount, more):
    less, greater = quote_in(pool, mint, amount), quote_in(pool, mint, amount + more)

    assert greater.amount_out >= less.amount_out


@deterministic
@given(range_pools(), mints, amounts, amounts)
def test_two_swaps_never_beat_one_when_pool_is_a_range(pool, mint, first, second):
    # Price steps and outputs round down and fees up, each once more in two swaps: the bound is 0.
    one = quote_in(pool, mint, first + second)

    begun = quote_in(pool, mint, first)
    ended = quote_in(begun.pool_after, mint, second)

    assert begun.amount_out + ended.amount_out <= one.amount_out


@deterministic
@given(compounding_pools(), mints, amounts, amounts)
def test_two_swaps_gain_at_most_compounded_fee_when_pool_compounds(pool, mint, first, second):
    # The first swap's compounding fee lies in the reserves that the second one buys from; from B
    # to A it only makes A dearer. Rounding works against cutting.
    one = quote_in(pool, mint, first + second)

    begun = quote_in(pool, mint, first)
    ended = quote_in(begun.pool_after, mint, second)

    gain = begun.fee_shares.compounding if mint == MINT_A else 0
    assert begun.amount_out + ended.amount_out <= one.amount_out + gain


@deterministic
@given(any_pools, mints, amounts)
def test_exact_out_is_bought_when_its_input_is_paid(pool, mint, amount):
    # At the edge of a range, input rounded up may overshoot it: then exact in is refused.
    wanted = quote_out(pool, mint, amount)

    bought = quote_in(pool, mint, wanted.amount_in)

    assert bought.amount_out >= wanted.amount_out


@deterministic
@given(any_pools, mints, amounts)
def test_partial_fill_equals_exact_in_when_range_is_not_left(pool, mint, amount):
    exact = quote_in(pool, mint, amount)

    filled = pool.quote_partial_fill(mint, amount, NOW)

    assert filled == exact


@deterministic
@given(range_pools(), mints)
def test_partial_fill_ends_at_edge_when_range_is_too_small(pool, mint):
    edge = pool.sqrt_min_price if mint == MINT_A else pool.sqrt_max_price
    assume(pool.sqrt_price != edge)

    quote = pool.quote_partial_fill(mint, 2**63, NOW)

    assert quote.next_sqrt_price == edge
    assert 0 < quote.amount_in < 2**63
    assert quote.amount_left > 0


@deterministic
@given(any_pools, mints, amounts)
def test_prices_are_marginal_prices_of_pools_when_quoted(pool, mint, amount):
    quote = quote_in(pool, mint, amount)

    assert quote.price_before == pool.marginal_price(mint)
    assert quote.price_after == quote.pool_after.marginal_price(mint)
    assert quote.amount_out * quote.price_before.denominator <= (
        quote.amount_in * quote.price_before.numerator
    )


def test_numerator_is_capped_when_fees_add_up_to_more():
    greedy = ConstantFee(999_999_999)

    capped = [
        range_pool(base_fee=greedy, fee_version=version).quote_exact_in(MINT_A, 10**6, NOW)
        for version in (0, 1)
    ]

    assert [quote.fee_amount for quote in capped] == [499_500, 989_010]


CALM = DynamicFee(1, 1844674407370955, 40_000, 10, 120, 5_000, 14_460_000, 0, 0, Q64, 1_000)


def test_volatility_is_charged_when_price_has_moved():
    calm = range_pool(dynamic_fee=CALM)
    before = calm.quote_exact_in(MINT_A, 10**8, NOW)

    after = before.pool_after.quote_exact_in(MINT_B, before.amount_out, NOW)

    unmoved = range_pool(sqrt_price=before.next_sqrt_price)
    assert after.fee_amount > unmoved.quote_exact_in(MINT_B, before.amount_out, NOW).fee_amount


@pytest.mark.parametrize(
    ("changes", "mint", "amount", "rejection"),
    [
        ({}, MINT_A, 0, ZeroAmountError),
        ({"status": PoolStatus.DISABLE}, MINT_A, 10, SwapDisabledError),
        ({"activation_point": NOW.unix_seconds + 1}, MINT_A, 10, SwapDisabledError),
        ({"activation_type": ActivationType.SLOT}, MINT_A, 10, SwapDisabledError),
        ({}, MINT_A, 2**64, AmountOverflowError),
        ({}, Mint("other"), 10, MintNotInPoolError),
        ({"liquidity": 0}, MINT_A, 10, EmptyPoolError),
        ({}, MINT_A, 10**10, PriceRangeError),
        ({}, MINT_B, 10**10, PriceRangeError),
        ({"sqrt_min_price": 1, "liquidity": 2**127}, MINT_A, 2**64 - 1, AmountOverflowError),
        ({"collect_fee_mode": CollectFeeMode.COMPOUNDING}, MINT_A, 10, EmptyPoolError),
    ],
    ids=[
        "nothing",
        "disabled",
        "too-early",
        "too-early-by-slot",
        "too-large",
        "third-mint",
        "empty",
        "below-range",
        "above-range",
        "reserve-too-large",
        "empty-product",
    ],
)
def test_exact_in_is_rejected_when_program_would_refuse(changes, mint, amount, rejection):
    with pytest.raises(rejection):
        range_pool(**changes).quote_exact_in(mint, amount, NOW)


def test_exact_out_is_rejected_when_product_holds_too_little():
    with pytest.raises(InsufficientLiquidityError):
        compounding_pool(1_000, 1_000).quote_exact_out(MINT_A, 1_000, NOW)


def test_reserve_is_rejected_when_product_would_exceed_u64():
    with pytest.raises(AmountOverflowError):
        compounding_pool(2**64 - 10, 10**6).quote_exact_in(MINT_A, 10, NOW)
