"""The constant-product curve x·y = k with a fee on the input.

Invariant: k never falls. Rounding favours the pool: output rounds down, the fee rounds up.
"""

from dataclasses import dataclass, replace
from typing import Self

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.errors import (
    AmountOverflowError,
    EmptyPoolError,
    ZeroAmountError,
    ZeroOutputError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What a swap of `amount_in` gives; all amounts in base units.

    `fee_amount` is the part of `amount_in` that stays with the pool's owners. The price impact
    compares the fill with the marginal price before it, the fee apart.
    """

    amount_in: int
    amount_out: int
    fee_amount: int
    price_impact_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantProductPool:
    """Reserves in base units, seen from the trader: what is paid in, what is taken out."""

    reserve_in: int
    reserve_out: int
    fee_bps: int

    @property
    def k(self) -> int:
        return self.reserve_in * self.reserve_out

    def reversed(self) -> Self:
        """The same pool for a trade the other way."""
        return replace(self, reserve_in=self.reserve_out, reserve_out=self.reserve_in)

    def quote_exact_in(self, amount_in: int) -> Fill:
        """Return what `amount_in` base units buy.

        amount_out = ⌊net·R_out / (R_in + net)⌋ with net = amount_in - ⌈amount_in·fee/10⁴⌉, the rule
        of Raydium's CPMM program. Raises ZeroAmountError, EmptyPoolError, AmountOverflowError or
        ZeroOutputError.
        """
        if amount_in <= 0:
            raise ZeroAmountError
        if self.reserve_in <= 0 or self.reserve_out <= 0:
            raise EmptyPoolError
        if self.reserve_in + amount_in > U64_MAX:
            raise AmountOverflowError
        fee_amount = ceil_div(amount_in * self.fee_bps, BPS)
        net_in = amount_in - fee_amount
        amount_out = net_in * self.reserve_out // (self.reserve_in + net_in)
        if amount_out == 0:
            raise ZeroOutputError
        return Fill(
            amount_in=amount_in,
            amount_out=amount_out,
            fee_amount=fee_amount,
            price_impact_bps=self._price_impact_bps(net_in, amount_out),
        )

    def after(self, fill: Fill) -> Self:
        """The pool once `fill` has happened; the fee stays in it."""
        return replace(
            self,
            reserve_in=self.reserve_in + fill.amount_in,
            reserve_out=self.reserve_out - fill.amount_out,
        )

    def _price_impact_bps(self, net_in: int, amount_out: int) -> int:
        # 1 - (out/net) / (R_out/R_in), as one division.
        at_marginal_price = net_in * self.reserve_out
        return (at_marginal_price - amount_out * self.reserve_in) * BPS // at_marginal_price
