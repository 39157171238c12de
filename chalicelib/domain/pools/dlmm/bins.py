"""The bins of a DLMM pair, and what a swap takes from each and leaves there.

A bin has up to three layers at its price, taken from in this order: its reserves, the limit orders
that are partly filled, and those that are not. Each rounds for itself.
Invariant: what a bin holds, valued at its own price, never falls.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.pools.dlmm.fees import FEE_PRECISION, SwapFees
from chalicelib.domain.pools.q64 import Q64, pow_q64
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    OpenOrdersError,
)

# Of the fee that a limit order's part of a swap pays: the share of the order's owner.
_ORDER_FEE_SHARE_BPS = 5_000


class Bin(NamedTuple):
    """The reserves that trade at one price, in base units."""

    bin_id: int
    amount_x: int
    amount_y: int


class BinOrders(NamedTuple):
    """The limit orders of a bin, in base units of what they sell."""

    bin_id: int
    #: What is left of those partly filled, and all of those that are not.
    processed_remaining: int
    open_amount: int
    #: Whether they sell X; else Y.
    is_ask: bool

    def after(self, removed: int) -> "BinOrders":
        """Return them when a swap has taken so much: all that are touched are partly filled."""
        processed = self.processed_remaining - removed
        if processed >= 0:
            return self._replace(processed_remaining=processed)
        return self._replace(processed_remaining=self.open_amount + processed, open_amount=0)


class BinFill(NamedTuple):
    """What a swap did to one bin, in base units."""

    bin_id: int
    #: Paid by the trader, an input fee included.
    amount_taken: int
    #: Received by the trader, an output fee taken off.
    amount_net: int
    #: What the bin gained of one token and lost of the other; fees leave the bin.
    amount_added: int
    amount_removed: int
    #: The two parts of the fee; the owners of limit orders share in the first.
    lp_fee: int
    protocol_fee: int
    #: What limit orders were paid, and what they gave.
    orders_paid: int = 0
    orders_removed: int = 0


@lru_cache(maxsize=65_536)
def bin_price(bin_id: int, bin_step: int) -> int:
    """Return the price of a bin, base units of Y for one of X, in Q64.64.

    As dlmm price_math.rs get_price_from_id has it: (1 + bin_step/10⁴)^bin_id. Raises
    AmountOverflowError when that leaves Q64.64.
    """
    return pow_q64(Q64 + bin_step * Q64 // BPS, bin_id)


class BinWalk:
    """The way of swaps through the bins of a pair, `side` in walking order.

    Every swap of an exact input drains the same bins, before the one it ends in, in the same way:
    what it does to them is remembered.
    """

    __slots__ = (
        "_drained",
        "_drained_by",
        "_net_before",
        "_orders",
        "_taken_before",
        "_terms",
        "fees",
        "is_fee_on_input",
        "is_x_to_y",
        "side",
    )

    def __init__(
        self,
        side: tuple[Bin, ...],
        orders: Mapping[int, BinOrders],
        fees: SwapFees,
        is_x_to_y: bool,
    ) -> None:
        """`orders` are those that sell what the swaps buy, by bin id."""
        self.side = side
        self._orders = orders
        self.fees = fees
        self.is_x_to_y = is_x_to_y
        self.is_fee_on_input = fees.parameters.takes_fee_from_input(is_x_to_y)
        # For each bin drained so far: its fill, and the least input that goes on to the next; then
        # what has been taken and received before it, and behind the last.
        self._terms: list[tuple[Bin, int, int]] = []
        self._drained: list[BinFill] = []
        self._drained_by: list[int] = []
        self._taken_before, self._net_before = [0], [0]

    def end_of(self, amount_in: int) -> tuple[int, int, BinFill]:
        """Return how many bins an input drains, what it receives there, and its last fill.

        Raises InsufficientLiquidityError or AmountOverflowError.
        """
        end = bisect_right(self._drained_by, amount_in)
        while True:
            if end == len(self._terms):
                self._terms.append(self._next_terms())
            left = amount_in - self._taken_before[end]
            fill = self._swap(*self._terms[end], left)
            if fill.amount_taken == left:
                return end, self._net_before[end], fill
            if end == len(self._drained):
                self._remember(fill)
            end += 1

    def _next_terms(self) -> tuple[Bin, int, int]:
        """Return the next bin that a swap comes to, its price and its fee rate."""
        if len(self._terms) == len(self.side):
            raise InsufficientLiquidityError
        held = self.side[len(self._terms)]
        return held, bin_price(held.bin_id, self.fees.bin_step), self.fees.rate(held.bin_id)

    def drained(self, count: int) -> list[BinFill]:
        """Return the fills of so many bins that a swap has drained."""
        return self._drained[:count]

    def _remember(self, fill: BinFill) -> None:
        taken_before = self._taken_before[-1]
        least = fill.amount_added + fill.orders_paid + 1
        if self.is_fee_on_input:
            # The least amount that leaves more than the bin uses, the fee taken off.
            least = ceil_div(least * FEE_PRECISION, FEE_PRECISION - self.fees.rate(fill.bin_id))
        self._drained.append(fill)
        self._drained_by.append(taken_before + least)
        self._taken_before.append(taken_before + fill.amount_taken)
        self._net_before.append(self._net_before[-1] + fill.amount_net)

    def take(self, held: Bin, amount: int) -> BinFill:
        """Swap up to `amount` of input in one bin. Raises AmountOverflowError."""
        bin_id, fees = held.bin_id, self.fees
        return self._swap(held, bin_price(bin_id, fees.bin_step), fees.rate(bin_id), amount)

    def give(self, held: Bin, amount: int) -> BinFill:
        """Swap for up to `amount` of output in one bin.

        Raises AmountOverflowError or OpenOrdersError.
        """
        price = bin_price(held.bin_id, self.fees.bin_step)
        rate = self.fees.rate(held.bin_id)
        net_rate = FEE_PRECISION - rate
        gross = amount if self.is_fee_on_input else ceil_div(amount * FEE_PRECISION, net_rate)
        layers = self._layers(held)
        if gross >= sum(layers):
            return self._swap(held, price, rate, U64_MAX)
        # dlmm 0.12.0 ends here with its UndeterminedError, however the SDK quotes it.
        if gross > sum(layers[:2]):
            raise OpenOrdersError
        amount_in, wanted = 0, gross
        for layer in layers:
            amount_in += self._amount_to_pay(min(wanted, layer), price)
            wanted = max(0, wanted - layer)
        if self.is_fee_on_input:
            amount_in = ceil_div(amount_in * FEE_PRECISION, net_rate)
        if amount_in > U64_MAX:
            raise AmountOverflowError
        fill = self._swap(held, price, rate, amount_in)
        # What rounding buys beyond the wish leaves the bin; it is the protocol's where the fee is
        # taken from the output, else nobody's.
        surplus = 0 if self.is_fee_on_input else fill.amount_net - amount
        return fill._replace(amount_net=amount, protocol_fee=fill.protocol_fee + surplus)

    def _swap(self, held: Bin, price: int, rate: int, amount: int) -> BinFill:
        bin_id, reserve_in, reserve_out = held
        if not self.is_x_to_y:
            reserve_in, reserve_out = reserve_out, reserve_in
        fee = -(-amount * rate // FEE_PRECISION) if self.is_fee_on_input else 0
        net, used, gross_out = amount - fee, self._amount_to_pay(reserve_out, price), reserve_out
        if used > U64_MAX:
            raise AmountOverflowError
        if net < used:
            used, gross_out = net, self._amount_bought(net, price)
        elif net > used and bin_id in self._orders:
            return self._swap_with_orders(held, price, rate, amount)
        elif net > used:
            # The fee was estimated on the whole amount; a drained bin charges what it used.
            amount = ceil_div(used * FEE_PRECISION, FEE_PRECISION - rate) if fee else used
            fee = amount - used
        if reserve_in + used > U64_MAX:
            raise AmountOverflowError
        net_out = gross_out
        if not self.is_fee_on_input:
            fee = -(-gross_out * rate // FEE_PRECISION)
            net_out -= fee
        # A fee that swallows the whole input goes to the protocol.
        protocol_fee = fee * self.fees.parameters.protocol_share // BPS if used else fee
        return BinFill(bin_id, amount, net_out, used, gross_out, fee - protocol_fee, protocol_fee)

    def _swap_with_orders(self, held: Bin, price: int, rate: int, amount: int) -> BinFill:
        """Swap more than the reserves of a bin take, as dlmm quote.rs fills its layers."""
        fee = ceil_div(amount * rate, FEE_PRECISION) if self.is_fee_on_input else 0
        reserves, *orders = self._layers(held)
        used = self._amount_to_pay(reserves, price)
        paid, removed = self._fill_orders(orders, price, amount - fee - used)
        if used + paid < amount - fee:
            amount = used + paid
            if fee:
                amount = ceil_div(amount * FEE_PRECISION, FEE_PRECISION - rate)
                fee = amount - used - paid
        reserve_in = held.amount_x if self.is_x_to_y else held.amount_y
        if reserve_in + used > U64_MAX or used + paid > U64_MAX:
            raise AmountOverflowError
        net_out = reserves + removed
        if not self.is_fee_on_input:
            fee = ceil_div(net_out * rate, FEE_PRECISION)
            net_out -= fee
        protocol_fee = self._protocol_fee(fee, used, paid)
        return BinFill(
            held.bin_id,
            amount,
            net_out,
            used,
            reserves,
            fee - protocol_fee,
            protocol_fee,
            paid,
            removed,
        )

    def _fill_orders(self, orders: Sequence[int], price: int, left: int) -> tuple[int, int]:
        """What is paid to the layers of orders out of `left`, and what they give."""
        paid = removed = 0
        for layer in orders:
            need = self._amount_to_pay(layer, price)
            if left < need:
                return paid + left, removed + self._amount_bought(left, price)
            paid, removed, left = paid + need, removed + layer, left - need
        return paid, removed

    def _protocol_fee(self, fee: int, used: int, paid: int) -> int:
        # dlmm quote.rs split_fee: half of the orders' part is their owners'.
        if used + paid == 0:
            return fee
        fee_of_reserves = ceil_div(fee * used, used + paid)
        fee_of_orders = fee - fee_of_reserves
        owners = fee_of_orders * _ORDER_FEE_SHARE_BPS // BPS
        share = fee_of_reserves * self.fees.parameters.protocol_share // BPS
        return fee_of_orders - owners + share

    def _layers(self, held: Bin) -> tuple[int, ...]:
        """What a bin holds of the output, layer by layer."""
        reserves = held.amount_y if self.is_x_to_y else held.amount_x
        orders = self._orders.get(held.bin_id)
        if orders is None:
            return (reserves,)
        return reserves, orders.processed_remaining, orders.open_amount

    def _amount_to_pay(self, amount_out: int, price: int) -> int:
        # Here and for the fee in `_swap` the rounding is written out: ceil_div, called twice in a
        # bin, makes a quote 7 % slower.
        if self.is_x_to_y:
            return -(-(amount_out << 64) // price)
        return -(-amount_out * price >> 64)

    def _amount_bought(self, amount_in: int, price: int) -> int:
        return amount_in * price >> 64 if self.is_x_to_y else (amount_in << 64) // price
