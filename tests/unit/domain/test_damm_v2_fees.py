import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.pools.damm_v2.fees import (
    FEE_DENOMINATOR,
    DynamicFee,
    ExponentialFee,
    LinearFee,
    MarketCapFee,
    RateLimiter,
    Swap,
    divide_fee,
)
from chalicelib.domain.pools.q64 import Q64

deterministic = settings(derandomize=True, max_examples=200, deadline=None)


@deterministic
@given(st.integers(0, 2**64 - 1), st.integers(0, 100), st.integers(0, 100), st.integers(0, 10_000))
def test_shares_add_up_when_fee_is_divided(fee, protocol, referral, compounding):
    shares = divide_fee(
        fee,
        protocol_percent=protocol,
        referral_percent=referral,
        compounding_bps=compounding,
    )

    assert sum(shares) == fee
    assert min(shares) >= 0


LIMITER = RateLimiter(
    cliff_fee_numerator=10_000_000,
    fee_increment_bps=100,
    max_limiter_duration=600,
    max_fee_bps=5_000,
    reference_amount=1_000_000,
)


@deterministic
@given(st.integers(1, 10**9))
def test_limiter_charges_sum_of_tiers_when_amount_spans_them(amount):
    rate, left, fee = LIMITER.cliff_fee_numerator, amount, 0
    while left:
        part = min(left, LIMITER.reference_amount)
        fee += part * rate
        left -= part
        rate = min(rate + 10_000_000, 500_000_000)

    numerator = LIMITER.numerator_of_included(amount, Swap(False, 0))

    charged = ceil_div(amount * numerator, FEE_DENOMINATOR)
    assert 0 <= charged - fee // FEE_DENOMINATOR <= 2


@deterministic
@given(st.integers(1, 10**9))
def test_limiter_agrees_both_ways_when_amount_is_turned_to_net(amount):
    swap = Swap(False, 0)
    fee = ceil_div(amount * LIMITER.numerator_of_included(amount, swap), FEE_DENOMINATOR)
    net = amount - fee

    numerator = LIMITER.numerator_of_excluded(net, swap)

    included = ceil_div(net * FEE_DENOMINATOR, FEE_DENOMINATOR - numerator)
    # Each way rounds the fee and its numerator up once; half the amount is fee at most.
    assert abs(included - amount) <= 8


@pytest.mark.parametrize(
    ("is_a_to_b", "elapsed", "applies"),
    [
        (True, 0, False),
        (False, -1, False),
        (False, 0, True),
        (False, 600, True),
        (False, 601, False),
    ],
    ids=["selling", "before", "start", "end", "after"],
)
def test_limiter_applies_when_buying_in_its_time(is_a_to_b, elapsed, applies):
    numerator = LIMITER.numerator_of_included(10**9, Swap(is_a_to_b, elapsed))

    assert (numerator > LIMITER.cliff_fee_numerator) is applies


@pytest.mark.parametrize(
    ("elapsed", "linear", "exponential"),
    [
        (-1, 50_000_000, 38_472_487),
        (0, 500_000_000, 500_000_000),
        (59, 500_000_000, 500_000_000),
        (60, 491_000_000, 475_000_000),
        (10**9, 50_000_000, 38_472_487),
    ],
)
def test_schedule_falls_by_period_when_time_passes(elapsed, linear, exponential):
    swap = Swap(True, elapsed)

    assert LinearFee(500_000_000, 50, 60, 9_000_000).numerator_of_included(1, swap) == linear
    assert ExponentialFee(500_000_000, 50, 60, 500).numerator_of_included(1, swap) == exponential


DYNAMIC = DynamicFee(
    bin_step=1,
    bin_step_u128=1844674407370955,
    variable_fee_control=40_000,
    filter_period=10,
    decay_period=120,
    reduction_factor=5_000,
    max_volatility_accumulator=14_460_000,
    volatility_accumulator=100_000,
    volatility_reference=20_000,
    sqrt_price_reference=Q64,
    last_update_timestamp=1_000,
)


@pytest.mark.parametrize(
    ("now", "price_before", "volatility_reference", "sqrt_price_reference"),
    [
        (1_009, Q64 + Q64 // 100, 20_000, Q64),
        (1_010, Q64 + Q64 // 100, 50_000, Q64 + Q64 // 100),
        (1_120, Q64 + Q64 // 100, 0, Q64 + Q64 // 100),
    ],
    ids=["within-filter", "within-decay", "past-decay"],
)
def test_volatility_decays_when_time_passes(
    now, price_before, volatility_reference, sqrt_price_reference
):
    price_after = Q64 + Q64 // 50

    after = DYNAMIC.after(price_before, price_after, now)

    bins = 2 * ((price_after * Q64 // sqrt_price_reference - Q64) // DYNAMIC.bin_step_u128)
    assert after.volatility_reference == volatility_reference
    assert after.sqrt_price_reference == sqrt_price_reference
    assert after.volatility_accumulator == volatility_reference + bins * 10_000
    assert after.last_update_timestamp == now


def test_timestamp_stays_when_price_moves_less_than_a_bin():
    after = DYNAMIC.after(Q64, Q64 + DYNAMIC.bin_step_u128 - 1, 5_000)

    assert after.last_update_timestamp == DYNAMIC.last_update_timestamp


@pytest.mark.parametrize("is_exponential", [False, True])
@pytest.mark.parametrize(
    ("elapsed", "sqrt_price", "periods"),
    [
        (0, Q64 // 2, 0),
        (0, Q64, 0),
        (0, Q64 + Q64 // 100 - 1, 0),
        (0, Q64 + Q64 // 100 + 1, 1),
        (600, 2 * Q64, 10),
        (0, 3 * Q64, 10),
        (-1, Q64, 10),
        (601, Q64, 10),
    ],
)
def test_market_cap_fee_falls_with_each_step_of_the_price(
    is_exponential, elapsed, sqrt_price, periods
):
    reduction = 500 if is_exponential else 9_000_000
    fee = MarketCapFee(500_000_000, 10, 100, 600, reduction, is_exponential, Q64)
    falls = ExponentialFee if is_exponential else LinearFee
    by_time = falls(500_000_000, 10, 1, reduction)

    numerator = fee.numerator_of_included(1, Swap(True, elapsed, sqrt_price))

    assert numerator == by_time.numerator_of_included(1, Swap(True, periods))
    assert numerator == fee.numerator_of_excluded(1, Swap(False, elapsed, sqrt_price))
