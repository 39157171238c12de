"""What this service answers, as JSON Schema: strict enough that a wrong answer does not pass."""

from typing import Any

from chalicelib.domain.amounts import BPS
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.pools.pool import FeeKind, PoolKind
from chalicelib.domain.token_list import TOKENS
from chalicelib.entrypoints.wire import forms as wire_forms
from chalicelib.entrypoints.wire.forms import Schema

TEXT: Schema = {"type": "string", "minLength": 1}
ORDER_ID: Schema = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}
TIMESTAMP: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
}
DECIMAL: Schema = {
    "type": "string",
    "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$",
    "description": "A plain decimal in whole tokens, without trailing zeros.",
}
CODE: Schema = {
    "type": "string",
    "pattern": "^[A-Z][A-Z0-9_]*$",
    "description": "Stable; docs/errors.md lists every code.",
}
SYMBOL: Schema = {"type": "string", "enum": [token.symbol for token in TOKENS]}
MINT: Schema = {"type": "string", "enum": [token.mint for token in TOKENS]}
ADDRESS: Schema = {"type": "string", "pattern": "^[1-9A-HJ-NP-Za-km-z]{32,44}$"}
SIGNATURE: Schema = {"type": "string", "pattern": "^[1-9A-HJ-NP-Za-km-z]{64,88}$"}
SHARE_BPS: Schema = {"type": "integer", "minimum": 0, "maximum": BPS}
WHOLE: Schema = {"type": "integer", "minimum": 0}
SECONDS: Schema = {"type": "number", "minimum": 0}
POOL_KIND: Schema = {"type": "string", "enum": [str(kind) for kind in PoolKind]}
CURSOR: Schema = {key: wire_forms.CURSOR[key] for key in ("type", "pattern")}
STREAM_URL: Schema = {"type": "string", "pattern": "^wss?://"}
HEALTH_STATE: Schema = {"type": "string", "enum": ["ok", "unavailable"]}


def ref(name: str) -> Schema:
    """Point to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(
    fields: dict[str, Schema], optional: dict[str, Schema] | None = None, **more: Any
) -> Schema:
    """An object with exactly these fields."""
    return {
        "type": "object",
        "properties": fields | (optional or {}),
        "required": list(fields),
        "additionalProperties": False,
        **more,
    }


def list_of(items: Schema) -> Schema:
    """An array of these."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """This, or nothing."""
    return {"anyOf": [schema, {"type": "null"}]}


_POOL = {"venue": TEXT, "kind": POOL_KIND, "pool": ADDRESS}
_QUOTE = _POOL | {
    "amountIn": DECIMAL,
    "amountOut": DECIMAL,
    "priceImpactBps": SHARE_BPS,
    "feeBps": SHARE_BPS,
}
_LEG = _QUOTE | {"inputMint": MINT, "outputMint": MINT, "fees": list_of(ref("Fee"))}
_ROUTE = {
    "venue": TEXT,
    "amountIn": DECIMAL,
    "amountOut": DECIMAL,
    "priceImpactBps": SHARE_BPS,
    "legs": list_of(ref("Leg")) | {"minItems": 1},
    "baseline": or_null(ref("Quote")),
    "improvementBps": {"type": "integer"},
    "savingBps": {"type": "integer"},
    "reason": TEXT,
    "slot": WHOLE,
}
_DECISION = {
    "quotes": list_of(ref("Quote")),
    "rejections": list_of(ref("Rejection")),
    "route": ref("Route"),
}
_LIMIT = {"minAmountOut": DECIMAL, "maxAmountIn": DECIMAL}
_FAILURE = {"code": CODE, "message": TEXT}
_FILL = {
    "amountIn": DECIMAL,
    "amountOut": DECIMAL,
    "executedPrice": DECIMAL,
    "signature": SIGNATURE,
    "txHash": SIGNATURE,
    "slot": WHOLE,
}
_GIVEN = {"amount": DECIMAL, "amountOut": DECIMAL}
_ORDER = {
    "orderId": ORDER_ID,
    "type": wire_forms.ORDER_TYPE,
    "status": wire_forms.ORDER_STATUS,
    "tokenIn": SYMBOL,
    "tokenOut": SYMBOL,
    "slippageBps": SHARE_BPS,
    "maxPriceImpactBps": SHARE_BPS,
    "attempt": WHOLE,
    "sequence": {"type": "integer", "minimum": 1},
    "createdAt": TIMESTAMP,
    "updatedAt": TIMESTAMP,
}


_MINUTE = {"timestamp": TIMESTAMP, "accepted": WHOLE, "confirmed": WHOLE, "failed": WHOLE}


def _one_of_required(names: dict[str, Schema]) -> list[Schema]:
    return [{"required": [name]} for name in names]


def _event(
    status: OrderStatus,
    fields: dict[str, Schema] | None = None,
    optional: dict[str, Schema] | None = None,
    **more: Any,
) -> Schema:
    common = {
        "orderId": ORDER_ID,
        "sequence": {"type": "integer", "minimum": 1},
        "status": {"type": "string", "const": str(status)},
        "attempt": WHOLE,
        "timestamp": TIMESTAMP,
    }
    return record(common | (fields or {}), optional, **more)


def event_name(status: OrderStatus) -> str:
    """What the schema of this status's event is called."""
    return f"{status.capitalize()}Event"


