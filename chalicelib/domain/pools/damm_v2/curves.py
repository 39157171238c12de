"""The two curves of a DAMM v2 pool before fees: one concentrated range, and x·y = k.

Invariant: rounding favours the pool; what is bought rounds down, what it costs rounds up.
"""

from typing import NamedTuple, Self

from chalicelib.domain.amounts import U64_MAX, ceil_div
from chalicelib.domain.pools.pool import Price
from chalicelib.domain.pools.q64 import Q128, U128_MAX, ceil_shift
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    EmptyPoolError,
    InsufficientLiquidityError,
    PriceRangeError,
)


class RangeCurve(NamedTuple):
    """Liquidity spread over one range of sqrt prices (Q64.64, B per A).

    Formulas are those of damm-v2 concentrated_liquidity.rs.
    """

    #: L · 2⁶⁴.
    liquidity: int
    sqrt_price: int
    #: The edges of the range.
    sqrt_min_price: int
    sqrt_max_price: int
    #: Between these sqrt prices both reserves fit u64.
    price_floor: int
    price_ceiling: int

    @classmethod
    def of(
        cls, *, liquidity: int, sqrt_price: int, sqrt_min_price: int, sqrt_max_price: int
    ) -> Self:
        """Build the curve, solving ⌈L·(max-P)/(P·max)⌉ and ⌈L·(P-min)/2¹²⁸⌉ ≤ u64 for P."""
        floor, ceiling = 0, U128_MAX
        if liquidity:
            scaled_max = U64_MAX * sqrt_max_price + liquidity
            floor = ceil_div(liquidity * sqrt_max_price, scaled_max)
            ceiling = sqrt_min_price + U64_MAX * Q128 // liquidity
        return cls(liquidity, sqrt_price, sqrt_min_price, sqrt_max_price, floor, ceiling)

    def sell(self, amount: int, is_a_to_b: bool) -> tuple[int, int]:
        """Return what a net input buys and the sqrt price after, as calculate_*_from_amount_in.

        Raises EmptyPoolError, PriceRangeError or AmountOverflowError.
        """
        liquidity, before, lowest, highest, floor, ceiling = self
        if liquidity == 0:
            raise EmptyPoolError
        # A for B: P' = ⌈L·P/(L + x·P)⌉, y = ⌊L·(P - P')/2¹²⁸⌋.
        # B for A: P' = P + ⌊x·2¹²⁸/L⌋, y = ⌊L·(P' - P)/(P·P')⌋.
        if is_a_to_b:
            after = ceil_div(liquidity * before, liquidity + amount * before)
            if after < lowest:
                raise PriceRangeError
            bought = liquidity * (before - after) >> 128
        else:
            after = before + (amount << 128) // liquidity
            if after > highest:
                raise PriceRangeError
            bought = liquidity * (after - before) // (before * after)
        if after < floor or after > ceiling or bought > U64_MAX:
            raise AmountOverflowError
        return bought, after

    def sell_within_range(self, amount: int, is_a_to_b: bool) -> tuple[int, int, int]:
        """Return how much of a net input is used before the edge, what it buys, the price after.

        As calculate_*_from_partial_amount_in. Raises as `sell`.
        """
        edge = self.sqrt_min_price if is_a_to_b else self.sqrt_max_price
        amount_max = self._cost(edge)
        if amount < amount_max:
            return amount, *self.sell(amount, is_a_to_b)
        bought = self._bought(edge)
        if not self.price_floor <= edge <= self.price_ceiling or bought > U64_MAX:
            raise AmountOverflowError
        return amount_max, bought, edge

    def buy(self, amount: int, is_a_to_b: bool) -> tuple[int, int]:
        """Return the net input that an output costs and the sqrt price after.

        As calculate_*_from_amount_out. Raises as `sell`.
        """
        liquidity, before = self.liquidity, self.sqrt_price
        if liquidity == 0:
            raise EmptyPoolError
        # B bought: P' = P - ⌈y·2¹²⁸/L⌉. A bought: P' = ⌈L·P/(L - y·P)⌉.
        if is_a_to_b:
            after = before - ceil_div(amount << 128, liquidity)
        else:
            remaining = liquidity - amount * before
            after = ceil_div(liquidity * before, remaining) if remaining > 0 else -1
        if after < 0:
            raise AmountOverflowError
        if not self.sqrt_min_price <= after <= self.sqrt_max_price:
            raise PriceRangeError
        if not self.price_floor <= after <= self.price_ceiling:
            raise AmountOverflowError
        return self._cost(after), after

    def marginal_price(self) -> Price:
        """Return B per A."""
        return Price(self.sqrt_price * self.sqrt_price, Q128)

    def _cost(self, after: int) -> int:
        liquidity, before = self.liquidity, self.sqrt_price
        if after < before:
            return ceil_div(liquidity * (before - after), before * after)
        return ceil_shift(liquidity * (after - before), 128)

    def _bought(self, after: int) -> int:
        liquidity, before = self.liquidity, self.sqrt_price
        if after < before:
            return liquidity * (before - after) >> 128
        return liquidity * (after - before) // (before * after)


class ProductCurve(NamedTuple):
    """The reserves of a compounding pool in base units; its price follows from them.

    Formulas are those of damm-v2 compounding_liquidity.rs.
    """

    token_a_amount: int
    token_b_amount: int

    def sell(self, amount: int, is_a_to_b: bool) -> tuple[int, int]:
        """Return what a net input buys, and 0: the price is known once the fee is added.

        Raises EmptyPoolError.
        """
        reserve_in, reserve_out = self._reserves(is_a_to_b)
        return reserve_out * amount // (reserve_in + amount), 0

    def sell_within_range(self, amount: int, is_a_to_b: bool) -> tuple[int, int, int]:
        """Return as `sell`, after the amount used: all of it, for there is no edge."""
        return amount, *self.sell(amount, is_a_to_b)

    def buy(self, amount: int, is_a_to_b: bool) -> tuple[int, int]:
        """Return the net input that an output costs, and 0.

        Raises EmptyPoolError or InsufficientLiquidityError.
        """
        reserve_in, reserve_out = self._reserves(is_a_to_b)
        if amount >= reserve_out:
            raise InsufficientLiquidityError
        return ceil_div(reserve_in * amount, reserve_out - amount), 0

    def marginal_price(self) -> Price:
        """Return B per A. Raises EmptyPoolError."""
        reserve_a, reserve_b = self._reserves(is_a_to_b=True)
        return Price(reserve_b, reserve_a)

    def _reserves(self, is_a_to_b: bool) -> tuple[int, int]:
        if not self.token_a_amount or not self.token_b_amount:
            raise EmptyPoolError
        return self if is_a_to_b else (self.token_b_amount, self.token_a_amount)
