"""What clients ask over HTTP, checked field by field, and brought into domain terms.

Amounts come in as JSON numbers or decimal strings, exactly.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictStr,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from chalicelib.domain.amounts import BPS, to_base_units
from chalicelib.domain.errors import InvalidAmountError, InvalidRequestError, RejectedError
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import OrderType
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.token_list import find_pair, find_token
from chalicelib.engine.ports.orders import OrderFilter
from chalicelib.entrypoints.errors import (
    InvalidLimitError,
    InvalidMaxPriceImpactError,
    InvalidMinutesError,
    InvalidSlippageError,
    InvalidSlotError,
    UnknownOrderTypeError,
    UnknownStatusError,
    UnknownWaitingForError,
)
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.events import WAITING_FOR_PRICE

DEFAULT_SLIPPAGE_BPS = 100
DEFAULT_MAX_PRICE_IMPACT_BPS = 1_500
PAGE_DEFAULT, PAGE_MAX = 20, 100
MINUTES_MAX = 60
PRICES_MINUTES, STATISTICS_MINUTES = 5, 15
FIELD_CHARACTERS_MAX = 64
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def _read_amount(value: object) -> Decimal:
    """A JSON number, which exact_json made a Decimal, or a plain ASCII decimal string."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise InvalidAmountError


def _read_slippage(value: object) -> int:
    return _read_bps(value, InvalidSlippageError)


def _read_max_price_impact(value: object) -> int:
    return _read_bps(value, InvalidMaxPriceImpactError)


def _read_bps(value: object, refusal: type[RejectedError]) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = Decimal(value)
    # The magnitude is judged first: 1e999999999 must not become an integer.
    if isinstance(value, Decimal) and value.adjusted() <= 4 and value == value.to_integral_value():
        bps = int(value)
        if 0 <= bps <= BPS:
            return bps
    raise refusal


def _read_order_type(value: object) -> OrderType:
    if isinstance(value, str) and value in list(OrderType):
        return OrderType(value)
    raise UnknownOrderTypeError


def _read_status(value: object) -> OrderStatus:
    if isinstance(value, str) and value in list(OrderStatus):
        return OrderStatus(value)
    raise UnknownStatusError


def _read_waiting_for(value: object) -> str:
    if value == WAITING_FOR_PRICE:
        return WAITING_FOR_PRICE
    raise UnknownWaitingForError


def _read_limit(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value) and 1 <= int(value) <= PAGE_MAX:
        return int(value)
    raise InvalidLimitError


def _read_minutes(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value) and 1 <= int(value) <= MINUTES_MAX:
        return int(value)
    raise InvalidMinutesError


