"""Q64.64 numbers: the shift that rounds up, and powers truncated as Meteora's programs do it."""

from chalicelib.domain.pools.rejections import AmountOverflowError

Q64 = 1 << 64
Q128 = 1 << 128
U128_MAX = Q128 - 1

_EXPONENT_END = 0x80000


def ceil_shift(number: int, bits: int) -> int:
    """Divide by 2^bits, rounding up."""
    return -(-number >> bits)


def pow_q64(base: int, exponent: int) -> int:
    """Raise a Q64.64 `base` to an integer power.

    Raises AmountOverflowError when the result leaves Q64.64 or the exponent 19 bits.
    """
    if exponent == 0:
        return Q64
    remaining = abs(exponent)
    if remaining >= _EXPONENT_END:
        raise AmountOverflowError
    # dlmm u64x64_math.rs pow: a base of one or more is inverted first, then squared with truncation
    # at each level; only this order gives the program's low bits.
    is_inverted = exponent < 0
    square = base
    if base >= Q64:
        square, is_inverted = U128_MAX // base, not is_inverted
    result = Q64
    while remaining:
        if remaining & 1:
            result = result * square >> 64
        square = square * square >> 64
        remaining >>= 1
    if result == 0:
        raise AmountOverflowError
    return U128_MAX // result if is_inverted else result
