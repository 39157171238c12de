"""AsyncAPI 3.0 of the WebSocket stream: its parameters, the frames both ways, its limits."""

import json
from typing import Any
from urllib.parse import urlsplit

from chalicelib.entrypoints.contract import examples, schemas
from chalicelib.entrypoints.contract.answer_forms import CODE, ORDER_ID, TEXT, record, ref
from chalicelib.entrypoints.contract.openapi import VERSION
from chalicelib.entrypoints.wire.forms import Schema
from chalicelib.entrypoints.wire.frames import BATCH_BYTES_MAX

MESSAGE_KIB_MAX, FRAME_KIB_MAX = 128, 32
IDLE_MINUTES, LIFE_HOURS = 10, 2
ABOUT = f"""An order's events, past and future, in order.

Every update carries a `sequence`, 1, 2, 3 … for each order: ignore one you have seen, and connect
or subscribe again with `after` if one is missing. The order is final at `confirmed`, `failed` or
`cancelled`.

Every event comes in an `update` of its own, unless you ask for `batch` when you connect or
subscribe: then events that come together, in a replay say, share an `updates` of at most
{BATCH_BYTES_MAX // 1000} KB. Each subscription asks for itself; one that does not gets single ones.

A message has at most {MESSAGE_KIB_MAX} KB, sent in frames of at most {FRAME_KIB_MAX} KB. A
connection is closed after {IDLE_MINUTES} minutes without a frame (a ping keeps it open) and after
{LIFE_HOURS} hours in any case: connect again with `after`. Close codes: 1000 the client closed,
1001 idle or open for too long, 1009 a message was too large, 1011 an unexpected error.
"""
_AFTER: Schema = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_TICKET: Schema = {
    "type": "string",
    "description": "Part of `streamUrl`: short-lived, for this order and its owner.",
}
_SUBSCRIBE_OPTIONS = {"after": _AFTER, "batch": {"type": "boolean"}, "ticket": _TICKET}
_QUERY: Schema = {
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": ORDER_ID | {"description": "The order to follow."},
        "after": {
            "type": "string",
            "pattern": "^(0|[1-9][0-9]{0,8})$",
            "description": "The last sequence you have seen.",
        },
        "batch": {
            "type": "string",
            "enum": ["0", "1"],
            "description": "`1`: events that come together may share a frame.",
        },
        "ticket": _TICKET,
    },
}


def _action(name: str, fields: dict[str, Schema], optional: dict[str, Schema]) -> Schema:
    action: dict[str, Schema] = {"action": {"type": "string", "const": name}}
    return record(action | fields, optional, additionalProperties=False)


def _of_type(name: str, fields: dict[str, Schema]) -> Schema:
    kind: dict[str, Schema] = {"type": {"type": "string", "const": name}}
    return record(kind | fields)


_EVENTS: Schema = {"type": "array", "items": ref("Event"), "minItems": 2}
_ERROR = record({"code": CODE, "detail": TEXT}, {"orderId": ORDER_ID})
# name, summary, payload, example
_IN: tuple[tuple[str, str, Schema, Any], ...] = (
    (
        "subscribe",
        "Follow one more order on this connection",
        _action("subscribe", {"orderId": ORDER_ID}, _SUBSCRIBE_OPTIONS),
        {"action": "subscribe", "orderId": examples.ORDER_ID, "after": 2, "batch": True},
    ),
    (
        "unsubscribe",
        "Stop following an order",
        _action("unsubscribe", {"orderId": ORDER_ID}, {"ticket": _TICKET}),
        {"action": "unsubscribe", "orderId": examples.ORDER_ID},
    ),
    ("ping", "Keep the connection open", _action("ping", {}, {}), {"action": "ping"}),
)
_OUT: tuple[tuple[str, str, Schema, Any], ...] = (
    (
        "update",
        "An event of an order",
        _of_type("update", {"data": ref("Event")}),
        {"type": "update", "data": examples.EVENTS[4]},
    ),
    (
        "updates",
        "Events of an order that came together, in order, if you asked for `batch`",
        _of_type("updates", {"data": record({"events": _EVENTS})}),
        {"type": "updates", "data": {"events": examples.EVENTS[3:]}},
    ),
    (
        "error",
        "What was wrong with a frame",
        _of_type("error", {"error": _ERROR}),
        {
            "type": "error",
            "error": {"code": "UNKNOWN_ACTION", "detail": "No such action."},
        },
    ),
    ("pong", "The answer to a ping", _of_type("pong", {}), {"type": "pong"}),
)


def document(*, stream_url: str) -> dict[str, Any]:
    """The AsyncAPI document of the stream at `stream_url`."""
    address = urlsplit(stream_url)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Solana order execution engine: the stream",
            "version": VERSION,
            "description": ABOUT,
        },
        "defaultContentType": "application/json",
        "servers": {"stream": {"host": address.netloc, "protocol": address.scheme or "wss"}},
        "channels": {
            "orders": {
                "address": address.path or "/",
                "description": "The connection.",
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name, *_ in (*_IN, *_OUT)
                },
                "bindings": {"ws": {"method": "GET", "query": _QUERY}},
            }
        },
        "operations": {
            "receiveFrames": _operation("receive", "What clients send", _IN),
            "sendFrames": _operation("send", "What clients see", _OUT),
        },
        "components": {
            "messages": {
                name: _message(name, summary, payload, example)
                for name, summary, payload, example in (*_IN, *_OUT)
            },
            "schemas": _event_schemas(),
        },
    }


def write(*, stream_url: str) -> str:
    """The document as JSON."""
    return json.dumps(document(stream_url=stream_url))


def _operation(action: str, summary: str, messages: tuple[tuple[Any, ...], ...]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/orders"},
        "messages": [{"$ref": f"#/channels/orders/messages/{name}"} for name, *_ in messages],
    }


def _message(name: str, summary: str, payload: Schema, example: Any) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary,
        "contentType": "application/json",
        "payload": payload,
        "examples": [{"payload": example}],
    }


def _event_schemas() -> dict[str, Schema]:
    """The events and what they hold; AsyncAPI spells a discriminator without a mapping."""
    found = schemas.with_all_it_names("Event")
    return found | {"Event": {"oneOf": found["Event"]["oneOf"]}}