def _read_slot(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise InvalidSlotError


# Left out, not null.
Amount = Annotated[Decimal | None, BeforeValidator(_read_amount), WithJsonSchema(wire_forms.AMOUNT)]
SlippageBps = Annotated[
    int,
    BeforeValidator(_read_slippage),
    WithJsonSchema(wire_forms.slippage_bps(DEFAULT_SLIPPAGE_BPS)),
]
MaxPriceImpactBps = Annotated[
    int,
    BeforeValidator(_read_max_price_impact),
    WithJsonSchema(wire_forms.max_price_impact_bps(DEFAULT_MAX_PRICE_IMPACT_BPS)),
]
TokenName = Annotated[StrictStr, WithJsonSchema(wire_forms.TOKEN)]
Type = Annotated[
    OrderType, BeforeValidator(_read_order_type), WithJsonSchema(wire_forms.ORDER_TYPE)
]
Status = Annotated[
    OrderStatus, BeforeValidator(_read_status), WithJsonSchema(wire_forms.ORDER_STATUS)
]
WaitingFor = Annotated[
    StrictStr, BeforeValidator(_read_waiting_for), WithJsonSchema(wire_forms.WAITING_FOR)
]
Minutes = Annotated[
    int, BeforeValidator(_read_minutes), WithJsonSchema(wire_forms.minutes(MINUTES_MAX))
]
Slot = Annotated[int, BeforeValidator(_read_slot), WithJsonSchema(wire_forms.SLOT)]


class _Request(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class TradeRequest(_Request):
    """What to swap: `amount` of the input token, or `amountOut` of the output."""

    token_in: TokenName
    token_out: TokenName
    amount: Amount = None
    amount_out: Amount = None
    max_price_impact_bps: MaxPriceImpactBps = DEFAULT_MAX_PRICE_IMPACT_BPS

    def to_trade(self) -> Trade:
        """The trade in base units.

        Raises what find_pair and to_base_units raise, InvalidRequestError unless exactly one of the
        amounts is there.
        """
        if (self.amount is None) == (self.amount_out is None):
            raise InvalidRequestError("amount or amountOut: give exactly one of them")
        pair = find_pair(self.token_in, self.token_out)
        if self.amount is not None:
            amount = to_base_units(self.amount, pair.token_in.decimals)
            return Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)
        assert self.amount_out is not None
        amount = to_base_units(self.amount_out, pair.token_out.decimals)
        return Trade(pair=pair, mode=SwapMode.EXACT_OUT, amount=amount)


class QuoteRequest(TradeRequest):
    """The query of GET /api/quotes."""

    slippage_bps: SlippageBps = DEFAULT_SLIPPAGE_BPS


class OrderFilterRequest(_Request):
    """Which orders are meant."""

    status: Status | None = None
    waiting_for: WaitingFor | None = None
    type: Type | None = None
    token_in: TokenName | None = None
    token_out: TokenName | None = None

    def to_filter(self, owner_id: OwnerId) -> OrderFilter:
        """The filter in domain terms. Raises UnknownTokenError."""
        return OrderFilter(
            owner_id=owner_id,
            statuses=self._statuses(),
            order_type=self.type,
            input_mint=find_token(self.token_in).mint if self.token_in is not None else None,
            output_mint=find_token(self.token_out).mint if self.token_out is not None else None,
        )

    def _statuses(self) -> Sequence[OrderStatus] | None:
        if self.waiting_for is None:
            return None if self.status is None else (self.status,)
        # All that waits does so for a price; nothing else waits.
        return () if self.status not in (None, OrderStatus.OPEN) else (OrderStatus.OPEN,)


class CancelOrdersRequest(OrderFilterRequest):
    """The body of POST /api/orders/cancel."""


class ListOrdersRequest(OrderFilterRequest):
    """The query of GET /api/orders."""

    limit: Annotated[
        int, BeforeValidator(_read_limit), WithJsonSchema(wire_forms.page_limit(PAGE_MAX))
    ] = PAGE_DEFAULT
    cursor: Annotated[StrictStr, WithJsonSchema(wire_forms.CURSOR)] | None = None


class PricesRequest(_Request):
    """The query of GET /api/prices."""

    token_in: TokenName
    token_out: TokenName
    minutes: Minutes = PRICES_MINUTES
    after_slot: Slot | None = None

    @property
    def span(self) -> timedelta:
        """How long back."""
        return timedelta(minutes=self.minutes)


class StatisticsRequest(_Request):
    """The query of GET /api/statistics."""

    minutes: Minutes = STATISTICS_MINUTES


T = TypeVar("T", bound=BaseModel)


def read(model: type[T], fields: object) -> T:
    """Check the fields of a request.

    Raises InvalidRequestError for missing, unknown or mistyped fields, and the field's own
    rejection for a value outside of its rules.
    """
    try:
        request = model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:FIELD_CHARACTERS_MAX]
        raise InvalidRequestError(f"{where or 'body'}: {first['msg']}") from None
    # What may be left out is not null.
    for name, value in fields.items() if isinstance(fields, dict) else ():
        if value is None:
            raise InvalidRequestError(f"{name}: leave it out instead of null")
    return request
