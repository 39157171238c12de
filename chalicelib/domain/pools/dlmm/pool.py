"""Meteora DLMM pairs: bins of one price each, walked from the active bin, with a fee per bin."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.dlmm.bins import Bin, BinFill, BinOrders, BinWalk, bin_price
from chalicelib.domain.pools.dlmm.fees import StaticParameters, SwapFees, VariableParameters
from chalicelib.domain.pools.pool import (
    Fee,
    FeeKind,
    Moment,
    PoolKind,
    Price,
    is_a_to_b,
    require_amount,
)
from chalicelib.domain.pools.q64 import Q64
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint


@dataclass(frozen=True, slots=True, kw_only=True)
class BinPool:
    """A DLMM pair; X is `mint_a`, Y is `mint_b`."""

    kind: ClassVar[PoolKind] = PoolKind.DLMM

    address: str
    venue: str
    mint_a: Mint
    mint_b: Mint
    #: The bin that trades now: those above hold only X, those below only Y.
    active_id: int
    #: Bps between the prices of neighbouring bins.
    bin_step: int
    #: Ascending by id; absent ones are empty, and hold no orders.
    bins: tuple[Bin, ...]
    #: The settings of the fee, and what it remembers.
    parameters: StaticParameters
    v_parameters: VariableParameters
    #: The bins' limit orders, ascending by id; absent ones have none.
    orders: tuple[BinOrders, ...] = ()
    #: The same by what they sell, whether X, and by bin id.
    _orders: dict[bool, dict[int, BinOrders]] = field(init=False, repr=False, compare=False)
    #: The bins that sell Y and those that sell X, from the active one outwards.
    _bids: tuple[Bin, ...] = field(init=False, repr=False, compare=False)
    _asks: tuple[Bin, ...] = field(init=False, repr=False, compare=False)
    #: The last walk in each direction: all quotes of a plan are of one moment.
    _walks: dict[bool, tuple[int, BinWalk]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        active_id, bins = self.active_id, self.bins
        orders: dict[bool, dict[int, BinOrders]] = {True: {}, False: {}}
        for each in self.orders:
            orders[each.is_ask][each.bin_id] = each
        bid, ask = orders[False], orders[True]
        bids = [b for b in bins if b.bin_id <= active_id and (b.amount_y or b.bin_id in bid)]
        asks = [b for b in bins if b.bin_id >= active_id and (b.amount_x or b.bin_id in ask)]
        object.__setattr__(self, "_orders", orders)
        object.__setattr__(self, "_bids", tuple(reversed(bids)))
        object.__setattr__(self, "_asks", tuple(asks))

    def side(self, is_x_to_y: bool) -> tuple[Bin, ...]:
        """Return the bins that a swap in this direction drains, in walking order."""
        return self._bids if is_x_to_y else self._asks

    def quote_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> "BinQuote":
        """Return what `amount_in` base units buy, bin after bin as dlmm quote.rs quote_exact_in.

        Raises ZeroAmountError, InsufficientLiquidityError, ZeroOutputError or AmountOverflowError.
        """
        walk, amount_out, drained, last = self._sell(input_mint, amount_in, at)
        return BinQuote(amount_in, amount_out, self, at, walk, (*walk.drained(drained), last))

    def out_exact_in(self, input_mint: Mint, amount_in: int, at: Moment) -> int:
        """Return the output of `quote_exact_in` alone; raises as it does."""
        return self._sell(input_mint, amount_in, at)[1]

    def quote_exact_out(self, input_mint: Mint, amount_out: int, at: Moment) -> "BinQuote":
        """Return what `amount_out` base units cost, as dlmm quote.rs quote_exact_out.

        Raises as `quote_exact_in`, and OpenOrdersError.
        """
        require_amount(amount_out)
        walk = self._walk(input_mint, at)
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
        return BinQuote(amount_in, amount_out, self, at, walk, tuple(fills))

    def marginal_price(self, input_mint: Mint) -> Price:
        """Return the price of the next unit: of the first bin with liquidity on that side."""
        is_x_to_y = is_a_to_b(self, input_mint)
        side = self.side(is_x_to_y)
        price = bin_price(side[0].bin_id if side else self.active_id, self.bin_step)
        return Price(price, Q64) if is_x_to_y else Price(Q64, price)

    def step_left(self, input_mint: Mint, at: Moment) -> int:
        """Return what drains the first bin with liquidity on that side, its fee included."""
        walk = self._walk(input_mint, at)
        return walk.take(walk.side[0], U64_MAX).amount_taken if walk.side else 0

    def _sell(
        self, input_mint: Mint, amount_in: int, at: Moment
    ) -> tuple[BinWalk, int, int, BinFill]:
        require_amount(amount_in)
        walk = self._walk(input_mint, at)
        drained, amount_out, last = walk.end_of(amount_in)
        amount_out += last.amount_net
        if amount_out == 0:
            raise ZeroOutputError
        if amount_out > U64_MAX:
            raise AmountOverflowError
        return walk, amount_out, drained, last

    def _walk(self, input_mint: Mint, at: Moment) -> BinWalk:
        is_x_to_y = is_a_to_b(self, input_mint)
        known = self._walks.get(is_x_to_y)
        if known and known[0] == at.unix_seconds:
            return known[1]
        fees = SwapFees.begin(
            self.parameters,
            self.v_parameters,
            bin_step=self.bin_step,
            active_id=self.active_id,
            unix_seconds=at.unix_seconds,
        )
        walk = BinWalk(self.side(is_x_to_y), self._orders[not is_x_to_y], fees, is_x_to_y)
        self._walks[is_x_to_y] = at.unix_seconds, walk
        return walk


class BinQuote(NamedTuple):
    """What a DLMM swap would fill, in base units."""

    #: All that is paid and all that is received, fees included and taken off.
    amount_in: int
    amount_out: int
    pool: BinPool
    at: Moment
    walk: BinWalk
    #: The non-empty bins in visiting order.
    fills: tuple[BinFill, ...]

    @property
    def is_fee_on_input(self) -> bool:
        return self.walk.is_fee_on_input

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
        mint = self.pool.mint_a if self.walk.is_x_to_y == self.is_fee_on_input else self.pool.mint_b
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
        visited = zip(self.walk.side, self.fills, strict=False)
        if self.walk.is_x_to_y:
            return tuple(
                Bin(i, x + fill.amount_added, y - fill.amount_removed)
                for (i, x, y), fill in visited
            )
        return tuple(
            Bin(i, x - fill.amount_removed, y + fill.amount_added) for (i, x, y), fill in visited
        )

    @property
    def orders_after(self) -> tuple[BinOrders, ...]:
        """What is left of the pair's limit orders."""
        removed = {fill.bin_id: fill.orders_removed for fill in self.fills if fill.orders_removed}
        after = (orders.after(removed.get(orders.bin_id, 0)) for orders in self.pool.orders)
        return tuple(orders for orders in after if orders.processed_remaining or orders.open_amount)

    @property
    def pool_after(self) -> BinPool:
        changed = {held.bin_id: held for held in self.bins_after}
        # The program stamps only swaps that leave the active bin.
        updated_at = self.pool.v_parameters.last_update_timestamp
        if self.end_bin_id != self.pool.active_id:
            updated_at = self.at.unix_seconds
        return replace(
            self.pool,
            active_id=self.end_bin_id,
            bins=tuple(changed.get(held.bin_id, held) for held in self.pool.bins),
            orders=self.orders_after if self.pool.orders else (),
            v_parameters=VariableParameters(
                volatility_accumulator=self.volatility_accumulator,
                volatility_reference=self.walk.fees.volatility_reference,
                index_reference=self.walk.fees.index_reference,
                last_update_timestamp=updated_at,
            ),
        )
