"""Meteora's DLMM curve: bins of one price each, walked from the active bin, with a fee per bin.

Invariant: what a bin holds, valued at its own price, never falls.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar, NamedTuple

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.pools.dlmm.fees import (
    FEE_PRECISION,
    StaticParameters,
    SwapFees,
    VariableParameters,
)
from chalicelib.domain.pools.pool import Fee, FeeKind, Moment, PoolKind, Price, is_a_to_b
from chalicelib.domain.pools.q64 import Q64, pow_q64
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint


class Bin(NamedTuple):
    """The reserves that trade at one price."""

    bin_id: int
    amount_x: int
    amount_y: int


class BinFill(NamedTuple):
    """What a swap did to one bin: fees leave the bin, `amount_net` is what the trader got."""

    bin_id: int
    amount_taken: int
    amount_net: int
    amount_added: int
    amount_removed: int
    lp_fee: int
    protocol_fee: int


@lru_cache(maxsize=65_536)
def bin_price(bin_id: int, bin_step: int) -> int:
    """Return the price of a bin, Y per X in base units, Q64.64."""
    return pow_q64(Q64 + bin_step * Q64 // BPS, bin_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinPool:
    """A DLMM pair; X is `mint_a`, Y is `mint_b`; `bins` ascend by id, absent ones are empty."""

    kind: ClassVar[PoolKind] = PoolKind.DLMM

    address: str
    venue: str
    mint_a: Mint
    mint_b: Mint
    active_id: int
    bin_step: int
    bins: tuple[Bin, ...]
    parameters: StaticParameters
    v_parameters: VariableParameters
    _bids: tuple[Bin, ...] = field(init=False, repr=False, compare=False)
    _asks: tuple[Bin, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        active_id = self.active_id
        bids = [held for held in self.bins if held.amount_y and held.bin_id <= active_id]
        asks = [held for held in self.bins if held.amount_x and held.bin_id >= active_id]
        object.__setattr__(self, "_bids", tuple(reversed(bids)))
        object.__setattr__(self, "_asks", tuple(asks))

    def side(self, is_x_to_y: bool) -> tuple[Bin, ...]:
        """Return the bins that a swap in this direction drains, in walking order."""
        return self._bids if is_x_to_y else self._asks

    def quote_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> "BinQuote":
        """Return what `amount_in` base units buy.

        Raises ZeroAmountError, InsufficientLiquidityError, ZeroOutputError or AmountOverflowError.
        """
        if amount_in <= 0:
            raise ZeroAmountError
        if amount_in > U64_MAX:
            raise AmountOverflowError
        walk = _Walk(self, is_a_to_b(self, input_mint), at)
        fills, amount_left, amount_out = [], amount_in, 0
        for held in walk.side:
            fill = walk.take(held, amount_left)
            fills.append(fill)
            amount_left -= fill.amount_taken
            amount_out += fill.amount_net
            if not amount_left:
                break
        else:
            raise InsufficientLiquidityError
        if amount_out == 0:
            raise ZeroOutputError
        if amount_out > U64_MAX:
            raise AmountOverflowError
        return BinQuote(amount_in, amount_out, self, walk, tuple(fills))

    def quote_exact_out(self, input_mint: Mint, amount_out: int, at: Moment) -> "BinQuote":
        """Return what `amount_out` base units cost. Raises as `quote_exact_in`."""
        if amount_out <= 0:
            raise ZeroAmountError
        if amount_out > U64_MAX:
            raise AmountOverflowError
        walk = _Walk(self, is_a_to_b(self, input_mint), at)
        fills, amount_left, amount_in = [], amount_out, 0
        for held in walk.side:
            fill = walk.give(held, amount_left)
            fills.append(fill)
            amount_left -= fill.amount_net
            amount_in += fill.amount_taken
            if not amount_left:
                break
        else:
            raise InsufficientLiquidityError
        if amount_in > U64_MAX:
            raise AmountOverflowError
        return BinQuote(amount_in, amount_out, self, walk, tuple(fills))

    def marginal_price(self, input_mint: Mint) -> Price:
        """Return the price of the next unit: of the first bin with liquidity on that side."""
        is_x_to_y = is_a_to_b(self, input_mint)
        side = self.side(is_x_to_y)
        price = bin_price(side[0].bin_id if side else self.active_id, self.bin_step)
        return Price(price, Q64) if is_x_to_y else Price(Q64, price)


class _Walk:
    """One swap's way through the bins of a pool, bin after bin."""

    __slots__ = ("fee_on_input", "fees", "is_x_to_y", "pool", "side", "timestamp")

    def __init__(self, pool: BinPool, is_x_to_y: bool, at: Moment) -> None:
        self.pool = pool
        self.is_x_to_y = is_x_to_y
        self.side = pool.side(is_x_to_y)
        self.timestamp = at.unix_seconds
        self.fee_on_input = pool.parameters.takes_fee_from_input(is_x_to_y)
        self.fees = SwapFees.begin(
            pool.parameters,
            pool.v_parameters,
            bin_step=pool.bin_step,
            active_id=pool.active_id,
            unix_seconds=at.unix_seconds,
        )

    def amount_to_pay(self, amount_out: int, price: int) -> int:
        # Here and for the fee in `_swap` the rounding is written out: ceil_div, called twice in a
        # bin, makes a quote 7 % slower.
        if self.is_x_to_y:
            return -(-(amount_out << 64) // price)
        return -(-amount_out * price >> 64)

    def amount_bought(self, amount_in: int, price: int) -> int:
        return amount_in * price >> 64 if self.is_x_to_y else (amount_in << 64) // price

    def take(self, held: Bin, amount: int) -> BinFill:
        """Swap up to `amount` of input in one bin."""
        bin_id, pool = held.bin_id, self.pool
        return self._swap(held, amount, bin_price(bin_id, pool.bin_step), self.fees.rate(bin_id))

    def give(self, held: Bin, amount: int) -> BinFill:
        """Swap for up to `amount` of output in one bin."""
        price = bin_price(held.bin_id, self.pool.bin_step)
        rate = self.fees.rate(held.bin_id)
        net_rate = FEE_PRECISION - rate
        gross = amount if self.fee_on_input else ceil_div(amount * FEE_PRECISION, net_rate)
        if gross >= (held.amount_y if self.is_x_to_y else held.amount_x):
            return self._swap(held, U64_MAX, price, rate)
        amount_in = self.amount_to_pay(gross, price)
        if self.fee_on_input:
            amount_in = ceil_div(amount_in * FEE_PRECISION, net_rate)
        if amount_in > U64_MAX:
            raise AmountOverflowError
        fill = self._swap(held, amount_in, price, rate)
        # What rounding buys beyond the wish leaves the bin; it is the protocol's where the fee is
        # taken from the output, else nobody's.
        surplus = 0 if self.fee_on_input else fill.amount_net - amount
        return fill._replace(amount_net=amount, protocol_fee=fill.protocol_fee + surplus)

    def _swap(self, held: Bin, amount: int, price: int, rate: int) -> BinFill:
        bin_id, reserve_in, reserve_out = held
        if not self.is_x_to_y:
            reserve_in, reserve_out = reserve_out, reserve_in
        fee = -(-amount * rate // FEE_PRECISION) if self.fee_on_input else 0
        net, used, gross_out = amount - fee, self.amount_to_pay(reserve_out, price), reserve_out
        if used > U64_MAX:
            raise AmountOverflowError
        if net < used:
            used, gross_out = net, self.amount_bought(net, price)
        elif net > used:
            # The fee was estimated on the whole amount; a drained bin charges what it used.
            amount = ceil_div(used * FEE_PRECISION, FEE_PRECISION - rate) if fee else used
            fee = amount - used
        if reserve_in + used > U64_MAX:
            raise AmountOverflowError
        net_out = gross_out
        if not self.fee_on_input:
            fee = -(-gross_out * rate // FEE_PRECISION)
            net_out -= fee
        # Input that the fee swallows whole goes to the protocol.
        protocol_fee = fee * self.pool.parameters.protocol_share // BPS if used else fee
        return BinFill(bin_id, amount, net_out, used, gross_out, fee - protocol_fee, protocol_fee)


class BinQuote(NamedTuple):
    """What a DLMM pair fills; `fills` are the non-empty bins in visiting order."""

    amount_in: int
    amount_out: int
    pool: BinPool
    walk: _Walk
    fills: tuple[BinFill, ...]

    @property
    def fee_on_input(self) -> bool:
        return self.walk.fee_on_input

    @property
    def lp_fee(self) -> int:
        return sum(fill.lp_fee for fill in self.fills)

    @property
    def protocol_fee(self) -> int:
        return sum(fill.protocol_fee for fill in self.fills)

    @property
    def end_bin_id(self) -> int:
        return self.fills[-1].bin_id

    @property
    def bins_visited(self) -> int:
        return len(self.fills)

    @property
    def volatility_accumulator(self) -> int:
        return self.walk.fees.volatility_accumulator(self.end_bin_id)

    @property
    def input_mint(self) -> Mint:
        return self.pool.mint_a if self.walk.is_x_to_y else self.pool.mint_b

    @property
    def fees(self) -> tuple[Fee, ...]:
        mint = self.pool.mint_a if self.walk.is_x_to_y == self.fee_on_input else self.pool.mint_b
        return (
            Fee(FeeKind.LP, mint, self.lp_fee),
            Fee(FeeKind.PROTOCOL, mint, self.protocol_fee),
        )

    @property
    def price_before(self) -> Price:
        return self.pool.marginal_price(self.input_mint)

    @property
    def price_after(self) -> Price:
        return self.pool_after.marginal_price(self.input_mint)

    @property
    def bins_after(self) -> tuple[Bin, ...]:
        """The visited bins as the swap leaves them, in visiting order."""
        sign = 1 if self.walk.is_x_to_y else -1
        return tuple(
            Bin(
                held.bin_id,
                held.amount_x + (fill.amount_added if sign > 0 else -fill.amount_removed),
                held.amount_y + (-fill.amount_removed if sign > 0 else fill.amount_added),
            )
            for held, fill in zip(self.walk.side, self.fills, strict=False)
        )

    @property
    def pool_after(self) -> BinPool:
        changed = {held.bin_id: held for held in self.bins_after}
        # The program stamps only swaps that leave the active bin.
        updated_at = self.pool.v_parameters.last_update_timestamp
        if self.end_bin_id != self.pool.active_id:
            updated_at = self.walk.timestamp
        return replace(
            self.pool,
            active_id=self.end_bin_id,
            bins=tuple(changed.get(held.bin_id, held) for held in self.pool.bins),
            v_parameters=VariableParameters(
                volatility_accumulator=self.volatility_accumulator,
                volatility_reference=self.walk.fees.volatility_reference,
                index_reference=self.walk.fees.index_reference,
                last_update_timestamp=updated_at,
            ),
        )
