"""What no HTTP client sends is refused with a problem as well, and nothing is stored."""

import gzip
import json
from email.parser import BytesParser
from urllib.request import Request, urlopen

import pytest

from tests.hostile_requests import (
    BODY,
    CHUNKED,
    EXPECTING,
    JSON,
    KEY,
    LENGTH,
    ORDER_PATH,
    UNREADABLE,
    UPGRADE,
    VERSION,
    get,
    post,
    shake,
    talk,
)

PROBLEM = "application/problem+json"
COMPRESSED = gzip.compress(BODY)
ORIGIN = b"Origin: https://a.example\r\n"
REFUSED = {
    "compressed": (post(JSON, b"Content-Encoding: gzip\r\n", LENGTH), 415),
    "really compressed": (
        post(
            JSON,
            b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(COMPRESSED),
            body=COMPRESSED,
        ),
        415,
    ),
    "coding without a decoder": (post(JSON, b"Content-Encoding: br\r\n", LENGTH), 415),
    "unknown coding": (post(JSON, b"Content-Encoding: wonders\r\n", LENGTH), 415),
    "body announced too large": (post(JSON, b"Content-Length: 999999999\r\n"), 413),
    "options of nothing": (get(b"*", method=b"OPTIONS"), 404),
    "options of an unknown path": (get(b"/nothing", method=b"OPTIONS"), 404),
    "tunnel": (get(b"localhost:80", method=b"CONNECT"), 404),
    "trace": (get(b"/api/orders", method=b"TRACE"), 405),
    "malformed escape": (get(b"/api/orders/%zz"), 422),
    "lone percent": (get(b"/api/orders/%"), 422),
    "escape not UTF-8": (get(b"/api/orders/%ff"), 422),
    "malformed escape in a query": (get(b"/api/orders?status=%zz"), 422),
    "stream without an order": (shake(UPGRADE, VERSION, KEY, target=ORDER_PATH), 403),
    "stream elsewhere": (shake(UPGRADE, VERSION, KEY, target=b"/api/orders"), 404),
    "posted handshake": (post(UPGRADE, VERSION, KEY), 415),
}


@pytest.fixture
def port(outside):
    count = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM idempotency_keys)"
    before = outside.sql(count)
    yield int(outside.base_url.rpartition(":")[2])
    assert outside.sql(count) == before


def read(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    line, _, lines = head.partition(b"\r\n")
    return int(line.split()[1]), BytesParser().parsebytes(lines), body


def assert_problem(answer, status):
    answered, headers, body = read(answer)
    document = json.loads(body)
    assert (answered, document["status"], headers["Content-Type"]) == (status, status, PROBLEM)
    assert document["code"]
    assert document["requestId"] == headers["X-Request-Id"] != ""
    assert headers["Access-Control-Allow-Origin"] == "*"
    return document


@pytest.mark.parametrize("request_", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_request_is_refused_when_it_is_no_proper_http(port, request_):
    document = assert_problem(talk(port, request_), 400)

    assert document["code"] == "INVALID_REQUEST"
    assert "xxxx" not in document["detail"]


@pytest.mark.parametrize(("request_", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_request_is_refused_when_it_makes_no_sense(port, request_, status):
    assert_problem(talk(port, request_), status)


def test_body_is_refused_when_its_chunks_break_off_later(port):
    head = post(JSON, CHUNKED, EXPECTING, body=b"")

    assert_problem(talk(port, head, b"3\r\n{  \r\n", b"zz\r\n"), 400)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /api/health HTTP/1.0\r\n\r\n",
        get(b"/api/health", b"Content-Encoding: gzip\r\n"),
        get(b"/api/health", b"Upgrade: h2c\r\n"),
    ],
    ids=["HTTP/1.0 without a host", "coding of no body", "unknown upgrade"],
)
def test_request_is_served_when_it_is_only_unusual(port, request_):
    assert read(talk(port, request_))[0] == 200


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/orders?limit=1", "/api/tokens", "/docs", "/", "/api/nothing"]
)
def test_head_is_answered_as_get_but_for_the_body(port, path):
    by_get, by_head = (
        read(talk(port, get(path.encode(), method=method))) for method in (b"GET", b"HEAD")
    )

    assert by_head[0] == by_get[0]
    assert by_head[2] == b""
    assert int(by_head[1]["Content-Length"]) == len(by_get[2])
    assert by_head[1]["Content-Type"] == by_get[1]["Content-Type"]


def test_deployed_function_answers_head_without_the_front_door(outside):
    request = Request(outside.description.apis().http + "/api/health", method="HEAD")

    with urlopen(request, timeout=30) as answer:
        assert (answer.status, answer.read()) == (200, b"")


@pytest.mark.parametrize("target", [b"/api/health", ORDER_PATH, b"/api/orders/x", b"/"])
def test_browser_is_told_what_a_page_may_send_when_it_asks(port, target):
    ask = (ORIGIN, b"Access-Control-Request-Method: POST\r\n")

    status, headers, body = read(talk(port, get(target, *ask, method=b"OPTIONS")))

    assert (status, body) == (204, b"")
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == headers["Allow"]
    assert "Idempotency-Key" in headers["Access-Control-Allow-Headers"]