_EVENTS = {
    OrderStatus.PENDING: _event(OrderStatus.PENDING),
    OrderStatus.ROUTING: _event(
        OrderStatus.ROUTING,
        optional={"retryOf": record(_FAILURE, description="Why the attempt before failed.")},
    ),
    OrderStatus.BUILDING: _event(
        OrderStatus.BUILDING,
        _DECISION | {"signature": SIGNATURE, "lastValidBlockHeight": WHOLE},
        _LIMIT,
        oneOf=_one_of_required(_LIMIT),
    ),
    OrderStatus.SUBMITTED: _event(OrderStatus.SUBMITTED, {"signature": SIGNATURE}),
    OrderStatus.CONFIRMED: _event(OrderStatus.CONFIRMED, _FILL),
    OrderStatus.FAILED: _event(OrderStatus.FAILED, _FAILURE),
}


def _event_schemas() -> dict[str, Schema]:
    union = {
        "oneOf": [ref(event_name(status)) for status in _EVENTS],
        "discriminator": {
            "propertyName": "status",
            "mapping": {str(s): f"#/components/schemas/{event_name(s)}" for s in _EVENTS},
        },
    }
    return {event_name(status): schema for status, schema in _EVENTS.items()} | {"Event": union}


def _order(fields: dict[str, Schema], **more: Any) -> Schema:
    """An order; once it is final, its outcome stands beside it."""
    outcome = _GIVEN | _FILL | _FAILURE
    return record(_ORDER | fields, outcome, anyOf=_one_of_required(_GIVEN), **more)


def components() -> dict[str, Schema]:
    """Every schema of an answer, by name."""
    pool = _POOL | {
        "tokenA": SYMBOL,
        "tokenB": SYMBOL,
        "mintA": MINT,
        "mintB": MINT,
        "price": DECIMAL | {"description": "Of a whole token A in tokens B, fees apart."},
    }
    prices = {
        "type": "object",
        "additionalProperties": DECIMAL,
        "description": "What the best pool of each venue pays alone.",
    }
    best_route = DECIMAL | {"description": "What the best route over all venues pays."}
    point = {"timestamp": TIMESTAMP, "slot": WHOLE, "bestRoute": best_route, "prices": prices}
    token = {"symbol": SYMBOL, "mint": MINT, "decimals": {"type": "integer", "minimum": 0}}
    return {
        "Fee": record(
            {
                "kind": {"type": "string", "enum": [str(kind) for kind in FeeKind]},
                "mint": MINT,
                "amount": DECIMAL,
            }
        ),
        "Quote": record(_QUOTE),
        "Rejection": record(_POOL | {"code": CODE}),
        "Leg": record(_LEG),
        "Route": record(_ROUTE),
        **_event_schemas(),
        "AcceptedOrder": record(
            _ORDER
            | {
                "status": {"type": "string", "const": "pending"},
                "streamUrl": STREAM_URL,
            },
            _GIVEN,
            oneOf=_one_of_required(_GIVEN),
        ),
        "ListedOrder": _order({}),
        "Order": _order(
            {"streamUrl": STREAM_URL, "events": list_of(ref("Event")) | {"minItems": 1}}
        ),
        "OrderPage": record({"orders": list_of(ref("ListedOrder")), "nextCursor": or_null(CURSOR)}),
        "Quotes": record(
            {
                "tokenIn": SYMBOL,
                "tokenOut": SYMBOL,
                "amountIn": DECIMAL,
                "amountOut": DECIMAL,
                "maxPriceImpactBps": SHARE_BPS,
            }
            | _DECISION,
            _LIMIT | {"warning": record(_FAILURE, description="Why such an order would fail now.")},
            oneOf=_one_of_required(_LIMIT),
        ),
        "Prices": record(
            {
                "tokenIn": SYMBOL,
                "tokenOut": SYMBOL,
                "venues": list_of(TEXT),
                "points": list_of(record(point)),
            }
        ),
        "Statistics": record(
            {
                "minutes": {"type": "integer", "minimum": 1},
                "accepted": WHOLE,
                "confirmed": WHOLE,
                "failed": {
                    "type": "object",
                    "propertyNames": CODE,
                    "additionalProperties": WHOLE,
                    "description": "How many by the code of the failure.",
                },
                "unfinished": WHOLE,
                "secondsToConfirmed": or_null(record({"p50": SECONDS, "p99": SECONDS})),
                "perMinute": list_of(record(_MINUTE)),
            }
        ),
        "Tokens": record({"tokens": list_of(record(token))}),
        "Pools": record({"pools": list_of(record(pool)), "slot": WHOLE}),
        "Health": record({"status": {"type": "string", "const": "ok"}}),
        "Readiness": record(
            {
                "status": {"type": "string", "enum": ["ready", "unavailable"]},
                "dependencies": {"type": "object", "additionalProperties": HEALTH_STATE},
            }
        ),
        "Document": {"type": "object", "required": ["info"]},
        "Problem": _problem(),
    }


def _problem() -> Schema:
    return record(
        {
            "type": {"type": "string", "format": "uri", "pattern": "^urn:problem:[a-z0-9-]+$"},
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": CODE,
            "detail": TEXT,
            "requestId": {"type": "string", "description": "The value of X-Request-Id."},
        },
        description="An RFC 9457 problem document.",
    )
