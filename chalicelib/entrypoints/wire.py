"""The wire contract: what clients send and what they see. Decimals exist only here.

Amounts come in as JSON numbers or decimal strings, exactly, and go out as decimal strings.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictStr,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from chalicelib.domain.amounts import BPS, to_base_units, to_decimal_string
from chalicelib.domain.errors import (
    InvalidAmountError,
    InvalidCursorError,
    InvalidRequestError,
    RejectedError,
)
from chalicelib.domain.orders import (
    Json,
    Order,
    OrderEvent,
    OrderId,
    OrderStatus,
    OrderType,
)
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.tokens import Pair, find_token
from chalicelib.domain.trades import SwapMode, Trade
from chalicelib.engine.ports import OrderFilter, OrderRecord, PageKey
from chalicelib.entrypoints import wire_forms
from chalicelib.entrypoints.signing import ForgedError, Signer

if TYPE_CHECKING:
    # Only quotes need the pools; accepting an order must not load the router.
    from chalicelib.domain.pools.pool import Pool
    from chalicelib.domain.routes import Route

DEFAULT_SLIPPAGE_BPS = 100
PAGE_DEFAULT, PAGE_MOST = 20, 100
FIELD_CHARACTERS_MOST = 64
_CURSOR = "cursor"
# Enough digits for any ratio of two u64 amounts to be told from its neighbours by eye.
_PRICE = Context(prec=12, rounding=ROUND_DOWN)
_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class UnknownOrderTypeError(RejectedError):
    """The order type is not one this service executes."""

    code = "UNKNOWN_ORDER_TYPE"


class UnknownStatusError(RejectedError):
    """There is no such order status."""

    code = "UNKNOWN_STATUS"


class InvalidSlippageError(RejectedError):
    """slippageBps must be a whole number from 0 to 10000."""

    code = "INVALID_SLIPPAGE"


class InvalidLimitError(RejectedError):
    """limit must be a whole number from 1 to 100."""

    code = "INVALID_LIMIT"


def _read_amount(value: object) -> Decimal:
    """A JSON number, which exact_json made a Decimal, or a plain ASCII decimal string."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    raise InvalidAmountError


