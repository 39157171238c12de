"""What waits for a rate, and when it is met: exact, and the same in memory as in SQL.

Rates are whole numbers of 1/RATE_ONE, rounded down when they are observed; thresholds are rounded
so that a comparison of two whole numbers says what one of the exact values would. The whole of a
slot is judged by its one rate: nothing here depends on the order in which rows are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from chalicelib.domain.amounts import BPS, ceil_div
from chalicelib.domain.orders.terms import (
    ExitTerms,
    LimitTerms,
    OcoTerms,
    ScheduleTerms,
    SniperTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TrailingStopTerms,
    limit_rate,
)
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.tokens import Mint, Pair

#: The input mint and the output mint of a rate.
RatedPair = tuple[Mint, Mint]

RATE_ONE: int = 10**30
# A small amount's rate lay a hair below an executable one in 7 of 72 samples.
LIMIT_MARGIN_BPS = 1


class Side(StrEnum):
    """Where a rate must be to meet a watch's key; the key itself does, too."""

    ABOVE = "above"
    BELOW = "below"


class TriggerKind(StrEnum):
    """What a watch stands for."""

    LIMIT = "limit"
    STOP = "stop"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    #: A trailing stop that does not trail yet.
    ACTIVATION = "activation"
    #: A slice of an order over time: not a rate meets it, but the time.
    SCHEDULE = "schedule"
    #: Met by the time of a slot, not by its rate.
    MAX_HOLD = "max_hold"
    #: Met by a new pool.
    POOL = "pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why an order that waited trades now: the rate that was seen, and in which slot; no rate where
    its time had come and none was known, or where it waited for a pool: then that one's address."""

    kind: TriggerKind
    rate: int | None
    slot: int
    observed_at: datetime
    #: How many slots before this one, since the order was placed, nobody looked at.
    gap_slots: int = 0
    pool_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One leg of a waiting order: it is met by a rate on that side of the key, or by a time."""

    leg: int
    kind: TriggerKind
    side: Side
    #: None while there is nothing to compare with.
    key: int | None
    #: It is met by a slot that began then, or later.
    fires_at: datetime | None = None
    #: A trailing stop's: how far below the mark its key is, and the best rate seen, 0 before any.
    trailing_bps: int | None = None
    mark: int | None = None

    def is_met(self, rate: int) -> bool:
        """Tell whether the rate of a slot meets the watch."""
        if self.key is None:
            return False
        return rate >= self.key if self.side is Side.ABOVE else rate <= self.key

    def is_due(self, at: datetime) -> bool:
        """Tell whether a slot that began then meets the watch, whatever its rate."""
        return self.fires_at is not None and at >= self.fires_at

    def after(self, rate: int) -> "Watch":
        """Return the watch as it stands after a slot of that rate which did not fire it."""
        if self.kind is TriggerKind.ACTIVATION and self.is_met(rate):
            return self.marked(rate)
        return self.marked(rate) if self.mark is not None and rate > self.mark else self

    def marked(self, rate: int) -> "Watch":
        """Return the watch of a trailing stop whose best rate is this one."""
        assert self.trailing_bps is not None, "only trailing stops have marks"
        return replace(
            self,
            kind=TriggerKind.TRAILING_STOP,
            side=Side.BELOW,
            mark=rate,
            key=trailing_key(rate, self.trailing_bps),
        )


def trailing_key(mark: int, trailing_bps: int) -> int:
    """Return the rate that is so far below the mark."""
    return mark * (BPS - trailing_bps) // BPS


def observed_rate(numerator: int, denominator: int) -> int:
    """Return a rate as it is observed: rounded down."""
    return numerator * RATE_ONE // denominator


def watches_of(terms: Terms, trade: Trade) -> tuple[Watch, ...]:
    """Return what an order of these terms waits for, none where it does not wait."""
    pair = trade.pair
    match terms:
        case LimitTerms() if terms.time_in_force.waits:
            return (_limit_watch(trade, terms.limit),)
        case StopTerms(price=price, condition=condition):
            is_above = price.is_met_above(condition, pair)
            return (_price_watch(0, TriggerKind.STOP, price, pair, is_above=is_above),)
        case TrailingStopTerms(trailing_bps=bps, activation=None):
            return (_trailing_watch(0, bps),)
        case TrailingStopTerms(trailing_bps=bps, activation=StatedPrice() as activation):
            watch = _price_watch(0, TriggerKind.ACTIVATION, activation, pair, is_above=True)
            return (replace(watch, trailing_bps=bps),)
        case OcoTerms(take_profit=take_profit, stop=stop):
            return (
                _price_watch(0, TriggerKind.TAKE_PROFIT, take_profit, pair, is_above=True),
                _price_watch(1, TriggerKind.STOP, stop, pair, is_above=False),
            )
        case ScheduleTerms() | SniperTerms():
            is_hunt = isinstance(terms, SniperTerms)
            kind = TriggerKind.POOL if is_hunt else TriggerKind.SCHEDULE
            return (Watch(leg=0, kind=kind, side=Side.ABOVE, key=None),)
        case ExitTerms():
            return (*_exit_watches(terms, trade),)
    return ()


def chosen(met: Mapping[int, Watch]) -> Watch:
    """Return the one of an order's watches, by leg, that counts when a slot has met them: the last.
    Of an OCO's two it is the stop, of an exit's the one that ExitTerms names first."""
    return met[max(met)]


def _limit_watch(trade: Trade, limit: int) -> Watch:
    key = _floor(limit_rate(trade, limit) * Fraction(BPS - LIMIT_MARGIN_BPS, BPS))
    return Watch(leg=0, kind=TriggerKind.LIMIT, side=Side.ABOVE, key=key)


def _trailing_watch(leg: int, trailing_bps: int) -> Watch:
    kind = TriggerKind.TRAILING_STOP
    return Watch(leg=leg, kind=kind, side=Side.BELOW, key=None, trailing_bps=trailing_bps, mark=0)


def _exit_watches(terms: ExitTerms, trade: Trade) -> Iterator[Watch]:
    plan = terms.plan
    if terms.sell_at is not None:
        kind = TriggerKind.MAX_HOLD
        yield Watch(leg=0, kind=kind, side=Side.ABOVE, key=None, fires_at=terms.sell_at)
    if plan.take_profit_bps is not None:
        rate = terms.rate(trade, above_bps=plan.take_profit_bps)
        yield _rate_watch(1, TriggerKind.TAKE_PROFIT, rate, is_above=True)
    if plan.trailing_bps is not None:
        yield _trailing_watch(2, plan.trailing_bps)
    if plan.stop_loss_bps is not None:
        rate = terms.rate(trade, above_bps=-plan.stop_loss_bps)
        yield _rate_watch(3, TriggerKind.STOP, rate, is_above=False)


def _price_watch(
    leg: int, kind: TriggerKind, price: StatedPrice, pair: Pair, *, is_above: bool
) -> Watch:
    return _rate_watch(leg, kind, price.rate(pair), is_above=is_above)


def _rate_watch(leg: int, kind: TriggerKind, rate: Fraction, *, is_above: bool) -> Watch:
    if is_above:
        return Watch(leg=leg, kind=kind, side=Side.ABOVE, key=_ceil(rate))
    return Watch(leg=leg, kind=kind, side=Side.BELOW, key=_floor(rate))


def _floor(rate: Fraction) -> int:
    return rate.numerator * RATE_ONE // rate.denominator


def _ceil(rate: Fraction) -> int:
    return ceil_div(rate.numerator * RATE_ONE, rate.denominator)
