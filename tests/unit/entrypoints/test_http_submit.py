import json

import pytest

from chalicelib.domain.orders.order import OrderId, parse_order_id
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.settings import settings_of
from tests.unit.functions import Functions, captured
from tests.world import SETTINGS

FIELDS = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1}
KIB_16 = 16 * 1024


def stored_amount_in(functions: Functions) -> int:
    (order,) = functions.world.store.orders.values()
    return order.trade.amount


def test_order_is_answered_as_pending_when_it_was_accepted(functions: Functions) -> None:
    answer = functions.http(captured("http_post"))

    document = answer.document
    order_id = document["orderId"]
    stream_url, _, ticket = document.pop("streamUrl").partition("&ticket=")
    assert stream_url == f"wss://stream.example/api/orders/execute?orderId={order_id}"
    assert ticket
    assert answer.status == 202
    assert document == {
        "orderId": parse_order_id(order_id),
        "type": "MARKET",
        "status": "pending",
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "amount": "1",
        "slippageBps": 100,
        "maxPriceImpactBps": 1_500,
        "attempt": 0,
        "sequence": 1,
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }
    sent = {k: v for k, v in answer.headers.items() if not k.startswith("Access-Control-")}
    assert sent == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "Location": f"https://orders.example/api/orders/{order_id}",
        "X-Request-Id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    }


@pytest.mark.parametrize("stage", ["", "/live", "/behind/a/domain"])
def test_location_begins_with_the_stage_when_no_url_is_known(
    functions: Functions, stage: str
) -> None:
    functions.deploy(settings=settings_of(SETTINGS | {"public_base_url": ""}))
    event = captured("http_post")
    event["requestContext"]["path"] = stage + event["resource"]

    answer = functions.http(event)

    assert answer.headers["Location"] == f"{stage}/api/orders/{answer.document['orderId']}"


def test_order_is_stored_and_queued_when_it_was_accepted(functions: Functions) -> None:
    answer = functions.http(captured("http_post"))

    order_id = OrderId(answer.document["orderId"])
    assert list(functions.world.store.orders) == [order_id]
    assert list(functions.world.order_queue.messages) == [ExecuteOrder(order_id=order_id)]
    functions.world.run()
    assert functions.world.statuses(order_id)[-1] == "confirmed"


def test_orders_have_ids_of_their_own_when_they_are_alike(functions: Functions) -> None:
    answers = [functions.http(captured("http_post")) for _ in range(2)]

    assert len({answer.document["orderId"] for answer in answers}) == 2


@pytest.mark.parametrize(
    ("amount", "base_units"),
    [
        ("1", 10**9),
        ("1.0", 10**9),
        ('"1.50"', 1_500_000_000),
        ("1e-6", 1_000),
        ("0.1", 10**8),
        ("0.3", 3 * 10**8),
        ("123456789.123456789", 123_456_789_123_456_789),
        ('"18446744073.709551615"', 2**64 - 1),
    ],
)
def test_amount_is_read_exactly(functions: Functions, amount: str, base_units: int) -> None:
    body = json.dumps(FIELDS | {"amount": "AMOUNT"}).replace('"AMOUNT"', amount)

    assert functions.post(body).status == 202
    assert stored_amount_in(functions) == base_units


@pytest.mark.parametrize(
    ("fields", "slippage_bps"),
    [
        ({}, 100),
        ({"slippageBps": 0}, 0),
        ({"slippageBps": 10_000}, 10_000),
        ({"slippageBps": "50"}, 50),
        ({"slippageBps": 5e1}, 50),
    ],
    ids=["by default", "none", "all", "string", "with decimals"],
)
def test_slippage_is_read(
    functions: Functions, fields: dict[str, object], slippage_bps: int
) -> None:
    answer = functions.post(json.dumps(FIELDS | fields))

    assert (answer.status, answer.document["slippageBps"]) == (202, slippage_bps)