def _read_slippage(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = Decimal(value)
    # The magnitude is judged first: 1e999999999 must not become an integer.
    if isinstance(value, Decimal) and value.adjusted() <= 4 and value == value.to_integral_value():
        slippage_bps = int(value)
        if 0 <= slippage_bps <= BPS:
            return slippage_bps
    raise InvalidSlippageError


def _read_order_type(value: object) -> OrderType:
    if isinstance(value, str) and value in list(OrderType):
        return OrderType(value)
    raise UnknownOrderTypeError


def _read_status(value: object) -> OrderStatus:
    if isinstance(value, str) and value in list(OrderStatus):
        return OrderStatus(value)
    raise UnknownStatusError


def _read_limit(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value) and 1 <= int(value) <= PAGE_MOST:
        return int(value)
    raise InvalidLimitError


# Left out, not null.
Amount = Annotated[Decimal | None, BeforeValidator(_read_amount), WithJsonSchema(wire_forms.AMOUNT)]
SlippageBps = Annotated[
    int, BeforeValidator(_read_slippage), WithJsonSchema(wire_forms.SLIPPAGE_BPS)
]
TokenName = Annotated[StrictStr, WithJsonSchema(wire_forms.TOKEN)]
Type = Annotated[
    OrderType, BeforeValidator(_read_order_type), WithJsonSchema(wire_forms.ORDER_TYPE)
]
Status = Annotated[
    OrderStatus, BeforeValidator(_read_status), WithJsonSchema(wire_forms.ORDER_STATUS)
]


class _Request(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class QuoteRequest(_Request):
    """The query of GET /api/quotes: `amount` of the input token, or `amountOut` of the output."""

    token_in: TokenName
    token_out: TokenName
    amount: Amount = None
    amount_out: Amount = None
    slippage_bps: SlippageBps = DEFAULT_SLIPPAGE_BPS

    def to_trade(self) -> Trade:
        """The trade in base units.

        Raises what Pair.of and to_base_units raise, InvalidRequestError unless exactly one of the
        amounts is there.
        """
        if (self.amount is None) == (self.amount_out is None):
            raise InvalidRequestError("amount or amountOut: exactly one of them is needed")
        pair = Pair.of(self.token_in, self.token_out)
        if self.amount is not None:
            amount = to_base_units(self.amount, pair.token_in.decimals)
            return Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)
        assert self.amount_out is not None
        amount = to_base_units(self.amount_out, pair.token_out.decimals)
        return Trade(pair=pair, mode=SwapMode.EXACT_OUT, amount=amount)


class SubmitOrderRequest(QuoteRequest):
    """The body of POST /api/orders/execute."""

    type: Type


class ListOrdersRequest(_Request):
    """The query of GET /api/orders."""

    status: Status | None = None
    type: Type | None = None
    token_in: TokenName | None = None
    token_out: TokenName | None = None
    limit: Annotated[
        int, BeforeValidator(_read_limit), WithJsonSchema(wire_forms.page_limit(PAGE_MOST))
    ] = PAGE_DEFAULT
    cursor: Annotated[StrictStr, WithJsonSchema(wire_forms.CURSOR)] | None = None

    def to_filter(self, owner_id: OwnerId) -> OrderFilter:
        """The filter in domain terms. Raises UnknownTokenError."""
        return OrderFilter(
            owner_id=owner_id,
            status=self.status,
            order_type=self.type,
            input_mint=find_token(self.token_in).mint if self.token_in is not None else None,
            output_mint=find_token(self.token_out).mint if self.token_out is not None else None,
        )


T = TypeVar("T", bound=BaseModel)


def read(model: type[T], fields: object) -> T:
    """Check the fields of a request.

    Raises InvalidRequestError for missing, unknown or mistyped fields, and the field's own
    rejection for a value outside of its rules.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:FIELD_CHARACTERS_MOST]
        raise InvalidRequestError(f"{where or 'body'}: {first['msg']}") from None


def event_document(event: OrderEvent) -> dict[str, Any]:
    """An event as clients see it, in frames and in an order's history."""
    document = {
        "orderId": event.order_id,
        "sequence": event.sequence,
        "status": event.status,
        "attempt": event.attempt,
        "timestamp": _timestamp(event.occurred_at),
    }
    return document | _details(event)


def order_document(record: OrderRecord) -> dict[str, Any]:
    """An order as clients see it; what its last event says about the outcome stands beside it."""
    outcome = _details(record.events[-1]) if record.order.status.is_final else {}
    return accepted_document(record.order) | outcome


def accepted_document(order: Order) -> dict[str, Any]:
    """An order as clients see it, its outcome apart."""
    return {
        "orderId": order.order_id,
        "type": order.order_type,
        "status": order.status,
        "tokenIn": order.pair.token_in.symbol,
        "tokenOut": order.pair.token_out.symbol,
        **_given_amount(order.trade),
        "slippageBps": order.slippage_bps,
        "attempt": order.attempt,
        "sequence": order.sequence,
        "createdAt": _timestamp(order.created_at),
        "updatedAt": _timestamp(order.updated_at),
    }


def page_document(records: Sequence[OrderRecord], limit: int, signer: Signer) -> dict[str, Any]:
    """A page of orders; `limit` + 1 records in mean that there is another page."""
    shown = records[:limit]
    more = len(records) > limit
    return {
        "orders": [order_document(record) for record in shown],
        "nextCursor": _write_cursor(shown[-1].order, signer) if more else None,
    }


def quotes_document(trade: Trade, route: "Route", limit: int) -> dict[str, Any]:
    """Every pool's quote and the route that an order would take."""
    totals: dict[str, Json] = {
        "amount_in": route.amount_in,
        "amount_out": route.amount_out,
        trade.limit_name: limit,
    }
    symbols = {"tokenIn": trade.pair.token_in.symbol, "tokenOut": trade.pair.token_out.symbol}
    return symbols | _public(totals | dict(route.to_details()), trade.pair)


def pool_document(pool: "Pool") -> dict[str, Any]:
    """A pool as clients see it; the price is that of a whole token A in tokens B, fees apart."""
    token_a, token_b = find_token(pool.mint_a), find_token(pool.mint_b)
    price = pool.marginal_price(pool.mint_a)
    units_a: int = 10**token_a.decimals
    units_b: int = 10**token_b.decimals
    return {
        "venue": pool.venue,
        "kind": pool.kind,
        "pool": pool.address,
        "tokenA": token_a.symbol,
        "tokenB": token_b.symbol,
        "mintA": pool.mint_a,
        "mintB": pool.mint_b,
        "price": _price(price.numerator * units_a, price.denominator * units_b),
    }


def read_cursor(cursor: str, owner_id: OwnerId, signer: Signer) -> PageKey:
    """Return where the owner's page goes on. Raises InvalidCursorError."""
    try:
        cursor_owner_id, created_at, order_id = signer.open(_CURSOR, cursor)
    except ForgedError:
        raise InvalidCursorError from None
    if cursor_owner_id != owner_id:
        raise InvalidCursorError
    return PageKey(created_at=datetime.fromisoformat(created_at), order_id=OrderId(order_id))


def _write_cursor(order: Order, signer: Signer) -> str:
    return signer.seal(_CURSOR, [order.owner_id, order.created_at.isoformat(), order.order_id])


def _details(event: OrderEvent) -> dict[str, Any]:
    document = _public(event.details, event.pair)
    if event.status is OrderStatus.CONFIRMED:
        document["executedPrice"] = _price(
            Decimal(document["amountOut"]), Decimal(document["amountIn"])
        )
        document["txHash"] = document["signature"]
    return document


def _public(details: Mapping[str, Json], pair: Pair) -> dict[str, Any]:
    """Details in camel case, their amounts as decimals of the token that the name implies.

    The mints of a leg, or of a fee, stand beside its amounts; else they are those of the pair.
    """
    if "input_mint" in details:
        pair = Pair.of(str(details["input_mint"]), str(details["output_mint"]))
    decimals = {
        "amount_in": pair.token_in.decimals,
        "max_amount_in": pair.token_in.decimals,
        "amount_out": pair.token_out.decimals,
        "min_amount_out": pair.token_out.decimals,
    }
    if "mint" in details:
        decimals["amount"] = find_token(str(details["mint"])).decimals

    def value(name: str, content: Json) -> Any:
        if name in decimals and isinstance(content, int):
            return to_decimal_string(content, decimals[name])
        if isinstance(content, dict):
            return _public(content, pair)
        if isinstance(content, list):
            return [value("", item) for item in content]
        return content

    return {to_camel(name): value(name, content) for name, content in details.items()}


def _given_amount(trade: Trade) -> dict[str, str]:
    """The one of the two amounts that the order was placed with, named as it was."""
    if trade.mode is SwapMode.EXACT_IN:
        return {"amount": to_decimal_string(trade.amount, trade.pair.token_in.decimals)}
    return {"amountOut": to_decimal_string(trade.amount, trade.pair.token_out.decimals)}


def _price(amount_out: Decimal | int, amount_in: Decimal | int) -> str:
    price = _PRICE.divide(Decimal(amount_out), Decimal(amount_in))
    return f"{price.normalize(_PRICE):f}"


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
