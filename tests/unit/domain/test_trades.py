from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.amounts import BPS, U64_MAX
from tests.world import exact_in, exact_out

amounts = st.integers(1, U64_MAX)
slippages = st.integers(0, BPS)


@pytest.mark.parametrize(
    ("quoted", "slippage_bps", "least"),
    [
        (1_000_000, 100, 990_000),
        (1_000_000, 0, 1_000_000),
        (9_999, 1, 9_999),
        (10_000, 1, 9_999),
        (19_999, 1, 19_998),
        (1, 9_999, 1),
        (1, BPS, 1),
        (1_000_000, BPS, 1),
        (U64_MAX, 100, U64_MAX - U64_MAX // 100),
    ],
)
def test_least_output_is_quote_less_slippage_rounded_down(quoted, slippage_bps, least):
    assert exact_in().limit(quoted, slippage_bps) == least


@pytest.mark.parametrize(
    ("quoted", "slippage_bps", "most"),
    [
        (1_000_000, 100, 1_010_000),
        (1_000_000, 0, 1_000_000),
        (9_999, 1, 9_999),
        (10_000, 1, 10_001),
        (1, BPS, 2),
        (1_000_000, BPS, 2_000_000),
        (U64_MAX, 0, U64_MAX),
        (U64_MAX, 1, U64_MAX),
        (U64_MAX // 2 + 1, BPS, U64_MAX),
        (U64_MAX // 2, BPS, U64_MAX - 1),
    ],
)
def test_most_input_is_quote_plus_slippage_rounded_down(quoted, slippage_bps, most):
    assert exact_out(1).limit(quoted, slippage_bps) == most


@given(amounts, slippages)
def test_least_output_is_within_slippage_of_quote_and_never_nothing(quoted, slippage_bps):
    least = exact_in().limit(quoted, slippage_bps)

    exact = quoted * Fraction(BPS - slippage_bps, BPS)
    assert 1 <= least <= quoted
    assert exact <= least < exact + 1 or least == 1


@given(amounts, slippages)
def test_most_input_is_within_slippage_of_quote_and_fits_u64(quoted, slippage_bps):
    most = exact_out(1).limit(quoted, slippage_bps)

    exact = quoted * Fraction(BPS + slippage_bps, BPS)
    assert quoted <= most <= U64_MAX
    assert exact - 1 < most <= exact or most == U64_MAX


@given(amounts, slippages, slippages)
def test_limits_are_wider_when_more_slippage_is_allowed(quoted, one, other):
    less, more = sorted((one, other))

    assert exact_in().limit(quoted, more) <= exact_in().limit(quoted, less)
    assert exact_out(1).limit(quoted, more) >= exact_out(1).limit(quoted, less)


@given(amounts, amounts, slippages)
def test_limits_are_higher_when_quote_is(one, other, slippage_bps):
    low, high = sorted((one, other))

    for trade in (exact_in(), exact_out(1)):
        assert trade.limit(low, slippage_bps) <= trade.limit(high, slippage_bps)


def test_tokens_are_those_of_the_amounts_that_are_given_and_quoted():
    paid, received = exact_in().pair.token_in, exact_in().pair.token_out

    assert (exact_in().token_given, exact_in().token_quoted) == (paid, received)
    assert (exact_out(1).token_given, exact_out(1).token_quoted) == (received, paid)
