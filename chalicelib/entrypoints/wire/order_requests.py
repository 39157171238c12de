"""What clients order: the body of POST /api/orders/execute, of a form for each type of order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, StrictBool, StrictStr, WithJsonSchema

from chalicelib.domain.amounts import to_base_units
from chalicelib.domain.errors import InvalidRequestError, UnknownTokenError
from chalicelib.domain.orders.terms import (
    TRAILING_BPS_MAX,
    Condition,
    LimitTerms,
    MarketTerms,
    OcoTerms,
    OrderType,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
    implied_limit,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.token_list import find_token
from chalicelib.engine.errors import InvalidExpiryError
from chalicelib.entrypoints.errors import (
    InvalidPriceError,
    InvalidPriceInError,
    InvalidTimeInForceError,
    InvalidTrailingError,
    InvalidTriggerConditionError,
    LimitFormError,
    PricesReversedError,
    UnknownOrderTypeError,
)
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.requests import (
    DEFAULT_SLIPPAGE_BPS,
    Amount,
    SlippageBps,
    TradeRequest,
    read,
)

PRICE_DIGITS_MAX = 36
_PRICE = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _read_price(value: object) -> str:
    """Return the price as it was written, a JSON number in plain digits."""
    if isinstance(value, Decimal) and abs(value.adjusted()) < PRICE_DIGITS_MAX:
        value = f"{value:f}"
    if not isinstance(value, str) or not _PRICE.fullmatch(value):
        raise InvalidPriceError
    if len(value.replace(".", "")) > PRICE_DIGITS_MAX or not Decimal(value):
        raise InvalidPriceError
    return value


def _read_time(value: object) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            # The 30th of February, say.
            raise InvalidExpiryError from None
    raise InvalidExpiryError


def _read_time_in_force(value: object) -> TimeInForce:
    if isinstance(value, str) and value in list(TimeInForce):
        return TimeInForce(value)
    raise InvalidTimeInForceError


def _read_condition(value: object) -> Condition:
    if isinstance(value, str) and value in list(Condition):
        return Condition(value)
    raise InvalidTriggerConditionError


def _read_trailing(value: object) -> int:
    is_whole = isinstance(value, Decimal) and value.adjusted() <= 4
    if is_whole and isinstance(value, Decimal) and value == value.to_integral_value():
        bps = int(value)
        if 1 <= bps <= TRAILING_BPS_MAX:
            return bps
    raise InvalidTrailingError


Price = Annotated[str, BeforeValidator(_read_price), WithJsonSchema(wire_forms.PRICE)]
ExpiresAt = Annotated[
    datetime | None, BeforeValidator(_read_time), WithJsonSchema(wire_forms.EXPIRES_AT)
]
TimeInForceName = Annotated[
    TimeInForce, BeforeValidator(_read_time_in_force), WithJsonSchema(wire_forms.TIME_IN_FORCE)
]
ConditionName = Annotated[
    Condition, BeforeValidator(_read_condition), WithJsonSchema(wire_forms.TRIGGER_CONDITION)
]
TrailingBps = Annotated[
    int, BeforeValidator(_read_trailing), WithJsonSchema(wire_forms.TRAILING_BPS)
]
PriceIn = Annotated[StrictStr | None, WithJsonSchema(wire_forms.PRICE_IN)]
TriggerIfMet = Annotated[StrictBool, WithJsonSchema(wire_forms.TRIGGER_IF_MET)]


class OrderRequest(TradeRequest):
    """What all orders say."""

    order_type: ClassVar[OrderType]

    type: StrictStr

    def to_terms(self, trade: Trade) -> Terms:
        """The terms in the domain's words. Raises a RejectedError."""
        raise NotImplementedError


class _Slipping(OrderRequest):
    """An order that takes the price there is."""

    slippage_bps: SlippageBps = DEFAULT_SLIPPAGE_BPS


