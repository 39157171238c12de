"""What clients order: the body of POST /api/orders/execute, of a form for each type of order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from chalicelib.domain.amounts import to_base_units
from chalicelib.domain.errors import InvalidRequestError, UnknownTokenError
from chalicelib.domain.orders.terms import (
    AT_ONCE,
    DcaTerms,
    LimitTerms,
    MarketTerms,
    OcoTerms,
    OnMissed,
    OrderType,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
    TwapTerms,
    implied_limit,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.token_list import find_token
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.errors import InvalidExpiryError
from chalicelib.engine.ports.listing import TokenOf
from chalicelib.entrypoints.errors import (
    InvalidPriceInError,
    InvalidSlippageError,
    InvalidTimeInForceError,
    LimitFormError,
    PricesReversedError,
    UnknownOrderTypeError,
)
from chalicelib.entrypoints.wire.exits import Exit, plan_of
from chalicelib.entrypoints.wire.fields import (
    DEFAULT_SLIPPAGE_BPS,
    Amount,
    ConditionName,
    DurationSeconds,
    ExpiresAt,
    IntervalSeconds,
    OnMissedName,
    Paused,
    Price,
    PriceIn,
    Slices,
    SlippageBps,
    StartAt,
    TimeInForceName,
    TrailingBps,
    TriggerIfMet,
)
from chalicelib.entrypoints.wire.order_request import OrderRequest, PlainOrderRequest, Slipping
from chalicelib.entrypoints.wire.requests import read
from chalicelib.entrypoints.wire.snipes import SniperOrderRequest


class _Priced(PlainOrderRequest):
    """An order that states prices."""

    price_in: PriceIn = None

    def _stated(self, text: str, trade: Trade) -> StatedPrice:
        pair = trade.pair
        if self.price_in is None:
            return StatedPrice(text=text, price_in=pair.token_out.mint)
        return StatedPrice(text=text, price_in=_one_of(pair, self.price_in).mint)

    def _stated_if_any(self, *texts: str | None, trade: Trade) -> list[StatedPrice | None]:
        if self.price_in is not None and not any(texts):
            raise InvalidPriceInError("priceIn goes with a price")
        return [None if text is None else self._stated(text, trade) for text in texts]


class _Waiting(_Priced):
    """An order that may wait for a price."""

    expires_at: ExpiresAt = None


@runtime_checkable
class _Expiring(Protocol):
    """An order that may say until when it waits."""

    @property
    def expires_at(self) -> datetime | None:
        """Until when, if it says so."""


@runtime_checkable
class _Triggered(Protocol):
    """An order that is refused when its price is there already, unless it says otherwise.

    It is no base: the contract would show this field before the order's own.
    """

    @property
    def trigger_if_met(self) -> bool:
        """Accept it all the same."""


class MarketOrderRequest(PlainOrderRequest, Slipping):
    """Trade now."""

    order_type = OrderType.MARKET

    exit: Exit = None

    def to_terms(self, trade: Trade) -> Terms:
        return MarketTerms(exit=plan_of(self.exit))


class LimitOrderRequest(_Waiting):
    """Trade at this price or better, all fees and the order's own price impact included."""

    order_type = OrderType.LIMIT

    limit_price: Price | None = None
    min_amount_out: Amount = None
    max_amount_in: Amount = None
    time_in_force: TimeInForceName = TimeInForce.GTC
    slippage_bps: SlippageBps | None = None
    exit: Exit = None

    def to_terms(self, trade: Trade) -> Terms:
        if self.slippage_bps is not None and self.exit is None:
            raise InvalidSlippageError("a limit order has slippageBps for its exit only")
        if (self.expires_at is not None) != (self.time_in_force is TimeInForce.GTT):
            raise InvalidExpiryError("GTT wants expiresAt, and no other timeInForce has one")
        price = None if self.limit_price is None else self._stated(self.limit_price, trade)
        return LimitTerms(
            limit=self._limit(price, trade),
            time_in_force=self.time_in_force,
            price=price,
            exit=plan_of(self.exit),
        )

    def _limit(self, price: StatedPrice | None, trade: Trade) -> int:
        limits = (self.min_amount_out, self.max_amount_in)
        own, foreign = limits if trade.mode is SwapMode.EXACT_IN else reversed(limits)
        if foreign is not None or (own is None) == (price is None):
            raise LimitFormError
        if price is not None:
            return implied_limit(price, trade)
        if self.price_in is not None:
            raise InvalidPriceInError("priceIn goes with a price")
        assert own is not None
        return to_base_units(own, trade.token_quoted.decimals)


class StopOrderRequest(_Waiting, Slipping):
    """Trade as a market order once a price was seen."""

    order_type = OrderType.STOP

    trigger_price: Price
    trigger_condition: ConditionName
    trigger_if_met: TriggerIfMet = False

    def to_terms(self, trade: Trade) -> Terms:
        price = self._stated(self.trigger_price, trade)
        return StopTerms(price=price, condition=self.trigger_condition)


class TrailingStopOrderRequest(_Waiting, Slipping):
    """Trade as a market order once the price has turned from its best."""

    order_type = OrderType.TRAILING_STOP

    trailing_bps: TrailingBps
    activation_price: Price | None = None

    def to_terms(self, trade: Trade) -> Terms:
        [activation] = self._stated_if_any(self.activation_price, trade=trade)
        return TrailingStopTerms(trailing_bps=self.trailing_bps, activation=activation)


