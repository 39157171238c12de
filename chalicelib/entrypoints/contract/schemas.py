"""What this service answers, as JSON Schema: a name for everything, so that each generator makes
one type of it. What no generator can type is left to the tests: that of two fields one is there."""

import json
import re
from typing import Any

from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import Condition, TimeInForce, WaitsFor
from chalicelib.domain.pools.pool import FeeKind, PoolKind
from chalicelib.entrypoints.contract.answer_forms import (
    ADDRESS,
    CODE,
    CURSOR,
    DECIMAL,
    MINT,
    ORDER_ID,
    SECONDS,
    SEQUENCE,
    SHARE_BPS,
    SIGNATURE,
    STREAM_URL,
    SYMBOL,
    TEXT,
    TIMESTAMP,
    WHOLE,
    list_of,
    map_of,
    one_of,
    or_null,
    record,
    ref,
)
from chalicelib.entrypoints.contract.hunts import EVENT as HUNT_EVENT
from chalicelib.entrypoints.contract.hunts import FOUND, HUNT
from chalicelib.entrypoints.contract.hunts import components as hunt_components
from chalicelib.entrypoints.contract.slices import (
    COMPLETED,
    FAMILY,
    IN_FLIGHT,
    PRICE_TEXT,
    SCHEDULE,
)
from chalicelib.entrypoints.contract.slices import EVENT as SLICE_EVENT
from chalicelib.entrypoints.contract.slices import components as slice_components
from chalicelib.entrypoints.wire.events import TRIGGER_KINDS
from chalicelib.entrypoints.wire.forms import EXIT, Schema

_POOL = {"venue": TEXT, "kind": ref("PoolKind"), "pool": ADDRESS}
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
_CANCEL_REQUESTED: dict[str, Schema] = {
    "cancelRequested": {
        "type": "boolean",
        "const": True,
        "description": "No other transaction is signed. The order ends confirmed or cancelled.",
    }
}
_FILLABLE = {
    "amountInMax": DECIMAL
    | {"description": "The largest `amount` that can be filled, if it was too large."},
    "amountOutMax": DECIMAL
    | {"description": "The largest `amountOut` that can be filled, if it was too large."},
}
_UNFILLED = {
    "unfilled": ref("Failure")
    | {"description": "Why a limit waits again that was about to be filled."}
}
_CHANGED = {
    "changed": ref("ChangedFields")
    | {"description": "What the owner has edited, and what it is now."}
}
_LEFT = {
    "amountUnfilled": DECIMAL
    | {"description": "What is left of an IOC order, in the token of the amount it gives."}
}
_EXIT_ORDER: dict[str, Schema] = {
    "exitOrderId": ORDER_ID | {"description": "The order that sells again what was received."}
}
_FILL = {
    "amountIn": DECIMAL,
    "amountOut": DECIMAL,
    "executedPrice": DECIMAL,
    "signature": SIGNATURE,
    "txHash": SIGNATURE,
    "slot": WHOLE,
}
_GIVEN = {"amount": DECIMAL, "amountOut": DECIMAL}
_TERMS: dict[str, Schema] = {
    "limitPrice": PRICE_TEXT,
    "triggerPrice": PRICE_TEXT,
    "activationPrice": PRICE_TEXT,
    "takeProfitPrice": PRICE_TEXT,
    "stopPrice": PRICE_TEXT,
    "priceIn": SYMBOL | {"description": "The token that the prices are in, per one of the other."},
    "timeInForce": one_of(TimeInForce),
    "triggerCondition": one_of(Condition),
    "trailingBps": SHARE_BPS,
    "expiresAt": TIMESTAMP,
    **SCHEDULE,
    **HUNT,
    "exit": ref("Exit"),
    "sellAt": TIMESTAMP
    | {"description": "When an exit sells at any price, if nothing else came before."},
    **_LIMIT,
    **FAMILY,
    **FOUND,
    "tokenOut": SYMBOL
    | {"description": "Absent while an order waits for a pool of any new token."},
}
_WAITING_FOR: dict[str, Schema] = {
    "waitingFor": {
        "type": "string",
        "enum": [str(each) for each in WaitsFor],
        "description": "What an open order waits for.",
    }
}
_ORDER = {
    "orderId": ORDER_ID,
    "type": ref("OrderType"),
    "status": ref("OrderStatus"),
    "tokenIn": SYMBOL,
    "slippageBps": SHARE_BPS,
    "maxPriceImpactBps": SHARE_BPS,
    "attempt": WHOLE,
    "sequence": SEQUENCE,
    "createdAt": TIMESTAMP,
    "updatedAt": TIMESTAMP,
}
_LISTED_POOL = _POOL | {
    "tokenA": SYMBOL,
    "tokenB": SYMBOL,
    "mintA": MINT,
    "mintB": MINT,
    "price": DECIMAL | {"description": "One token A in tokens B, before fees."},
}
_HALTED: dict[str, Schema] = {
    "halted": {
        "type": "boolean",
        "description": "Whether an operator has stopped taking and signing orders.",
    }
}
_HALTED_SINCE = {"haltedSince": TIMESTAMP}
_MINUTE = {"timestamp": TIMESTAMP, "accepted": WHOLE, "confirmed": WHOLE, "failed": WHOLE}