class _Waiting(OrderRequest):
    """An order that may wait, and states prices."""

    price_in: PriceIn = None
    expires_at: ExpiresAt = None

    def _stated(self, text: str, trade: Trade) -> StatedPrice:
        pair = trade.pair
        if self.price_in is None:
            return StatedPrice(text=text, price_in=pair.token_out.mint)
        try:
            token = find_token(self.price_in)
        except UnknownTokenError:
            raise InvalidPriceInError from None
        if token not in (pair.token_in, pair.token_out):
            raise InvalidPriceInError
        return StatedPrice(text=text, price_in=token.mint)


class MarketOrderRequest(_Slipping):
    """Trade now."""

    order_type = OrderType.MARKET

    def to_terms(self, trade: Trade) -> Terms:
        return MarketTerms()


class LimitOrderRequest(_Waiting):
    """Trade at this price or better, all fees and the order's own price impact included."""

    order_type = OrderType.LIMIT

    limit_price: Price | None = None
    min_amount_out: Amount = None
    max_amount_in: Amount = None
    time_in_force: TimeInForceName = TimeInForce.GTC

    def to_terms(self, trade: Trade) -> Terms:
        if (self.expires_at is not None) != (self.time_in_force is TimeInForce.GTT):
            raise InvalidExpiryError("GTT wants expiresAt, and no other timeInForce has one")
        price = None if self.limit_price is None else self._stated(self.limit_price, trade)
        return LimitTerms(
            limit=self._limit(price, trade), time_in_force=self.time_in_force, price=price
        )

    def _limit(self, price: StatedPrice | None, trade: Trade) -> int:
        is_exact_in = trade.mode is SwapMode.EXACT_IN
        limits = (self.min_amount_out, self.max_amount_in)
        own, foreign = limits if is_exact_in else reversed(limits)
        if foreign is not None or (own is None) == (price is None):
            raise LimitFormError
        if price is not None:
            return implied_limit(price, trade)
        if self.price_in is not None:
            raise InvalidPriceInError("priceIn goes with a price")
        assert own is not None
        token = trade.pair.token_out if is_exact_in else trade.pair.token_in
        return to_base_units(own, token.decimals)


class StopOrderRequest(_Waiting, _Slipping):
    """Trade as a market order once a price was seen."""

    order_type = OrderType.STOP

    trigger_price: Price
    trigger_condition: ConditionName
    trigger_if_met: TriggerIfMet = False

    def to_terms(self, trade: Trade) -> Terms:
        price = self._stated(self.trigger_price, trade)
        return StopTerms(price=price, condition=self.trigger_condition)


class TrailingStopOrderRequest(_Waiting, _Slipping):
    """Trade as a market order once the price has turned from its best."""

    order_type = OrderType.TRAILING_STOP

    trailing_bps: TrailingBps
    activation_price: Price | None = None

    def to_terms(self, trade: Trade) -> Terms:
        text = self.activation_price
        if text is None and self.price_in is not None:
            raise InvalidPriceInError("priceIn goes with a price")
        activation = None if text is None else self._stated(text, trade)
        return TrailingStopTerms(trailing_bps=self.trailing_bps, activation=activation)


class OcoOrderRequest(_Waiting, _Slipping):
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


ORDER_REQUESTS: tuple[type[OrderRequest], ...] = (
    MarketOrderRequest,
    LimitOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
    OcoOrderRequest,
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


def read_order(fields: object) -> WantedOrder:
    """Check the body of an order and bring it into domain terms.

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
    trade = request.to_trade()
    return WantedOrder(
        terms=request.to_terms(trade),
        trade=trade,
        # A limit order is held to its limit.
        slippage_bps=request.slippage_bps if isinstance(request, _Slipping) else 0,
        max_price_impact_bps=request.max_price_impact_bps,
        expires_at=request.expires_at if isinstance(request, _Waiting) else None,
        trigger_if_met=getattr(request, "trigger_if_met", False),
    )
