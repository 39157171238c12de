from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.amounts import (
    U64_MAX,
    ceil_div,
    min_amount_out,
    to_base_units,
    to_decimal_string,
)
from chalicelib.domain.errors import AmountPrecisionError, AmountRangeError, InvalidAmountError

u64 = st.integers(min_value=1, max_value=U64_MAX)
token_decimals = st.integers(min_value=0, max_value=18)


@given(base_units=u64, decimals=token_decimals)
def test_amount_comes_back_when_written_and_read(base_units: int, decimals: int) -> None:
    written = to_decimal_string(base_units, decimals)

    assert to_base_units(Decimal(written), decimals) == base_units


@given(base_units=u64, decimals=token_decimals)
def test_decimal_string_is_plain_and_short(base_units: int, decimals: int) -> None:
    written = to_decimal_string(base_units, decimals)

    assert set(written) <= set("0123456789.")
    assert "." not in written or not written.endswith(("0", "."))
    assert written == "0" or not written.startswith("00")
    assert Decimal(written).scaleb(decimals) == base_units


@given(base_units=u64, decimals=token_decimals, zeros=st.integers(min_value=0, max_value=20))
def test_base_units_do_not_depend_on_how_the_number_is_written(
    base_units: int, decimals: int, zeros: int
) -> None:
    plain = to_decimal_string(base_units, decimals)
    padded = (plain if "." in plain else f"{plain}.") + "0" * zeros
    with_exponent = f"{base_units}E-{decimals}"

    assert to_base_units(Decimal(padded), decimals) == base_units
    assert to_base_units(Decimal(with_exponent), decimals) == base_units


@given(
    coefficient=st.integers(min_value=1, max_value=10**25),
    exponent=st.integers(min_value=-25, max_value=25),
    decimals=token_decimals,
)
def test_base_units_are_exact_or_refused(coefficient: int, exponent: int, decimals: int) -> None:
    exact = Fraction(coefficient) * Fraction(10) ** (exponent + decimals)
    refusals: list[object] = [AmountPrecisionError] if exact.denominator > 1 else []
    refusals += [AmountRangeError] if exact > U64_MAX else []

    try:
        answer: object = to_base_units(Decimal(f"{coefficient}E{exponent}"), decimals)
    except (AmountPrecisionError, AmountRangeError) as error:
        answer = type(error)

    assert answer in (refusals or [exact])


@pytest.mark.parametrize(
    ("amount", "decimals", "base_units"),
    [
        ("1", 9, 10**9),
        ("0.000000001", 9, 1),
        ("1.10", 6, 1_100_000),
        ("1e3", 6, 10**9),
        ("1e-6", 6, 1),
        ("18446744073.709551615", 9, U64_MAX),
        ("18446744073709551615", 0, U64_MAX),
        ("1." + "0" * 60, 6, 10**6),
    ],
)
def test_base_units_are_counted_when_the_amount_fits(
    amount: str, decimals: int, base_units: int
) -> None:
    assert to_base_units(Decimal(amount), decimals) == base_units


@pytest.mark.parametrize(
    "amount", ["0", "-0", "0e99", "-1", "-1e-99", "NaN", "sNaN", "Infinity", "-Infinity"]
)
def test_base_units_are_refused_when_the_amount_is_not_positive_and_finite(amount: str) -> None:
    with pytest.raises(InvalidAmountError):
        to_base_units(Decimal(amount), 9)


@pytest.mark.parametrize(
    "amount",
    ["18446744073.709551616", "2e10", "1e400", "1e999999999", "1e999999999999999999", "9" * 5000],
    ids=["u64 + 1", "2e10", "1e400", "1e999999999", "1e(10^18-1)", "5000 digits"],
)
def test_base_units_are_refused_when_the_amount_exceeds_u64(amount: str) -> None:
    with pytest.raises(AmountRangeError):
        to_base_units(Decimal(amount), 9)


@pytest.mark.parametrize(
    "amount",
    [
        "0.0000000001",
        "1.0000000001",
        "1e-10",
        "1e-400",
        "1e-999999999",
        "0." + "3" * 5000,
        "1." + "0" * 5000,
    ],
    ids=["one less", "one more", "1e-10", "1e-400", "1e-999999999", "5000 digits", "5000 zeros"],
)
def test_base_units_are_refused_when_the_amount_is_too_precise(amount: str) -> None:
    with pytest.raises(AmountPrecisionError):
        to_base_units(Decimal(amount), 9)


@given(amount_out=u64, slippage_bps=st.integers(min_value=0, max_value=10_000))
def test_min_amount_out_never_gives_the_trader_less_than_promised(
    amount_out: int, slippage_bps: int
) -> None:
    least = min_amount_out(amount_out, slippage_bps)

    assert 0 <= least <= amount_out
    # Rounded in the trader's favour, and by less than one base unit.
    assert 0 <= least * 10_000 - amount_out * (10_000 - slippage_bps) < 10_000


@given(amount_out=u64, slippage_bps=st.integers(min_value=0, max_value=9_999))
def test_min_amount_out_does_not_rise_when_slippage_does(
    amount_out: int, slippage_bps: int
) -> None:
    assert min_amount_out(amount_out, slippage_bps + 1) <= min_amount_out(amount_out, slippage_bps)


@pytest.mark.parametrize(
    ("amount_out", "slippage_bps", "least"),
    [
        (10_000, 100, 9_900),
        (10_000, 0, 10_000),
        (10_000, 10_000, 0),
        (99, 100, 99),
        (101, 100, 100),
    ],
    ids=["one percent", "none", "all", "less than a unit", "a unit"],
)
def test_min_amount_out_is_what_is_left_after_slippage(
    amount_out: int, slippage_bps: int, least: int
) -> None:
    assert min_amount_out(amount_out, slippage_bps) == least


@given(numerator=st.integers(min_value=0, max_value=U64_MAX**2), denominator=u64)
def test_ceil_div_is_the_least_whole_number_that_covers(numerator: int, denominator: int) -> None:
    quotient = ceil_div(numerator, denominator)

    assert (quotient - 1) * denominator < numerator <= quotient * denominator
