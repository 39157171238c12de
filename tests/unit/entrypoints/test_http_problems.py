import json
import logging
from types import SimpleNamespace

import pytest

from tests.unit.functions import Functions, captured

QUOTE = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
READ = "GET, HEAD, OPTIONS"
ALLOWED = {
    "/api/orders/execute": "POST, OPTIONS",
    "/api/orders": READ,
    "/api/orders/{order_id}": "GET, PATCH, HEAD, OPTIONS",
    "/api/orders/cancel": "POST, OPTIONS",
    "/api/quotes": READ,
    "/": READ,
}


def call(functions: Functions, method: str, resource: str):
    event = captured("http_get")
    event["httpMethod"] = event["requestContext"]["httpMethod"] = method
    event["resource"] = event["requestContext"]["resourcePath"] = resource
    return functions.http(event)


@pytest.mark.parametrize(
    ("resource", "method"),
    [(path, method) for path, good in ALLOWED.items() for method in METHODS if method not in good],
)
def test_method_is_refused_with_what_is_allowed_when_it_is_not(
    functions: Functions, resource: str, method: str
) -> None:
    answer = call(functions, method, resource)

    assert (answer.status, answer.document["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Allow"] == ALLOWED[resource]
    assert answer.document["detail"] == f"this path allows only {ALLOWED[resource]}"
    assert answer.document["requestId"] == answer.headers["X-Request-Id"]


def test_problem_names_its_request_when_answered(functions: Functions) -> None:
    answer = functions.get("/api/orders", query={"limit": "0"})

    assert answer.document["requestId"] == answer.headers["X-Request-Id"] != ""


def test_every_log_line_names_the_request_when_it_fails(
    functions: Functions, caplog: pytest.LogCaptureFixture
) -> None:
    from chalicelib.entrypoints.logs import JsonFormatter

    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(JsonFormatter().format(record)))
    functions.deploy(router=SimpleNamespace(find_route=lambda _: 1 / 0))
    logger = logging.getLogger("chalicelib")
    logger.addHandler(handler)
    with caplog.at_level(logging.INFO, "chalicelib"):
        answer = functions.get("/api/quotes", query=QUOTE)
    logger.removeHandler(handler)

    assert (answer.status, answer.document["code"]) == (500, "INTERNAL")
    assert [line["action"] for line in lines] == ["request_failed", "http"]
    assert {line["request_id"] for line in lines} == {answer.document["requestId"]}
