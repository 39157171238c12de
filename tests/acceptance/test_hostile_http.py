"""Requests that nobody means well: each is answered with a problem, and nothing is stored."""

import json
from urllib.parse import quote

import pytest

ORDER = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1", "slippageBps": 100}
ORDER_ID = "00000000-0000-4000-8000-000000000001"
TEXTS = {
    "nul": "SOL\u0000",
    "cyrillic": "S\u041eL",
    "full width": "\uff33\uff2f\uff2c",
    "right to left": "\u202eLOS",
    "joiner": "SO\u200bL",
    "crab": "\U0001f980" * 100,
    "quote": "' OR 1=1 --",
    "drop": "SOL'; DROP TABLE orders; --",
    "union": "1) UNION SELECT current_user --",
    "percent": "%s %(order_id)s {0} ${jndi:x}",
    "markup": "<script>alert(1)</script>",
    "path": "../../etc/passwd",
    "newline": "SOL\r\nX-Injected: 1",
    "long": "x" * 5_000,
}
BODIES = {
    "nothing": b"",
    "brackets": b"[" * 20_000,
    "nested objects": b'{"a":' * 8_000,
    "half a character": b'{"type":"MARKET","tokenIn":"\\ud800","tokenOut":"USDC","amount":1}',
    "not UTF-8": b'{"type":"\xff\xfe"}',
    "NaN": b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":NaN}',
    "Infinity": b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":"Infinity"}',
    "huge exponent": b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1e999999999}',
    "twice": b'{"type":"MARKET","type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1}',
    "prototype": b'{"__proto__":{"amount":1},"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC"}',
    "128 KB": b'{"type":"' + b"x" * 131_072 + b'"}',
    "2 MB": b" " * 2_000_000 + b"{}",
}
PATHS = [f"/api/orders/{quote(text, safe='')}" for text in TEXTS.values()]
QUERIES = [
    f"/api/{page}?{name}={quote(text, safe='')}"
    for page, names in (
        ("orders", ("status", "type", "tokenIn", "limit", "cursor", "unknown")),
        ("quotes", ("tokenIn", "amount", "unknown")),
    )
    for name in names
    for text in TEXTS.values()
]


@pytest.fixture
def nothing_stored(outside):
    count = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM idempotency_keys)"
    before = outside.sql(count)
    yield
    assert outside.sql(count) == before
    assert outside.call("GET", "/api/health").status == 200


def headers_of(answer):
    return {name.lower(): value for name, value in answer.headers.items()}


def assert_refused(answer):
    headers = headers_of(answer)
    assert 400 <= answer.status < 500, (answer.status, answer.document)
    assert headers["content-type"].startswith("application/problem+json")
    assert answer.document["status"] == answer.status
    assert answer.document["code"]
    assert answer.document["requestId"] == headers["x-request-id"]
    assert "x-injected" not in headers
    assert "Traceback" not in json.dumps(answer.document)


@pytest.mark.usefixtures("nothing_stored")
def test_order_is_refused_when_any_field_is_hostile(outside):
    for field in [*ORDER, "unknown"]:
        for text in TEXTS.values():
            assert_refused(outside.post_order(**ORDER | {field: text}))


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_order_is_refused_when_its_body_is_hostile(outside, body):
    answer = outside.call("POST", "/api/orders/execute", body, content_type="application/json")

    assert_refused(answer)


@pytest.mark.usefixtures("nothing_stored")
def test_path_or_query_is_refused_when_it_is_hostile(outside):
    for path in [*PATHS, *QUERIES]:
        assert_refused(outside.call("GET", path))


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("method", ["PUT", "DELETE", "TRACE", "PROPFIND"])
def test_method_is_refused_when_no_route_has_it(outside, method):
    answer = outside.call(method, f"/api/orders/{ORDER_ID}")

    assert_refused(answer)
    assert (answer.status, answer.document["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert headers_of(answer)["allow"] == "GET, PATCH, HEAD, OPTIONS"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("path", ["/api/nothing", "/api", "/.env", "/api/orders/a/b", "/%00"])
def test_path_is_not_found_when_there_is_none(outside, path):
    answer = outside.call("GET", path)

    assert_refused(answer)
    assert answer.status == 404
