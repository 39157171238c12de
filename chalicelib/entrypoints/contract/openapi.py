"""OpenAPI 3.1, from the route table, the wire models and the schemas of what is answered."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.entrypoints import problems
from chalicelib.entrypoints.contract import examples, requests, schemas
from chalicelib.entrypoints.contract.answer_forms import ref
from chalicelib.entrypoints.contract.routes import HTML, JSON, ROUTES, Route
from chalicelib.entrypoints.wire.forms import Schema

VERSION = "1.0.0"
ABOUT = (
    "Post a swap order, get an id at once, and follow it until it is confirmed. Venues and chain "
    "are simulated; no real funds move. Errors are RFC 9457 problem documents with a stable `code`."
)
_REFUSAL_CODES = {
    400: "INVALID_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "ALREADY_CONFIRMED",
    412: "SEQUENCE_MISMATCH",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "SAME_TOKEN",
    428: "IF_MATCH_REQUIRED",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_HEADERS: dict[str, tuple[str, bool, Schema]] = {
    "X-Request-Id": ("Identifies this request in the logs.", True, {"type": "string"}),
    "Location": ("The URL of the order.", True, {"type": "string", "format": "uri-reference"}),
    "ETag": ("The sequence of the order, in quotes.", True, {"type": "string"}),
    "Retry-After": ("Seconds to wait.", False, {"type": "integer", "minimum": 0}),
    "Allow": ("The methods this path allows.", True, {"type": "string"}),
    "WWW-Authenticate": ("How to authenticate.", False, {"type": "string"}),
    "Idempotent-Replayed": (
        "This is the answer to an earlier request.",
        False,
        {"type": "string", "const": "true"},
    ),
    "RateLimit": ("The orders left within the limit.", False, {"type": "string"}),
    "RateLimit-Policy": ("The limit.", False, {"type": "string"}),
}
_OF_STATUS = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After", "RateLimit", "RateLimit-Policy"),
    503: ("Retry-After",),
}
_UUID: Schema = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
}
_REQUEST_HEADERS: dict[str, Schema] = {
    "Idempotency-Key": {
        "required": False,
        "description": "Makes a retry safe: the same key and body place one order.",
        "schema": {"type": "string", "pattern": '^("[!#-~]{1,255}"|[!#-~]{1,255})$'},
        "example": "order-2026-01-01-0001",
    },
    "If-Match": {
        "required": True,
        "description": "The sequence of the order that the edit is of.",
        "schema": {"type": "string", "pattern": '^("[1-9][0-9]{0,8}"|[1-9][0-9]{0,8})$'},
        "example": "1",
    },
}


def document(*, base_url: str, keys_required: bool = False) -> dict[str, Any]:
    """The OpenAPI document of the service at `base_url`."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route, keys_required)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Solana order execution engine",
            "version": VERSION,
            "description": ABOUT,
        },
        # Without a base URL, from where the document is.
        "servers": [{"url": base_url or ".."}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in ROUTES)],
        "paths": paths,
        "components": {
            "schemas": requests.components() | schemas.components(),
            "headers": {name: _header(name) for name in _HEADERS},
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, scoped `read`, `trade` or `admin`.",
                }
            },
        },
    }


def write(*, base_url: str, keys_required: bool = False) -> str:
    """The document as JSON."""
    return json.dumps(document(base_url=base_url, keys_required=keys_required))


def _operation(route: Route, keys_required: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.description:
        operation["description"] = route.description
    if route.scope:
        key: dict[str, list[str]] = {"apiKey": []}
        operation["security"] = [key] if keys_required else [key, {}]
    if route.body:
        operation["requestBody"] = _request_body(route.body, route.body_examples)
    return operation


def _parameters(route: Route) -> list[Schema]:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _UUID,
            "example": examples.ORDER_ID,
        }
        for name in route.path_parameters
    ]
    if route.query:
        parameters += requests.query_parameters(route.query)
    parameters += [
        {"name": name, "in": "header", **_REQUEST_HEADERS[name]} for name in route.request_headers
    ]
    return parameters


def _request_body(name: str, bodies: Mapping[str, Any]) -> Schema:
    named = {title: {"value": body} for title, body in bodies.items()}
    return {
        "required": True,
        "content": {JSON: {"schema": ref(name), "examples": named}},
    }


def _responses(route: Route) -> dict[str, Any]:
    successes = {route.status: route.example} | route.also
    responses: dict[str, Any] = {
        str(status): _success(route, example) for status, example in successes.items()
    }
    for status in route.problems:
        responses[str(status)] = _problem(status)
    for status, name in route.other_answers.items():
        answer: Schema = {JSON: {"schema": ref(name)}}
        # First: some generators type an answer by its first form alone.
        responses[str(status)]["content"] = answer | responses[str(status)]["content"]
    return responses


def _success(route: Route, example: Any) -> dict[str, Any]:
    is_page = route.content_type == HTML
    media: Schema = {"schema": {"type": "string"} if is_page else ref(route.answer)}
    if example is not None:
        media["example"] = example
    response: dict[str, Any] = {
        "description": route.summary,
        "headers": _headers("X-Request-Id", *route.headers),
        "content": {route.content_type: media},
    }
    if route.name == "submitOrder":
        follow_up = {
            "operationId": "getOrder",
            "parameters": {"order_id": "$response.body#/orderId"},
        }
        response["links"] = {"order": follow_up}
    return response


def _problem(status: int) -> dict[str, Any]:
    example = problems.problem(
        status=status,
        code=_REFUSAL_CODES[status],
        detail="what was wrong",
        requestId=examples.REQUEST_ID,
    )
    media = {"schema": ref("Problem"), "example": json.loads(example)}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers("X-Request-Id", *_OF_STATUS.get(status, ())),
        "content": {problems.CONTENT_TYPE: media},
    }


def _headers(*names: str) -> dict[str, Schema]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _header(name: str) -> Schema:
    description, required, schema = _HEADERS[name]
    return {"description": description, "required": required, "schema": schema}
