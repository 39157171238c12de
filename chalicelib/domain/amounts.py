"""Money as integers: base units, basis points, and the only rounding rules there are.

Output rounds down; input and fees round up.
"""

from decimal import Decimal

from chalicelib.domain.errors import AmountPrecisionError, AmountRangeError, InvalidAmountError

U64_MAX = 2**64 - 1
BPS = 10_000
# More than any token amount needs; what is written longer is refused, not converted.
DIGITS_MAX = 64


def ceil_div(numerator: int, denominator: int) -> int:
    """Divide by a positive integer, rounding up."""
    return -(-numerator // denominator)


def min_amount_out(amount_out: int, slippage_bps: int) -> int:
    """Least output in base units that the trader accepts: out - ⌊out·bps/10⁴⌋."""
    return amount_out - amount_out * slippage_bps // BPS


def max_amount_in(amount_in: int, slippage_bps: int) -> int:
    """Most input in base units that the trader pays: in + ⌊in·bps/10⁴⌋."""
    return amount_in + amount_in * slippage_bps // BPS


def to_base_units(amount: Decimal, decimals: int) -> int:
    """Convert a human amount exactly to base units.

    Raises InvalidAmountError unless finite and positive, AmountPrecisionError when it has more
    decimals than the token, AmountRangeError when it exceeds u64.
    """
    if not amount.is_finite() or amount <= 0:
        raise InvalidAmountError
    # The magnitude is judged before scaling: 1e999999999 must not become a giant integer.
    if amount.adjusted() + decimals > 20:
        raise AmountRangeError
    # Nor may 1e-999999999; a value whose leading digit is below one base unit cannot be exact.
    if amount.adjusted() + decimals < 0:
        raise AmountPrecisionError(f"the token has {decimals} decimals")
    _, digits, exponent = amount.as_tuple()
    if len(digits) > DIGITS_MAX:
        raise AmountPrecisionError(f"an amount can have at most {DIGITS_MAX} digits")
    coefficient = int("".join(map(str, digits)))
    shift = int(exponent) + decimals
    scale: int = 10 ** abs(shift)
    base_units, excess = divmod(coefficient, scale) if shift < 0 else (coefficient * scale, 0)
    if excess:
        raise AmountPrecisionError(f"the token has {decimals} decimals")
    if base_units > U64_MAX:
        raise AmountRangeError
    return base_units


def to_decimal_string(base_units: int, decimals: int) -> str:
    """Write base units as a plain decimal without exponent or trailing zeros."""
    whole, fraction = divmod(base_units, 10**decimals)
    digits = f"{fraction:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole}.{digits}" if digits else str(whole)