_OF_AMOUNTS = (
    "What was ordered: `amount` to sell, or `amountOut` to buy. Once it is confirmed, "
    "`amountIn` and `amountOut` are what was paid and received."
)


def _exactly_one(names: dict[str, Schema]) -> str:
    return f"Exactly one of {' and '.join(f'`{name}`' for name in names)} is present."


_QUOTED = f"{_exactly_one(_LIMIT)} `warning` says why such an order would fail now."


def _event(
    status: OrderStatus,
    fields: dict[str, Schema] | None = None,
    optional: dict[str, Schema] | None = None,
    **more: Any,
) -> Schema:
    common = {
        "orderId": ORDER_ID,
        "sequence": SEQUENCE,
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
    OrderStatus.OPEN: _event(
        OrderStatus.OPEN, _WAITING_FOR, _UNFILLED | _CHANGED | SLICE_EVENT | HUNT_EVENT
    ),
    OrderStatus.ROUTING: _event(
        OrderStatus.ROUTING,
        optional={
            "trigger": ref("Trigger"),
            **HUNT_EVENT,
            "retryOf": ref("Failure"),
            "refusedBy": list_of(ADDRESS)
            | {"description": "Pools that refused an earlier attempt: this one uses less of them."},
        },
    ),
    OrderStatus.BUILDING: _event(
        OrderStatus.BUILDING,
        {"signature": SIGNATURE},
        _DECISION | {"lastValidBlockHeight": WHOLE} | _LIMIT | _CANCEL_REQUESTED,
        description=(
            f"The route, and its signed transaction. {_exactly_one(_LIMIT)} With `cancelRequested` "
            "it says only that."
        ),
    ),
    OrderStatus.SUBMITTED: _event(
        OrderStatus.SUBMITTED, {"signature": SIGNATURE}, _CANCEL_REQUESTED
    ),
    OrderStatus.CONFIRMED: _event(OrderStatus.CONFIRMED, _FILL, _LEFT | _EXIT_ORDER),
    OrderStatus.CANCELLED: _event(OrderStatus.CANCELLED),
    OrderStatus.EXPIRED: _event(OrderStatus.EXPIRED),
    OrderStatus.FAILED: _event(OrderStatus.FAILED, _FAILURE, _FILLABLE),
    OrderStatus.COMPLETED: _event(OrderStatus.COMPLETED, COMPLETED, {"executedPrice": DECIMAL}),
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


def _order(fields: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An order; once it is at rest, what it came to stands beside it."""
    rest = _WAITING_FOR | _UNFILLED | _CHANGED | SLICE_EVENT | HUNT_EVENT
    outcome = _CANCEL_REQUESTED | COMPLETED | _FILL | _LEFT | _EXIT_ORDER | _FAILURE | _FILLABLE
    more = _GIVEN | _TERMS | rest | outcome | (optional or {})
    return record(_ORDER | fields, more, description=_OF_AMOUNTS)


def components() -> dict[str, Schema]:
    """Every schema of an answer, by name."""
    return {
        "PoolKind": one_of(PoolKind),
        "FeeKind": one_of(FeeKind),
        "HealthState": {"type": "string", "enum": ["ok", "unavailable"]},
        "Fee": record({"kind": ref("FeeKind"), "mint": MINT, "amount": DECIMAL}),
        "Quote": record(_QUOTE),
        "Rejection": record(_POOL | {"code": CODE}),
        "Leg": record(_LEG),
        "Route": record(_ROUTE),
        "Failure": record(
            _FAILURE, description="Why an attempt failed, or why an order would fail."
        ),
        **_event_schemas(),
        **slice_components(),
        **hunt_components(),
        "AcceptedOrder": record(
            _ORDER
            | {
                "status": {"type": "string", "enum": ["pending", "open"]},
                "streamUrl": STREAM_URL,
            },
            _GIVEN | _TERMS,
            description=_OF_AMOUNTS,
        ),
        "CancelledOrder": record(
            _ORDER | {"status": {"type": "string", "enum": ["cancelled", "building", "submitted"]}},
            _GIVEN | _TERMS | _CANCEL_REQUESTED | IN_FLIGHT,
            description=_OF_AMOUNTS,
        ),
        "Trigger": record(
            {
                "kind": {"type": "string", "enum": [*TRIGGER_KINDS.values()]},
                "slot": WHOLE,
                "observedAt": TIMESTAMP,
            },
            {
                "price": DECIMAL
                | {
                    "description": "One `tokenIn` in `tokenOut`, after fees; `maxHold` may have "
                    "come while none was known."
                },
                "pool": ADDRESS | {"description": "The new pool that passed."},
                "gapSlots": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "Slots just before this one that nobody looked at.",
                },
            },
            description="What an order had waited for: a price, a time, or a pool.",
        ),
        "Exit": record(
            {},
            {
                name: {key: form[key] for key in ("type", "minimum", "maximum")}
                for name, form in EXIT["properties"].items()
            },
            description="When what the order buys is sold again, as it was placed.",
        ),
        "ChangedFields": map_of({"type": ["string", "integer", "boolean", "object"]}),
        "EditedOrder": record(
            _ORDER | {"status": {"type": "string", "const": "open"}},
            _GIVEN | _TERMS,
            description=_OF_AMOUNTS,
        ),
        "CancelledOrders": record(
            {
                "cancelledCount": WHOLE,
                "cancelRequestedCount": WHOLE,
                "cancelled": list_of(ORDER_ID),
                "cancelRequested": list_of(ORDER_ID)
                | {"description": "Their transactions may land yet; no others are signed."},
                "more": {
                    "type": "boolean",
                    "description": "Whether another call would find more.",
                },
            }
        ),
        "Prospect": record(
            {
                "price": DECIMAL | {"description": "One `tokenIn` in `tokenOut` now, after fees."},
                "slot": WHOLE,
                "observedAt": TIMESTAMP,
                "triggers": list_of(ref("Distance")),
            },
            {
                "quotedAmountOut": DECIMAL,
                "quotedAmountIn": DECIMAL,
                "lacks": DECIMAL
                | {"description": "How much less than the limit wants, or more, that is."},
            },
            description="How far an open order is from what it waits for.",
        ),
        "Distance": record(
            {"kind": {"type": "string", "enum": [*TRIGGER_KINDS.values()]}},
            {
                "price": DECIMAL,
                "distanceBps": {
                    "type": "integer",
                    "description": "How far the price has to go; below 0 when it is past it.",
                },
            },
        ),
        "ListedOrder": _order({}),
        "Order": _order(
            {"streamUrl": STREAM_URL, "events": list_of(ref("Event")) | {"minItems": 1}},
            {"waiting": ref("Prospect")},
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
            _LIMIT | {"warning": ref("Failure")},
            description=_QUOTED,
        ),
        **_price_schemas(),
        **_statistics_schemas(),
        "Token": record({"symbol": SYMBOL, "mint": MINT, "decimals": WHOLE}),
        "Tokens": record({"tokens": list_of(ref("Token"))}),
        "Pool": record(_LISTED_POOL),
        "Pools": record({"pools": list_of(ref("Pool")), "slot": WHOLE}),
        **_launch_schemas(),
        "Health": record({"status": {"type": "string", "const": "ok"}}),
        "DependencyStates": map_of(ref("HealthState")),
        "Readiness": record(
            {
                "status": {"type": "string", "enum": ["ready", "halted", "unavailable"]},
                "dependencies": ref("DependencyStates"),
            }
            | _HALTED,
            _HALTED_SINCE,
        ),
        "HaltState": record(_HALTED, _HALTED_SINCE),
        "Document": {"type": "object", "additionalProperties": True},
        "Problem": _problem(),
    }


def with_all_it_names(name: str) -> dict[str, Schema]:
    """The component, and those that it is made of."""
    every = components()
    found: dict[str, Schema] = {}
    wanted = [name]
    while wanted:
        one = wanted.pop()
        found[one] = every[one]
        wanted += {*re.findall(r"#/components/schemas/(\w+)", json.dumps(every[one]))} - {*found}
    return found


def _launch_schemas() -> dict[str, Schema]:
    launch = _POOL | {
        "mint": MINT,
        "symbol": SYMBOL | {"description": "What the token calls itself; only its mint names it."},
        "decimals": WHOLE,
        "quoteToken": SYMBOL | {"description": "What the token is paid with in this pool."},
        "quoteMint": MINT,
        "creator": ADDRESS,
        "slot": WHOLE | {"description": "In which the pool was created."},
        "createdAt": TIMESTAMP,
        "opensSlot": WHOLE | {"description": "The first slot in which it swaps."},
        "opensAt": TIMESTAMP,
        "liquidity": DECIMAL | {"description": "What the pool holds of `quoteToken` now."},
        "feeBps": SHARE_BPS | {"description": "What the pool takes of a swap now."},
        "transferFeeBps": SHARE_BPS
        | {"description": "What the token's mint takes of each transfer, also when it is sold."},
        "mintRenounced": _told("Whether nobody can mint more of the token."),
        "freezable": _told("Whether somebody can freeze what others hold of the token."),
        "liquidityLocked": _told("Whether the liquidity can no longer be taken out."),
        "sellable": _told("Whether the token can be sold again in this pool."),
    }
    return {
        "Launch": record(launch),
        "Launches": record({"launches": list_of(ref("Launch")), "nextCursor": or_null(CURSOR)}),
    }


def _told(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _price_schemas() -> dict[str, Schema]:
    point = {
        "timestamp": TIMESTAMP,
        "slot": WHOLE,
        "bestRoute": DECIMAL | {"description": "The price by the best route over all venues."},
        "prices": ref("VenuePrices"),
    }
    prices = {
        "tokenIn": SYMBOL,
        "tokenOut": SYMBOL,
        "venues": list_of(TEXT),
        "points": list_of(ref("PricePoint")),
    }
    return {
        "VenuePrices": map_of(
            DECIMAL, description="The price at the best single pool of each venue, by venue name."
        ),
        "PricePoint": record(point),
        "Prices": record(prices),
    }


def _statistics_schemas() -> dict[str, Schema]:
    statistics = {
        "minutes": {"type": "integer", "minimum": 1},
        "accepted": WHOLE,
        "confirmed": WHOLE,
        "cancelled": WHOLE,
        "expired": WHOLE,
        "completed": WHOLE,
        "failed": ref("FailureCounts"),
        "unfinished": WHOLE | {"description": "Those that are being executed."},
        "waiting": WHOLE | {"description": "Those that are open."},
        "secondsToConfirmed": or_null(ref("ConfirmationSeconds")),
        "perMinute": list_of(ref("MinuteCounts")),
    }
    return {
        "FailureCounts": map_of(WHOLE, description="Failed orders by failure code."),
        "ConfirmationSeconds": record({"p50": SECONDS, "p99": SECONDS}),
        "MinuteCounts": record(_MINUTE),
        "Statistics": record(statistics),
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
        _FILLABLE | {"order": ref("ListedOrder")},
        description="An RFC 9457 problem document.",
    )
