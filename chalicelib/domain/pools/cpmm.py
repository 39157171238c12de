"""Raydium CPMM: x · y = k over the vaults less the fees that wait in them; k never falls."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import ClassVar, NamedTuple

from chalicelib.domain.amounts import U64_MAX, ceil_div
from chalicelib.domain.pools.pool import Fee, FeeKind, Moment, PoolKind, Price, is_a_to_b
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    DivisionByZeroError,
    EmptyPoolError,
    InsufficientLiquidityError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint

FEE_RATE_DENOMINATOR = 1_000_000


class CreatorFeeOn(IntEnum):
    """Which token the creator fee is taken in; BOTH_TOKEN means the one that is paid."""

    BOTH_TOKEN = 0
    ONLY_TOKEN_0 = 1
    ONLY_TOKEN_1 = 2


# Every quote compares with these: looked up on the class they make it 6 % slower.
_BOTH_TOKEN, _ONLY_TOKEN_0 = CreatorFeeOn.BOTH_TOKEN, CreatorFeeOn.ONLY_TOKEN_0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantProductPool:
    """A Raydium CPMM pool; token 0 is `mint_a`, token 1 is `mint_b`; rates are in 1e-6."""

    kind: ClassVar[PoolKind] = PoolKind.CPMM

    address: str
    venue: str
    mint_a: Mint
    mint_b: Mint
    #: Balances in base units, the accrued fees below still among them.
    vault_0: int
    vault_1: int
    #: Of what is paid.
    trade_fee_rate: int
    #: Of the trade fee.
    protocol_fee_rate: int = 0
    fund_fee_rate: int = 0
    #: Of the side that `creator_fee_on` chooses, beside the trade fee.
    creator_fee_rate: int = 0
    enable_creator_fee: bool = False
    creator_fee_on: CreatorFeeOn = CreatorFeeOn.BOTH_TOKEN
    #: Fees that wait in the vaults for their owners, in base units: no part of the reserves.
    protocol_fees_0: int = 0
    protocol_fees_1: int = 0
    fund_fees_0: int = 0
    fund_fees_1: int = 0
    creator_fees_0: int = 0
    creator_fees_1: int = 0

    @property
    def reserve_0(self) -> int:
        """Base units of token 0 that trade."""
        return self.vault_0 - self.protocol_fees_0 - self.fund_fees_0 - self.creator_fees_0

    @property
    def reserve_1(self) -> int:
        """Base units of token 1 that trade."""
        return self.vault_1 - self.protocol_fees_1 - self.fund_fees_1 - self.creator_fees_1

    def quote_exact_in(
        self, input_mint: Mint, amount_in: int, at: Moment
    ) -> "ConstantProductQuote":
        """Return what exactly `amount_in` base units buy.

        The fees are those of raydium-cp-swap calculator.rs swap_base_input. Raises
        ZeroAmountError, EmptyPoolError, DivisionByZeroError, ZeroOutputError or
        AmountOverflowError.
        """
        zero_for_one = is_a_to_b(self, input_mint)
        if amount_in <= 0:
            raise ZeroAmountError
        reserve_in, reserve_out = self._reserves(zero_for_one)
        is_on_input = self._takes_creator_fee_from_input(zero_for_one)
        creator_rate = self.creator_fee_rate if self.enable_creator_fee else 0
        # Two fees on the input are computed as one, then split.
        if is_on_input:
            rate = self.trade_fee_rate + creator_rate
            fee = ceil_div(amount_in * rate, FEE_RATE_DENOMINATOR)
            trade_fee, creator_fee = _split(fee, self.trade_fee_rate, creator_rate)
        else:
            fee = trade_fee = ceil_div(amount_in * self.trade_fee_rate, FEE_RATE_DENOMINATOR)
            creator_fee = 0
        net = amount_in - fee
        amount_out = net * reserve_out // (reserve_in + net)
        if not is_on_input:
            creator_fee = ceil_div(amount_out * creator_rate, FEE_RATE_DENOMINATOR)
            amount_out -= creator_fee
        if amount_out <= 0:
            raise ZeroOutputError
        self._require_room(zero_for_one, amount_in)
        return ConstantProductQuote(
            self, zero_for_one, amount_in, amount_out, trade_fee, creator_fee, is_on_input
        )

    def out_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> int:
        """Return the output of `quote_exact_in` alone; raises as it does."""
        return self.quote_exact_in(input_mint, amount_in, at).amount_out

    def quote_exact_out(
        self, input_mint: Mint, amount_out: int, at: Moment
    ) -> "ConstantProductQuote":
        """Return what exactly `amount_out` base units cost.

        The fees are those of raydium-cp-swap calculator.rs swap_base_output. Raises as
        `quote_exact_in`, and InsufficientLiquidityError.
        """
        zero_for_one = is_a_to_b(self, input_mint)
        if amount_out <= 0:
            raise ZeroAmountError
        reserve_in, reserve_out = self._reserves(zero_for_one)
        is_on_input = self._takes_creator_fee_from_input(zero_for_one)
        creator_rate = self.creator_fee_rate if self.enable_creator_fee else 0
        if is_on_input:
            gross_out, rate = amount_out, self.trade_fee_rate + creator_rate
        else:
            gross_out, rate = _before_fee(amount_out, creator_rate), self.trade_fee_rate
        if gross_out >= reserve_out:
            raise InsufficientLiquidityError
        # raydium-cp-swap constant_product.rs swap_base_output_without_fees: the input rounds up.
        net = ceil_div(reserve_in * gross_out, reserve_out - gross_out)
        amount_in = _before_fee(net, rate)
        if is_on_input:
            trade_fee, creator_fee = _split(amount_in - net, self.trade_fee_rate, creator_rate)
        else:
            trade_fee, creator_fee = amount_in - net, gross_out - amount_out
        self._require_room(zero_for_one, amount_in)
        return ConstantProductQuote(
            self, zero_for_one, amount_in, amount_out, trade_fee, creator_fee, is_on_input
        )

    def marginal_price(self, input_mint: Mint) -> Price:
        """Return the price of the next infinitesimal swap. Raises EmptyPoolError."""
        reserve_in, reserve_out = self._reserves(is_a_to_b(self, input_mint))
        return Price(reserve_out, reserve_in)

    def step_left(self, input_mint: Mint, at: Moment) -> int:
        """Return 0: the curve has no steps."""
        return 0

    def _reserves(self, zero_for_one: bool) -> tuple[int, int]:
        reserve_0, reserve_1 = self.reserve_0, self.reserve_1
        if reserve_0 <= 0 or reserve_1 <= 0:
            raise EmptyPoolError
        return (reserve_0, reserve_1) if zero_for_one else (reserve_1, reserve_0)

    def _takes_creator_fee_from_input(self, zero_for_one: bool) -> bool:
        fee_on = self.creator_fee_on
        return fee_on == _BOTH_TOKEN or (fee_on == _ONLY_TOKEN_0) is zero_for_one

    def _require_room(self, zero_for_one: bool, amount_in: int) -> None:
        if (self.vault_0 if zero_for_one else self.vault_1) + amount_in > U64_MAX:
            raise AmountOverflowError


class ConstantProductQuote(NamedTuple):
    """What a CPMM swap would fill, in base units."""

    pool: ConstantProductPool
    zero_for_one: bool
    #: All that is paid and all that is received, fees included and taken off.
    amount_in: int
    amount_out: int
    #: In the token that is paid; the protocol and fund fees are parts of it.
    trade_fee: int
    #: In the token that is paid if `is_creator_fee_on_input`, else in the one received.
    creator_fee: int
    is_creator_fee_on_input: bool

    @property
    def protocol_fee(self) -> int:
        return self.trade_fee * self.pool.protocol_fee_rate // FEE_RATE_DENOMINATOR

    @property
    def fund_fee(self) -> int:
        return self.trade_fee * self.pool.fund_fee_rate // FEE_RATE_DENOMINATOR

    @property
    def fees(self) -> tuple[Fee, ...]:
        mint_in, mint_out = self._mints
        protocol_fee, fund_fee = self.protocol_fee, self.fund_fee
        creator_mint = mint_in if self.is_creator_fee_on_input else mint_out
        return (
            Fee(FeeKind.LP, mint_in, self.trade_fee - protocol_fee - fund_fee),
            Fee(FeeKind.PROTOCOL, mint_in, protocol_fee),
            Fee(FeeKind.FUND, mint_in, fund_fee),
            Fee(FeeKind.CREATOR, creator_mint, self.creator_fee),
        )

    @property
    def price_before(self) -> Price:
        return self.pool.marginal_price(self._mints[0])

    @property
    def price_after(self) -> Price:
        return self.pool_after.marginal_price(self._mints[0])

    @property
    def pool_after(self) -> ConstantProductPool:
        pool = self.pool
        creator_fee_0 = self.creator_fee if self.is_creator_fee_on_input is self.zero_for_one else 0
        accrued = replace(
            pool,
            creator_fees_0=pool.creator_fees_0 + creator_fee_0,
            creator_fees_1=pool.creator_fees_1 + self.creator_fee - creator_fee_0,
        )
        if self.zero_for_one:
            return replace(
                accrued,
                vault_0=pool.vault_0 + self.amount_in,
                vault_1=pool.vault_1 - self.amount_out,
                protocol_fees_0=pool.protocol_fees_0 + self.protocol_fee,
                fund_fees_0=pool.fund_fees_0 + self.fund_fee,
            )
        return replace(
            accrued,
            vault_0=pool.vault_0 - self.amount_out,
            vault_1=pool.vault_1 + self.amount_in,
            protocol_fees_1=pool.protocol_fees_1 + self.protocol_fee,
            fund_fees_1=pool.fund_fees_1 + self.fund_fee,
        )

    @property
    def _mints(self) -> tuple[Mint, Mint]:
        mint_a, mint_b = self.pool.mint_a, self.pool.mint_b
        return (mint_a, mint_b) if self.zero_for_one else (mint_b, mint_a)


def _split(fee: int, trade_rate: int, creator_rate: int) -> tuple[int, int]:
    # raydium-cp-swap fees.rs split_creator_fee: it divides by the sum of the rates.
    if trade_rate + creator_rate == 0:
        raise DivisionByZeroError
    creator_fee = fee * creator_rate // (trade_rate + creator_rate)
    return fee - creator_fee, creator_fee


def _before_fee(amount: int, rate: int) -> int:
    # raydium-cp-swap fees.rs calculate_pre_fee_amount.
    return ceil_div(amount * FEE_RATE_DENOMINATOR, FEE_RATE_DENOMINATOR - rate)