class OcoOrderRequest(_Waiting, Slipping):
    """Trade as a market order at one of two prices, whichever is seen first."""

    order_type = OrderType.OCO

    take_profit_price: Price
    stop_price: Price
    trigger_if_met: TriggerIfMet = False

    def to_terms(self, trade: Trade) -> Terms:
        take_profit = self._stated(self.take_profit_price, trade)
        stop = self._stated(self.stop_price, trade)
        if take_profit.rate(trade.pair) <= stop.rate(trade.pair):
            raise PricesReversedError
        return OcoTerms(take_profit=take_profit, stop=stop)


class _Scheduled(_Priced, Slipping):
    """An order over time."""

    may_buy_exactly = False

    slices: Slices
    start_at: StartAt = None
    on_missed: OnMissedName
    paused: Paused = False

    def _schedule(self, span_seconds: int) -> dict[str, Any]:
        return {
            "slices": self.slices,
            "start_at": AT_ONCE if self.start_at is None else self.start_at.astimezone(UTC),
            "span": timedelta(seconds=span_seconds),
            "on_missed": self.on_missed,
            "is_paused": self.paused,
        }


class DcaOrderRequest(_Scheduled):
    """Trade a part of the amount at equal intervals, as a market order while the price is in the
    band."""

    order_type = OrderType.DCA

    interval_seconds: IntervalSeconds
    min_price: Price | None = None
    max_price: Price | None = None
    on_missed: OnMissedName = OnMissed.SKIP

    def to_terms(self, trade: Trade) -> Terms:
        least, most = self._stated_if_any(self.min_price, self.max_price, trade=trade)
        if least and most and Decimal(least.text) > Decimal(most.text):
            raise PricesReversedError
        return DcaTerms(
            **self._schedule(self.interval_seconds * self.slices),
            min_price=least,
            max_price=most,
        )


class TwapOrderRequest(_Scheduled):
    """Trade the amount in equal parts over a time, as market orders, or at this price or better."""

    order_type = OrderType.TWAP

    duration_seconds: DurationSeconds
    limit_price: Price | None = None
    on_missed: OnMissedName = OnMissed.CATCH_UP

    def to_terms(self, trade: Trade) -> Terms:
        [limit_price] = self._stated_if_any(self.limit_price, trade=trade)
        return TwapTerms(**self._schedule(self.duration_seconds), limit_price=limit_price)


def _one_of(pair: Pair, name: str) -> Token:
    """The token of the pair with that mint or symbol. Raises InvalidPriceInError, also when both
    are called so."""
    mints = {token.mint: token for token in (pair.token_in, pair.token_out)}
    named = [token for token in mints.values() if token.symbol == name]
    if name in mints or len(named) == 1:
        return mints.get(Mint(name)) or named[0]
    try:
        # By another name of it.
        return mints[find_token(name).mint]
    except (KeyError, UnknownTokenError):
        raise InvalidPriceInError from None


ORDER_REQUESTS: tuple[type[OrderRequest], ...] = (
    MarketOrderRequest,
    LimitOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
    OcoOrderRequest,
    DcaOrderRequest,
    TwapOrderRequest,
    SniperOrderRequest,
)
_BY_TYPE: Mapping[object, type[OrderRequest]] = {str(r.order_type): r for r in ORDER_REQUESTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOrder:
    """What a client orders, in the domain's words."""

    terms: Terms
    trade: Trade
    slippage_bps: int
    max_price_impact_bps: int
    expires_at: datetime | None
    trigger_if_met: bool


def read_order(fields: object, token_of: TokenOf) -> WantedOrder:
    """Check the body of an order and bring it into domain terms; its tokens are those that the list
    or `token_of` knows.

    Raises InvalidRequestError for missing, unknown or mistyped fields, and the field's own
    rejection for a value outside of its rules.
    """
    if not isinstance(fields, dict):
        raise InvalidRequestError("body: an object is expected")
    if "type" not in fields:
        raise InvalidRequestError("type: Field required")
    kind = fields["type"]
    model = _BY_TYPE.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise UnknownOrderTypeError
    if "timeInForce" in fields and model is not LimitOrderRequest:
        raise InvalidTimeInForceError
    request = read(model, fields)
    trade = request.to_trade(token_of)
    if trade.mode is SwapMode.EXACT_OUT and not request.may_buy_exactly:
        raise InvalidRequestError(f"amountOut: a {kind} order gives the amount that it pays")
    return WantedOrder(
        terms=request.to_terms(trade),
        trade=trade,
        slippage_bps=_slippage_bps(request),
        max_price_impact_bps=request.max_price_impact_bps,
        expires_at=request.expires_at if isinstance(request, _Expiring) else None,
        trigger_if_met=isinstance(request, _Triggered) and request.trigger_if_met,
    )


def _slippage_bps(request: OrderRequest) -> int:
    """A limit order is held to its limit: what it has is its exit's."""
    if isinstance(request, Slipping):
        return request.slippage_bps
    if not isinstance(request, LimitOrderRequest) or request.exit is None:
        return 0
    return DEFAULT_SLIPPAGE_BPS if request.slippage_bps is None else request.slippage_bps
