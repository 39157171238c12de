"""When an order may trade, and at what rate: the terms of each type.

A rate is what one base unit of the input gets, in base units of the output; the higher, the better
for the owner. A price is what its owner wrote: of one of the two tokens, in units of the other.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.errors import AmountRangeError
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.pools.new_pools import Property
from chalicelib.domain.tokens import Mint, Pair

TRAILING_BPS_MAX = 5_000
TAKE_PROFIT_BPS_MAX = 1_000_000
STOP_LOSS_BPS_MAX = BPS - 1
HOLD_MAX = timedelta(days=90)
SLICES_MAX = 1_000
RETRY_MAX = timedelta(minutes=10)
# For a schedule that starts when its order is accepted.
AT_ONCE = datetime.min.replace(tzinfo=UTC)
# A slice is skipped when it could not be traded for so long: half an interval within these.
WINDOW_MIN, WINDOW_MAX = timedelta(seconds=30), timedelta(hours=2)


class WaitsFor(StrEnum):
    """What an open order waits for."""

    PRICE = "price"
    SCHEDULE = "schedule"
    POOL = "pool"


class OrderType(StrEnum):
    """How an order decides when and at what price to trade."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    TRAILING_STOP = "TRAILING_STOP"
    OCO = "OCO"
    DCA = "DCA"
    TWAP = "TWAP"
    SNIPER = "SNIPER"
    #: Comes from another order; nobody places one.
    EXIT = "EXIT"

    @property
    def waits_for(self) -> WaitsFor:
        """What an order of this type waits for, if it waits."""
        if self is OrderType.SNIPER:
            return WaitsFor.POOL
        is_over_time = self in (OrderType.DCA, OrderType.TWAP)
        return WaitsFor.SCHEDULE if is_over_time else WaitsFor.PRICE


class TimeInForce(StrEnum):
    """How long a limit order may wait: until it is cancelled, until its time is up, or not at all,
    when what cannot be filled of it is given up, or all of it unless it is filled whole."""

    GTC = "GTC"
    GTT = "GTT"
    IOC = "IOC"
    FOK = "FOK"

    @property
    def waits(self) -> bool:
        return self in (TimeInForce.GTC, TimeInForce.GTT)


class Condition(StrEnum):
    """Which side of its price triggers an order; the price itself does, too."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPrice:
    """A price as its owner wrote it: `text` units of the token `price_in` for one of the other.

    `text` is a plain positive decimal.
    """

    text: str
    price_in: Mint

    def rate(self, pair: Pair) -> Fraction:
        """Return the rate at which the pair has this price, exactly."""
        price = Fraction(Decimal(self.text))
        whole_tokens = Fraction(10**pair.token_out.decimals, 10**pair.token_in.decimals)
        return whole_tokens / price if self._is_inverse(pair) else whole_tokens * price

    def is_met_above(self, condition: Condition, pair: Pair) -> bool:
        """Tell whether the condition holds at high rates, not at low ones."""
        return (condition is Condition.ABOVE) is not self._is_inverse(pair)

    def _is_inverse(self, pair: Pair) -> bool:
        """A price in the input token falls as the rate rises."""
        return self.price_in == pair.token_in.mint


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlan:
    """When to sell again what an order has bought: the first of these that comes. At least one is
    given.

    `take_profit_bps` and `stop_loss_bps` are how far the rate must be above and below that of the
    fill, `trailing_bps` how far it must have fallen from the best rate seen since the fill.
    `hold_seconds_max` after the fill it is sold whatever the rate.
    """

    take_profit_bps: int | None = None
    stop_loss_bps: int | None = None
    trailing_bps: int | None = None
    hold_seconds_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTerms:
    """Trade now, within the slippage of the quote."""

    order_type: ClassVar[OrderType] = OrderType.MARKET

    exit: ExitPlan | None = None


MARKET = MarketTerms()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTerms:
    """Trade at this rate or better, all fees and the price impact of the order's size included.

    `limit` is the least output of an exact-in trade or the most input of an exact-out one, in base
    units: what the signed transaction is held to. `price` is what implied it, if it was a price.
    """

    order_type: ClassVar[OrderType] = OrderType.LIMIT

    limit: int
    time_in_force: TimeInForce
    price: StatedPrice | None = None
    exit: ExitPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTerms:
    """Trade as a market order once the price was seen above, or below, a price."""

    order_type: ClassVar[OrderType] = OrderType.STOP

    price: StatedPrice
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailingStopTerms:
    """Trade as a market order once the rate has fallen by `trailing_bps` from the best rate seen
    since the order was placed; or since `activation` was reached, where that is given."""

    order_type: ClassVar[OrderType] = OrderType.TRAILING_STOP

    trailing_bps: int
    activation: StatedPrice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OcoTerms:
    """Trade as a market order once one of two rates was seen: the one to take a profit at, or the
    one to stop a loss at. One cancels the other; of both in one slot the stop counts."""

    order_type: ClassVar[OrderType] = OrderType.OCO

    take_profit: StatedPrice
    stop: StatedPrice


class OnMissed(StrEnum):
    """What becomes of slices whose time passed while nothing could be done: each lets the schedule
    get longer by one, or their amounts are spread over those that are left."""

    SKIP = "skip"
    CATCH_UP = "catchUp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTerms:
    """Trade the amount in `slices`, one after the other, from `start_at` on, which may be AT_ONCE
    until the order is accepted, in equal steps of a span that ends one step after the last."""

    slices: int
    start_at: datetime
    span: timedelta
    on_missed: OnMissed
    is_paused: bool = False

    @property
    def interval(self) -> timedelta:
        """The step, rounded down to microseconds."""
        return self.span // self.slices

    @property
    def window(self) -> timedelta:
        """How long after it is due a slice may take before it is skipped."""
        return min(max(WINDOW_MIN, self.interval / 2), WINDOW_MAX)

    def due_at(self, number: int) -> datetime:
        """Return when the slice with this number, from 0, is due."""
        return self.start_at + self.span * number // self.slices


@dataclass(frozen=True, slots=True, kw_only=True)
class DcaTerms(ScheduleTerms):
    """Slices that trade as market orders, while the observed price is within the band."""

    order_type: ClassVar[OrderType] = OrderType.DCA

    min_price: StatedPrice | None = None
    max_price: StatedPrice | None = None

    def allows(self, rate: Fraction, pair: Pair) -> bool:
        """Tell whether the price at a rate is within the band, its ends included."""
        bounds = ((self.min_price, Condition.ABOVE), (self.max_price, Condition.BELOW))
        return all(
            rate >= price.rate(pair)
            if price.is_met_above(condition, pair)
            else rate <= price.rate(pair)
            for price, condition in bounds
            if price is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TwapTerms(ScheduleTerms):
    """Slices that trade as market orders, or as limit orders of one price."""

    order_type: ClassVar[OrderType] = OrderType.TWAP

    limit_price: StatedPrice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What a new pool must be like to be bought from; None bounds nothing.

    Liquidity is the pool's, in base units of the token that is paid. `fee_bps_max` bounds what the
    pool and the token's mint take together; `price_max` what the order's own amount costs in this
    pool, all fees and its price impact included.
    """

    liquidity_min: int | None = None
    liquidity_max: int | None = None
    price_impact_bps_max: int | None = None
    fee_bps_max: int | None = None
    price_max: str | None = None
    pool_age_slots_max: int | None = None
    #: One of these, unless there are none.
    venues: tuple[str, ...] = ()
    requires: frozenset[Property] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SniperTerms:
    """Buy once, in the first new pool that passes: of the token of `mint`, or, without, of any new
    token that is paid with the order's input and of which `name_part` and `creator` are true.

    What a pool may still become is waited for until `retry_for` after its creation. A pool that was
    there before the order counts only for an order that `takes_existing`.
    """

    order_type: ClassVar[OrderType] = OrderType.SNIPER

    mint: Mint | None = None
    guards: Guards = Guards()
    retry_for: timedelta
    #: Is in the token's symbol, whatever the case.
    name_part: str | None = None
    creator: str | None = None
    takes_existing: bool = False
    exit: ExitPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitTerms:
    """Sell what another order has bought, as a market order, as its plan says. Of what is met in
    one slot the stop counts, then the trailing stop, then the profit, then the time.

    `paid` is what the other order paid for the amount, in base units of the output token;
    `sell_at` when it has been held for as long as the plan allows.
    """

    order_type: ClassVar[OrderType] = OrderType.EXIT

    plan: ExitPlan
    paid: int
    sell_at: datetime | None = None

    def rate(self, trade: Trade, *, above_bps: int) -> Fraction:
        """Return the rate that is so far above that of the fill, or below it, exactly."""
        return Fraction(self.paid * (BPS + above_bps), trade.amount * BPS)


