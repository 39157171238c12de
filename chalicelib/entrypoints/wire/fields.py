"""How single fields are read: each has its form, its rule, and the refusal of what breaks it.

Amounts come in as JSON numbers or decimal strings, exactly.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, StrictBool, StrictStr, StringConstraints, WithJsonSchema

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import InvalidAmountError, InvalidOrderIdError, RejectedError
from chalicelib.domain.orders.order import OrderId, OrderStatus, parse_order_id
from chalicelib.domain.orders.terms import (
    SLICES_MAX,
    TRAILING_BPS_MAX,
    Condition,
    OnMissed,
    OrderType,
    TimeInForce,
    WaitsFor,
)
from chalicelib.engine.errors import InvalidExpiryError, InvalidScheduleError
from chalicelib.entrypoints.errors import (
    InvalidLimitError,
    InvalidMaxPriceImpactError,
    InvalidMinutesError,
    InvalidPriceError,
    InvalidSlippageError,
    InvalidSlotError,
    InvalidTimeInForceError,
    InvalidTrailingError,
    InvalidTriggerConditionError,
    UnknownOrderTypeError,
    UnknownStatusError,
    UnknownWaitingForError,
)
from chalicelib.entrypoints.wire import forms as wire_forms

DEFAULT_SLIPPAGE_BPS = 100
DEFAULT_MAX_PRICE_IMPACT_BPS = 1_500
PAGE_MAX = 100
MINUTES_MAX = 60
PRICE_DIGITS_MAX = 36
INTEGER_DIGITS_MAX = 9
_WHOLE_MAX = 999_999_999
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

N = TypeVar("N", bound=StrEnum)


def _name(names: type[N], refusal: type[RejectedError]) -> BeforeValidator:
    """Read one of these names."""

    def read(value: object) -> N:
        if isinstance(value, str) and value in list(names):
            return names(value)
        raise refusal

    return BeforeValidator(read)


def _whole(
    refusal: type[RejectedError], *, least: int = 0, most: int = _WHOLE_MAX
) -> BeforeValidator:
    """Read a whole number from a query."""

    def read(value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value) and least <= int(value) <= most:
            return int(value)
        raise refusal

    return BeforeValidator(read)


def integer(
    refusal: Callable[[], RejectedError],
    *,
    least: int = 0,
    most: int = BPS,
    may_be_text: bool = True,
) -> BeforeValidator:
    """Read a whole number: a JSON number, which exact_json made a Decimal, or its text."""

    def read(value: object) -> int:
        if may_be_text and isinstance(value, str) and _WHOLE.fullmatch(value):
            value = Decimal(value)
        # The magnitude is judged first: 1e999999999 must not become an integer.
        if not isinstance(value, Decimal) or value.adjusted() > INTEGER_DIGITS_MAX:
            raise refusal()
        if value != value.to_integral_value() or not least <= value <= most:
            raise refusal()
        return int(value)

    return BeforeValidator(read)


def _read_amount(value: object) -> Decimal:
    """A JSON number, which exact_json made a Decimal, or a plain ASCII decimal string."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise InvalidAmountError


def _read_price(value: object) -> str:
    """Return the price as it was written, a JSON number in plain digits."""
    if isinstance(value, Decimal) and abs(value.adjusted()) < PRICE_DIGITS_MAX:
        value = f"{value:f}"
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise InvalidPriceError
    if len(value.replace(".", "")) > PRICE_DIGITS_MAX or not Decimal(value):
        raise InvalidPriceError
    return value


def _time(refusal: type[RejectedError]) -> BeforeValidator:
    """Read a time with its offset from UTC."""

    def read(value: object) -> datetime:
        if isinstance(value, str) and _TIME.fullmatch(value):
            # The 30th of February is none.
            with suppress(ValueError):
                return datetime.fromisoformat(value.upper())
        raise refusal

    return BeforeValidator(read)


def _read_order_id(value: object) -> OrderId:
    if not isinstance(value, str):
        raise InvalidOrderIdError
    return parse_order_id(value)


