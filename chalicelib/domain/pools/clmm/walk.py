"""A swap's walk through a CLMM pool, from one initialized tick to the next."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.clmm.steps import (
    Step,
    SwapKind,
    fill_exact_in,
    fill_exact_out,
    input_beyond_orders,
    match_exact_in,
    match_exact_out,
)
from chalicelib.domain.pools.clmm.ticks import (
    MAX_SQRT_PRICE_X64,
    MIN_SQRT_PRICE_X64,
    sqrt_price_at,
)
from chalicelib.domain.pools.clmm.volatility import FEE_RATE_MAX, DynamicFee, VolatilityWalk
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    PriceRangeError,
    QuoteError,
    ZeroOutputError,
)

# More than any amount.
BEYOND = 1 << 80
# A swap without a price limit of its own stops one unit before the first and last prices.
_SQRT_PRICE_MIN = MIN_SQRT_PRICE_X64 + 1
_SQRT_PRICE_MAX = MAX_SQRT_PRICE_X64 - 1

_TICK_OF = attrgetter("tick")


class Tick(NamedTuple):
    """A tick at which positions begin or end."""

    tick: int
    #: What crossing it upwards adds to the liquidity, and downwards takes away.
    liquidity_net: int
    #: The liquidity of all positions that begin or end here.
    liquidity_gross: int
    #: What limit orders sell at its price, in base units: token 0 above the current tick, else 1.
    orders: int = 0


class WalkedPool(Protocol):
    """What a walk must know of its pool."""

    @property
    def sqrt_price_x64(self) -> int: ...
    @property
    def tick_current(self) -> int: ...
    @property
    def liquidity(self) -> int: ...
    @property
    def tick_spacing(self) -> int: ...
    @property
    def trade_fee_rate(self) -> int: ...
    @property
    def ticks(self) -> Sequence[Tick]: ...
    @property
    def dynamic_fee(self) -> DynamicFee | None: ...


# How to fill it, its target price, the liquidity or the limit orders that it meets, its fee rate.
NextStep = tuple[Callable[[SwapKind, int, int, int, int, int], Step], int, int, int]


class Walk:
    """A swap under way; `tick` is None while it is just the tick of the price."""

    __slots__ = (
        "fill",
        "left",
        "liquidity",
        "match",
        "orders_after",
        "pool",
        "price",
        "step_fees",
        "swap",
        "tick",
        "total",
        "volatility",
    )

    def __init__(self, pool: WalkedPool, swap: SwapKind, amount: int, at: Moment) -> None:
        self.pool = pool
        self.swap = swap
        self.fill = fill_exact_in if swap.is_exact_in else fill_exact_out
        self.match = match_exact_in if swap.is_exact_in else match_exact_out
        self.left = amount
        self.total = 0
        self.price = pool.sqrt_price_x64
        self.tick: int | None = pool.tick_current
        self.liquidity = pool.liquidity
        self.step_fees: list[int] = []
        #: What is left of the limit orders at the ticks that it came to.
        self.orders_after: dict[int, int] = {}
        self.volatility: VolatilityWalk | None = None
        if pool.dynamic_fee is not None:
            self.volatility = VolatilityWalk(
                pool.dynamic_fee,
                pool.tick_current,
                pool.tick_spacing,
                swap.is_down,
                at.unix_seconds,
            )

    def run(self, to_tick: bool) -> None:
        """Walk until all is filled or the prices end, or to the next tick only.

        Raises PriceRangeError, InsufficientLiquidityError or AmountOverflowError.
        """
        for step in self.steps(to_tick):
            self.take(step)

    def steps(self, to_tick: bool = False) -> Iterator[NextStep]:
        """Yield each step, to be taken before the next."""
        is_down, ticks = self.swap.is_down, self.pool.ticks
        limit, clamp = (_SQRT_PRICE_MIN, max) if is_down else (_SQRT_PRICE_MAX, min)
        if clamp(self.price, limit) == limit:
            raise PriceRangeError
        here = bisect_right(ticks, self.pool.tick_current, key=_TICK_OF)
        ahead = range(here - 1, -1, -1) if is_down else range(here, len(ticks))
        for index in ahead[:1] if to_tick else ahead:
            tick, liquidity_net, _, orders = ticks[index]
            tick_price = sqrt_price_at(tick)
            yield from self._steps_to(clamp(tick_price, limit), tick, tick_price, orders)
            if orders:
                orders = self.orders_after.get(tick, orders)
            if self.price == tick_price:
                # Orders that are left keep the price on this side of the tick.
                if not orders:
                    self.liquidity += -liquidity_net if is_down else liquidity_net
                self.tick = tick - 1 if is_down is not bool(orders) else tick
            if not self.left or self.price == limit:
                return
        if not to_tick:
            raise InsufficientLiquidityError

    def _steps_to(
        self, target: int, next_tick: int, tick_price: int, orders: int
    ) -> Iterator[NextStep]:
        fee_rate, volatility, fill = self.pool.trade_fee_rate, self.volatility, self.fill
        if volatility is None:
            if self.price != target:
                yield fill, target, self.liquidity, fee_rate
            if orders and self.left and self.price == tick_price:
                yield from self._match(next_tick, orders, fee_rate)
            return
        while True:
            dynamic_rate, bound = volatility.enter(target, self.liquidity)
            rate = min(FEE_RATE_MAX, fee_rate + dynamic_rate)
            if self.price != bound:
                yield fill, bound, self.liquidity, rate
            if orders and self.left and self.price == tick_price:
                yield from self._match(next_tick, orders, rate)
            volatility.leave(self.price, next_tick)
            if not self.left or self.price == target:
                return

    def _match(self, tick: int, orders: int, fee_rate: int) -> Iterator[NextStep]:
        swap, left, total = self.swap, self.left, self.total
        yield self.match, self.price, orders, fee_rate
        sold = self.total - total if swap.is_exact_in else left - self.left
        if not swap.is_fee_on_input:
            sold += self.step_fees[-1]
        self.orders_after[tick] = orders - sold

    def take(self, step: NextStep) -> None:
        """Take a step. Raises AmountOverflowError."""
        fill, target, depth, fee_rate = step
        price = self.price
        end, taken, added, fee = fill(self.swap, price, target, depth, self.left, fee_rate)
        self.left -= taken
        self.total += added
        if self.total > U64_MAX:
            raise AmountOverflowError
        self.step_fees.append(fee)
        if end != price:
            self.price = end
            self.tick = None


class _Segment(NamedTuple):
    """A step of a way, and what has been paid and received before it."""

    paid: int
    received: int
    price: int
    step: NextStep


class Way:
    """The steps of every swap of an exact input in one direction, as far as one has come.

    All of them take the same whole steps, and only the last is their own: so a swap that is asked
    about again and again, for other amounts, is one step each time.
    """

    __slots__ = ("_end", "_paid_by", "_segments", "_steps", "_swap", "_walk", "unix_seconds")

    def __init__(self, walk: Walk, unix_seconds: int) -> None:
        """`walk` is that of an amount which never ends."""
        self.unix_seconds = unix_seconds
        self._walk, self._swap, self._steps = walk, walk.swap, walk.steps()
        self._segments: list[_Segment] = []
        # What takes the price to the end of each segment.
        self._paid_by: list[int] = []
        self._end: type[QuoteError] | None = None

    def out(self, amount_in: int) -> int:
        """Return what the whole amount buys.

        Raises PriceRangeError, InsufficientLiquidityError, ZeroOutputError or AmountOverflowError.
        """
        index = bisect_left(self._paid_by, amount_in)
        while index == len(self._segments):
            self._extend()
            index = bisect_left(self._paid_by, amount_in)
        paid, received, price, (fill, target, depth, fee_rate) = self._segments[index]
        received += fill(self._swap, price, target, depth, amount_in - paid, fee_rate)[2]
        if received > U64_MAX:
            raise AmountOverflowError
        if received <= 0:
            raise ZeroOutputError
        return received

    def _extend(self) -> None:
        walk = self._walk
        if self._end is None:
            try:
                step = next(self._steps)
            except StopIteration:
                # At the end of all prices a swap fills a part, if it has received anything.
                self._end = InsufficientLiquidityError if walk.total else ZeroOutputError
            except QuoteError as error:
                self._end = type(error)
        if self._end is not None:
            raise self._end
        self._segments.append(_Segment(BEYOND - walk.left, walk.total, walk.price, step))
        try:
            self._paid_by.append(self._last_input_of(step))
        except AmountOverflowError:
            # Nobody comes to its end.
            self._paid_by.append(BEYOND)

    def _last_input_of(self, step: NextStep) -> int:
        """Take the step with more than it needs, and return what the swap may pay to end in it."""
        walk = self._walk
        fill, _, depth, fee_rate = step
        paid, price = BEYOND - walk.left, walk.price
        walk.take(step)
        if fill is match_exact_in:
            return paid + input_beyond_orders(self._swap, price, depth, fee_rate) - 1
        return BEYOND - walk.left