Terms = (
    MarketTerms
    | LimitTerms
    | StopTerms
    | TrailingStopTerms
    | OcoTerms
    | ExitTerms
    | DcaTerms
    | TwapTerms
    | SniperTerms
)


def waits(terms: Terms) -> bool:
    """Tell whether an order of these terms waits."""
    match terms:
        case MarketTerms():
            return False
        case LimitTerms(time_in_force=time_in_force):
            return time_in_force.waits
    return True


def begun_at(terms: Terms, moment: datetime) -> Terms:
    """Return the terms of an order that is accepted then: what starts at once starts then."""
    if isinstance(terms, ScheduleTerms) and terms.start_at == AT_ONCE:
        return replace(terms, start_at=moment)
    return terms


def exit_plan(terms: Terms) -> ExitPlan | None:
    """Return when to sell again what an order of these terms buys."""
    return terms.exit if isinstance(terms, MarketTerms | LimitTerms | SniperTerms) else None


def is_resting_limit(terms: Terms) -> bool:
    """Tell whether an order of these terms waits again when it could not be filled."""
    return isinstance(terms, LimitTerms) and terms.time_in_force.waits


def implied_limit(price: StatedPrice, trade: Trade) -> int:
    """Return the limit that a price implies for all of a trade, rounded for its owner: the least
    output up, the most input down.

    Raises AmountRangeError when that is nothing, or more than a token account can hold.
    """
    rate = price.rate(trade.pair)
    if trade.mode is SwapMode.EXACT_IN:
        least_out = trade.amount * rate
        limit = ceil_div(least_out.numerator, least_out.denominator)
    else:
        limit = int(trade.amount / rate)
    if not 0 < limit <= U64_MAX:
        raise AmountRangeError("at this price the other amount does not fit a token account")
    return limit


def limit_of_part(trade: Trade, limit: int, part: int) -> int:
    """Return the limit of so much of a trade's amount, at the same rate, rounded for its owner."""
    if trade.mode is SwapMode.EXACT_IN:
        return ceil_div(limit * part, trade.amount)
    return limit * part // trade.amount


def limit_rate(trade: Trade, limit: int) -> Fraction:
    """Return the least rate at which the trade keeps its limit."""
    if trade.mode is SwapMode.EXACT_IN:
        return Fraction(limit, trade.amount)
    return Fraction(trade.amount, limit)


def keeps_limit(mode: SwapMode, limit: int, quoted: int) -> bool:
    """Tell whether what was quoted for a trade is within its limit."""
    return quoted >= limit if mode is SwapMode.EXACT_IN else quoted <= limit
