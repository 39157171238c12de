"""Which pages may call over HTTP, and the methods that every route has beside its own."""

from types import SimpleNamespace

import pytest

import app
from chalicelib.settings import settings_of
from tests.unit.functions import Answer, Functions, captured
from tests.world import SETTINGS

PAGE, OTHER = "https://a.example", "https://b.example"
QUERY = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
SENT = ("authorization", "content-type", "idempotency-key", "if-match", "if-none-match")
SHOWN = ("etag", "location", "ratelimit", "retry-after", "x-request-id")
ROUTES = sorted(app.app.routes)
POSTED = {
    "/api/orders/execute",
    "/api/orders/cancel",
    "/api/orders/{order_id}/cancel",
    "/api/halt",
    "/api/resume",
}


def call(
    functions: Functions, method: str, resource: str, origin: str = PAGE, **more: object
) -> Answer:
    event = captured("http_get")
    event["httpMethod"] = event["requestContext"]["httpMethod"] = method
    event["resource"] = event["requestContext"]["resourcePath"] = resource
    event["headers"] = {"origin": origin} if origin else {}
    return functions.http(event | more)


def allow(functions: Functions, allowed_origins: str) -> None:
    functions.deploy(settings=settings_of(SETTINGS | {"allowed_origins": allowed_origins}))


def names(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",")}


@pytest.mark.parametrize("allowed_origins", ["", "*", f"{OTHER} *"])
@pytest.mark.parametrize("origin", [PAGE, "null", ""])
def test_any_page_may_call_when_no_origins_are_named(
    functions: Functions, allowed_origins: str, origin: str
) -> None:
    allow(functions, allowed_origins)

    answer = call(functions, "GET", "/api/health", origin)

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("allowed_origins", [PAGE, f"{OTHER} {PAGE}", f"  {PAGE}  {OTHER} "])
def test_page_is_named_back_when_its_origin_is_allowed(
    functions: Functions, allowed_origins: str
) -> None:
    allow(functions, allowed_origins)

    answer = call(functions, "GET", "/api/health")

    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Vary"] == "Origin"
    assert names(answer.headers["Access-Control-Expose-Headers"]) >= set(SHOWN)


@pytest.mark.parametrize(
    "origin", ["", "null", OTHER, f"{PAGE}.evil.example", f"{PAGE}:8443", "http://a.example"]
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_page_may_not_read_the_answer_when_its_origin_is_not_allowed(
    functions: Functions, method: str, origin: str
) -> None:
    allow(functions, PAGE)

    answer = call(functions, method, "/api/health", origin)

    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("resource", ROUTES)
def test_browser_learns_what_a_page_may_send_when_it_asks(
    functions: Functions, resource: str
) -> None:
    allow(functions, PAGE)

    parts = {"order_id": "x", "version": "x", "name": "x"}
    answer = call(functions, "OPTIONS", resource, pathParameters=parts)

    methods = ["POST"] if resource in POSTED else ["GET", "HEAD"]
    methods += ["PATCH"] if resource == "/api/orders/{order_id}" else []
    assert (answer.status, answer.body) == (204, "")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert names(answer.headers["Access-Control-Allow-Methods"]) == {
        *map(str.lower, methods),
        "options",
    }
    assert names(answer.headers["Access-Control-Allow-Headers"]) >= set(SENT)
    assert answer.headers["Allow"] == answer.headers["Access-Control-Allow-Methods"]


def test_preflight_needs_no_key_when_calls_do(functions: Functions) -> None:
    settings = settings_of(SETTINGS | {"auth_mode": "api_key", "allowed_origins": PAGE})
    functions.deploy(settings=settings)

    assert call(functions, "OPTIONS", "/api/orders").status == 204
    refusal = call(functions, "GET", "/api/orders")
    assert refusal.status == 401
    assert refusal.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize(
    ("method", "resource", "more", "status"),
    [
        ("PUT", "/api/orders", {}, 405),
        ("GET", "/api/orders", {"multiValueQueryStringParameters": {"limit": ["0"]}}, 422),
        ("GET", "/api/orders/{order_id}", {"pathParameters": {"order_id": "x"}}, 422),
        ("GET", "/api/quotes", {"multiValueQueryStringParameters": {}}, 400),
    ],
)
def test_page_may_read_a_refusal_when_its_origin_is_allowed(
    functions: Functions, method: str, resource: str, more: dict[str, object], status: int
) -> None:
    allow(functions, PAGE)

    answer = call(functions, method, resource, **more)

    assert answer.status == status
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_page_may_read_that_something_broke_when_its_origin_is_allowed(
    functions: Functions,
) -> None:
    functions.deploy(
        settings=settings_of(SETTINGS | {"allowed_origins": PAGE}),
        router=SimpleNamespace(find_route=lambda _: 1 / 0),
    )

    answer = functions.get("/api/quotes", query=QUERY, headers={"Origin": PAGE})

    assert (answer.status, answer.document["code"]) == (500, "INTERNAL")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("resource", [route for route in ROUTES if "{" not in route])
def test_head_is_answered_as_get_is_wherever_that_is_served(
    functions: Functions, resource: str
) -> None:
    names = {"/api/quotes": list(QUERY), "/api/prices": ["tokenIn", "tokenOut"]}.get(resource, [])
    more = {"multiValueQueryStringParameters": {name: [QUERY[name]] for name in names}}
    by_get, by_head = (call(functions, method, resource, **more) for method in ("GET", "HEAD"))

    # API Gateway, as every server, leaves the body out and tells its length.
    assert (by_head.status, by_head.headers) == (by_get.status, by_get.headers)
    assert by_head.status == (405 if resource in POSTED else 200)