@pytest.mark.parametrize(
    ("fields", "max_price_impact_bps"),
    [
        ({}, 1_500),
        ({"maxPriceImpactBps": 0}, 0),
        ({"maxPriceImpactBps": 10_000}, 10_000),
        ({"maxPriceImpactBps": "1500"}, 1_500),
        ({"maxPriceImpactBps": 1e3}, 1_000),
    ],
    ids=["by default", "none", "any", "string", "with decimals"],
)
def test_price_impact_limit_is_read(
    functions: Functions, fields: dict[str, object], max_price_impact_bps: int
) -> None:
    answer = functions.post(json.dumps(FIELDS | fields))

    [order] = functions.world.store.orders.values()
    assert (answer.status, answer.document["maxPriceImpactBps"]) == (202, max_price_impact_bps)
    assert order.max_price_impact_bps == max_price_impact_bps


def test_tokens_are_answered_by_symbol_when_they_were_named_by_mint(functions: Functions) -> None:
    mints = {
        "tokenIn": "So11111111111111111111111111111111111111112",
        "tokenOut": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    }

    answer = functions.post(json.dumps(FIELDS | mints))

    assert (answer.document["tokenIn"], answer.document["tokenOut"]) == ("SOL", "USDC")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"CONTENT-TYPE": "Application/JSON ;charset=UTF-8"},
    ],
)
def test_order_is_accepted_however_json_is_spelled(
    functions: Functions, headers: dict[str, str]
) -> None:
    assert functions.post(json.dumps(FIELDS), headers=headers).status == 202


@pytest.mark.parametrize(
    "body",
    [json.dumps(FIELDS).encode(), json.dumps(FIELDS).ljust(KIB_16)],
    ids=["base64", "just 16 KiB"],
)
def test_order_is_accepted_however_its_body_is_carried(
    functions: Functions, body: str | bytes
) -> None:
    assert functions.post(body).status == 202


def test_brackets_do_not_count_as_depth_when_they_are_in_a_string(functions: Functions) -> None:
    body = json.dumps(FIELDS | {"tokenIn": '\\"[{' * 20})

    assert functions.post(body).document["code"] == "UNKNOWN_TOKEN"


def test_order_is_accepted_when_the_queue_is_down(functions: Functions) -> None:
    functions.world.outages["order_queue"] = UnavailableError("queue")

    answer = functions.post(json.dumps(FIELDS))

    assert answer.status == 202
    assert list(functions.world.store.orders) == [answer.document["orderId"]]


def test_order_is_not_accepted_when_the_store_is_down(functions: Functions) -> None:
    functions.world.outages["store"] = UnavailableError("password=secret")

    answer = functions.post(json.dumps(FIELDS))

    assert (answer.status, answer.document["code"]) == (503, "UNAVAILABLE")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert "secret" not in answer.body


def test_nothing_of_an_unexpected_error_is_told_when_it_happens(functions: Functions) -> None:
    functions.world.outages["store"] = ZeroDivisionError("secret")

    answer = functions.post(json.dumps(FIELDS))

    assert (answer.status, answer.document["code"]) == (500, "INTERNAL")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-Id"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    for secret in ("secret", "Traceback", "ZeroDivision", ".py"):
        assert secret not in answer.body


@pytest.mark.parametrize(
    ("method", "resource", "allowed"),
    [
        ("GET", "/api/orders/execute", "POST, OPTIONS"),
        ("POST", "/api/orders/{order_id}", "GET, PATCH, HEAD, OPTIONS"),
        ("DELETE", "/api/orders", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/tokens", "GET, HEAD, OPTIONS"),
    ],
)
def test_method_is_refused_when_the_resource_has_no_such(
    functions: Functions, method: str, resource: str, allowed: str
) -> None:
    event = captured("http_get")
    event["httpMethod"] = event["requestContext"]["httpMethod"] = method
    event["resource"] = event["requestContext"]["resourcePath"] = resource

    answer = functions.http(event)

    assert (answer.status, answer.document["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Allow"] == allowed
    assert answer.headers["X-Request-Id"]
