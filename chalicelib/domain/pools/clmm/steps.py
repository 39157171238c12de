"""One step of a Raydium CLMM swap: constant liquidity, from a price towards a target price.

Rounding always favours the pool. Prices are square roots in Q64.64, amounts base units, fee rates
in 1e-6.
"""

from functools import lru_cache
from typing import NamedTuple

from chalicelib.domain.amounts import U64_MAX, ceil_div
from chalicelib.domain.pools.q64 import ceil_shift
from chalicelib.domain.pools.rejections import AmountOverflowError

FEE_RATE_DENOMINATOR = 1_000_000


class SwapKind(NamedTuple):
    """What stays the same over all steps of a swap."""

    is_exact_in: bool
    #: Token 0 is paid, so the price falls.
    is_down: bool
    is_fee_on_input: bool


# The price it ends at, what it takes from the amount left to fill, what it adds to the total of the
# other side, and the fee.
Step = tuple[int, int, int, int]


def fill_exact_in(
    swap: SwapKind, price: int, target: int, liquidity: int, left: int, fee_rate: int
) -> Step:
    """Pay `left`, or what it takes to move from `price` to `target`.

    As raydium-clmm swap_math.rs compute_swap has it. Raises AmountOverflowError.
    """
    _, is_down, is_fee_on_input = swap
    net_rate = FEE_RATE_DENOMINATOR - fee_rate
    usable = left * net_rate // FEE_RATE_DENOMINATOR if is_fee_on_input else left
    end = target
    paid, received = _whole_step(is_down, price, target, liquidity)
    if paid > usable:
        end = _price_after_in(is_down, price, liquidity, usable)
        paid = _amount_in(is_down, price, end, liquidity)
        received = _amount_out(is_down, price, end, liquidity)
    if received > U64_MAX:
        raise AmountOverflowError
    # A step that stops short uses up all that is left: the dust is fee, or stays with the pool.
    # The fee's rounding is written out: ceil_div, called in each step, makes a quote 5 % slower.
    if not is_fee_on_input:
        fee = -(-received * fee_rate // FEE_RATE_DENOMINATOR)
        return end, paid if end == target else left, received - fee, fee
    fee = -(-paid * fee_rate // net_rate) if end == target else left - paid
    return end, paid + fee, received, fee


def fill_exact_out(
    swap: SwapKind, price: int, target: int, liquidity: int, left: int, fee_rate: int
) -> Step:
    """Receive `left`, or what there is between `price` and `target`.

    As raydium-clmm swap_math.rs compute_swap has it. Raises AmountOverflowError.
    """
    _, is_down, is_fee_on_input = swap
    net_rate = FEE_RATE_DENOMINATOR - fee_rate
    wanted = left if is_fee_on_input else ceil_div(left * FEE_RATE_DENOMINATOR, net_rate)
    end = target
    paid, received = _whole_step(is_down, price, target, liquidity)
    if received > wanted or received > U64_MAX:
        end = _price_after_out(is_down, price, liquidity, wanted)
        paid = _amount_in(is_down, price, end, liquidity)
        received = _amount_out(is_down, price, end, liquidity)
    if paid > U64_MAX or received > U64_MAX:
        raise AmountOverflowError
    if is_fee_on_input:
        fee = ceil_div(paid * fee_rate, net_rate)
        return end, min(received, left), paid + fee, fee
    fee = ceil_div(received * fee_rate, FEE_RATE_DENOMINATOR)
    if received - fee > left:
        fee = received - left
    return end, received - fee, paid, fee


def match_exact_in(
    swap: SwapKind, price: int, target: int, orders: int, left: int, fee_rate: int
) -> Step:
    """Pay `left`, or what all `orders` of the tick at `price` cost; the price stays.

    As raydium-clmm tick_array.rs match_limit_order has it. Raises AmountOverflowError.
    """
    _, is_down, is_fee_on_input = swap
    fee = ceil_div(left * fee_rate, FEE_RATE_DENOMINATOR) if is_fee_on_input else 0
    paid = left - fee
    square = _order_price(is_down, price)
    sold = paid * square >> 64 if is_down else (paid << 64) // square
    if sold > orders:
        sold, paid = orders, _cost_of_orders(is_down, square, orders)
        if is_fee_on_input:
            fee = ceil_div(paid * fee_rate, FEE_RATE_DENOMINATOR - fee_rate)
    if is_fee_on_input:
        return price, paid + fee, sold, fee
    fee = ceil_div(sold * fee_rate, FEE_RATE_DENOMINATOR)
    return price, paid, sold - fee, fee


def match_exact_out(
    swap: SwapKind, price: int, target: int, orders: int, left: int, fee_rate: int
) -> Step:
    """Receive `left`, or all `orders` of the tick at `price`; else as `match_exact_in`."""
    _, is_down, is_fee_on_input = swap
    net_rate = FEE_RATE_DENOMINATOR - fee_rate
    sold = min(left, orders)
    if not is_fee_on_input:
        sold = min(ceil_div(sold * FEE_RATE_DENOMINATOR, net_rate), orders)
    paid = _cost_of_orders(is_down, _order_price(is_down, price), sold)
    if is_fee_on_input:
        fee = ceil_div(paid * fee_rate, net_rate)
        return price, sold, paid + fee, fee
    fee = ceil_div(sold * fee_rate, FEE_RATE_DENOMINATOR)
    return price, sold - fee, paid, fee


def input_beyond_orders(swap: SwapKind, price: int, orders: int, fee_rate: int) -> int:
    """Return the least input that `match_exact_in` takes a part of only."""
    _, is_down, is_fee_on_input = swap
    paid = _cost_of_orders(is_down, _order_price(is_down, price), orders + 1)
    net_rate = FEE_RATE_DENOMINATOR - fee_rate if is_fee_on_input else FEE_RATE_DENOMINATOR
    return ceil_div(paid * FEE_RATE_DENOMINATOR, net_rate)


def _order_price(is_down: bool, price: int) -> int:
    # raydium-clmm tick_math.rs get_price_from_sqrt_price: token 1 for one of token 0 in Q64.64,
    # rounded against who swaps.
    return price * price >> 64 if is_down else ceil_shift(price * price, 64)


def _cost_of_orders(is_down: bool, price: int, sold: int) -> int:
    paid = ceil_div(sold << 64, price) if is_down else ceil_shift(sold * price, 64)
    if paid > U64_MAX:
        raise AmountOverflowError
    return paid


@lru_cache(maxsize=1 << 14)
def _whole_step(is_down: bool, price: int, target: int, liquidity: int) -> tuple[int, int]:
    # Quotes of a pool take the same steps between its ticks again and again.
    paid = _amount_in(is_down, price, target, liquidity)
    return paid, _amount_out(is_down, price, target, liquidity)


def _amount_in(is_down: bool, price: int, end: int, liquidity: int) -> int:
    # raydium-clmm liquidity_math.rs get_delta_amount_0_unsigned, ⌈L·(1/end - 1/price)⌉ of token 0,
    # or get_delta_amount_1_unsigned, ⌈L·(end - price)⌉ of token 1.
    if is_down:
        return ceil_div((liquidity << 64) * (price - end), price * end)
    return ceil_shift(liquidity * (end - price), 64)


def _amount_out(is_down: bool, price: int, end: int, liquidity: int) -> int:
    # The same two, rounded down: ⌊L·(price - end)⌋ of token 1, or ⌊L·(1/price - 1/end)⌋ of token 0.
    if is_down:
        return liquidity * (price - end) >> 64
    return (liquidity << 64) * (end - price) // (price * end)


def _price_after_in(is_down: bool, price: int, liquidity: int, amount: int) -> int:
    # raydium-clmm sqrt_price_math.rs get_next_sqrt_price_from_input: ⌈L·P / (L + amount·P)⌉ for
    # token 0, P + ⌊amount/L⌋ for token 1.
    if is_down:
        shifted = liquidity << 64
        return ceil_div(shifted * price, shifted + amount * price)
    return price + (amount << 64) // liquidity


def _price_after_out(is_down: bool, price: int, liquidity: int, amount: int) -> int:
    # raydium-clmm sqrt_price_math.rs get_next_sqrt_price_from_output: P - ⌈amount/L⌉ for token 1,
    # ⌈L·P / (L - amount·P)⌉ for token 0.
    if amount > U64_MAX:
        raise AmountOverflowError
    if is_down:
        return price - ceil_div(amount << 64, liquidity)
    shifted = liquidity << 64
    return ceil_div(shifted * price, shifted - amount * price)