# What may be None is left out, not null.
TokenName = Annotated[StrictStr, WithJsonSchema(wire_forms.TOKEN)]
Amount = Annotated[Decimal | None, BeforeValidator(_read_amount), WithJsonSchema(wire_forms.AMOUNT)]
SlippageBps = Annotated[
    int,
    integer(InvalidSlippageError),
    WithJsonSchema(wire_forms.slippage_bps(DEFAULT_SLIPPAGE_BPS)),
]
MaxPriceImpactBps = Annotated[
    int,
    integer(InvalidMaxPriceImpactError),
    WithJsonSchema(wire_forms.max_price_impact_bps(DEFAULT_MAX_PRICE_IMPACT_BPS)),
]

Price = Annotated[str, BeforeValidator(_read_price), WithJsonSchema(wire_forms.PRICE)]
PriceIn = Annotated[StrictStr | None, WithJsonSchema(wire_forms.PRICE_IN)]
ExpiresAt = Annotated[
    datetime | None, _time(InvalidExpiryError), WithJsonSchema(wire_forms.EXPIRES_AT)
]
TimeInForceName = Annotated[
    TimeInForce,
    _name(TimeInForce, InvalidTimeInForceError),
    WithJsonSchema(wire_forms.TIME_IN_FORCE),
]
ConditionName = Annotated[
    Condition,
    _name(Condition, InvalidTriggerConditionError),
    WithJsonSchema(wire_forms.TRIGGER_CONDITION),
]
TrailingBps = Annotated[
    int,
    integer(InvalidTrailingError, least=1, most=TRAILING_BPS_MAX, may_be_text=False),
    WithJsonSchema(wire_forms.TRAILING_BPS),
]
Slices = Annotated[
    int,
    integer(InvalidScheduleError, least=1, most=SLICES_MAX, may_be_text=False),
    WithJsonSchema(wire_forms.SLICES),
]
_SPAN_SECONDS = integer(
    InvalidScheduleError, least=1, most=wire_forms.SPAN_SECONDS_MAX, may_be_text=False
)
IntervalSeconds = Annotated[int, _SPAN_SECONDS, WithJsonSchema(wire_forms.INTERVAL_SECONDS)]
DurationSeconds = Annotated[int, _SPAN_SECONDS, WithJsonSchema(wire_forms.DURATION_SECONDS)]
StartAt = Annotated[
    datetime | None, _time(InvalidScheduleError), WithJsonSchema(wire_forms.START_AT)
]
OnMissedName = Annotated[
    OnMissed, _name(OnMissed, InvalidScheduleError), WithJsonSchema(wire_forms.ON_MISSED)
]
Paused = Annotated[StrictBool, WithJsonSchema(wire_forms.PAUSED)]
TriggerIfMet = Annotated[StrictBool, WithJsonSchema(wire_forms.TRIGGER_IF_MET)]

ParentId = Annotated[OrderId, BeforeValidator(_read_order_id), WithJsonSchema(wire_forms.PARENT_ID)]
IdPrefix = Annotated[
    str,
    StringConstraints(pattern=wire_forms.ID_PREFIX["pattern"], to_lower=True),
    WithJsonSchema(wire_forms.ID_PREFIX),
]
Type = Annotated[
    OrderType, _name(OrderType, UnknownOrderTypeError), WithJsonSchema(wire_forms.ORDER_TYPE)
]
Status = Annotated[
    OrderStatus, _name(OrderStatus, UnknownStatusError), WithJsonSchema(wire_forms.ORDER_STATUS)
]
WaitingFor = Annotated[
    WaitsFor, _name(WaitsFor, UnknownWaitingForError), WithJsonSchema(wire_forms.WAITING_FOR)
]
PageLimit = Annotated[
    int,
    _whole(InvalidLimitError, least=1, most=PAGE_MAX),
    WithJsonSchema(wire_forms.page_limit(PAGE_MAX)),
]
Cursor = Annotated[StrictStr, WithJsonSchema(wire_forms.CURSOR)]
LaunchCursor = Annotated[StrictStr, WithJsonSchema(wire_forms.LAUNCH_CURSOR)]
Minutes = Annotated[
    int,
    _whole(InvalidMinutesError, least=1, most=MINUTES_MAX),
    WithJsonSchema(wire_forms.minutes(MINUTES_MAX)),
]
Slot = Annotated[int, _whole(InvalidSlotError), WithJsonSchema(wire_forms.SLOT)]
