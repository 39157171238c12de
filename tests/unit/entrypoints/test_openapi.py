import json
from decimal import Decimal
from typing import Any

import pytest
from openapi_spec_validator import validate

import app
from chalicelib.engine.errors import UnavailableError
from chalicelib.entrypoints.contract import examples, openapi
from tests.unit.entrypoints.contract import OPENAPI, Document, check, check_answer
from tests.unit.entrypoints.test_http_refusals import (
    NOT_A_SHARE,
    NOT_A_TOKEN,
    NOT_AN_AMOUNT,
    NOT_AN_ORDER_TYPE,
    raw,
)
from tests.unit.functions import Functions, captured

ORDER = "/api/orders/{order_id}"
BODY: Document = {"$ref": "#/components/schemas/OrderRequest"}
OPERATIONS = [
    pytest.param(path, method, id=operation["operationId"])
    for path, operations in OPENAPI["paths"].items()
    for method, operation in operations.items()
]
TOO_MUCH = 10**15 + 500_000
# Python alone lets $ match before a last newline; JSON Schema's patterns do not.
# Which names are listed may change; a client need not be generated again for that.
NOT_A_TOKEN_NAME = {
    k: v for k, v in NOT_A_TOKEN.items() if k not in ("not listed", "small letters")
}
PATTERN_REFUSES = {k: v for k, v in NOT_AN_AMOUNT.items() if k != "newline"}


@pytest.mark.parametrize("keys_required", [False, True])
def test_document_is_valid_when_written(keys_required: bool) -> None:
    document = openapi.write(base_url="", keys_required=keys_required)

    validate(json.loads(document))


def test_document_is_served_when_asked_for(functions: Functions) -> None:
    answer = functions.get("/api/openapi.json")

    assert answer.document == OPENAPI
    assert answer.headers["Content-Type"] == "application/json"


def test_every_route_is_documented_when_it_exists() -> None:
    routes = {
        (path, method.lower()) for path, methods in app.app.routes.items() for method in methods
    }
    # Every route has OPTIONS, and HEAD beside GET.
    routes -= {(path, method) for path, _ in routes for method in ("head", "options")}

    documented = {(path, method) for path, entry in OPENAPI["paths"].items() for method in entry}

    # People read the dashboard; it is no part of the contract.
    assert documented == {(p, m) for p, m in routes if p != "/"}


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_examples_have_the_documented_form_when_there_are_any(path: str, method: str) -> None:
    operation = OPENAPI["paths"][path][method]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []

    for holder in [*bodies, *operation["responses"].values()]:
        for media in holder["content"].values():
            named = [example["value"] for example in media.get("examples", {}).values()]
            for example in [*named, *([media["example"]] if "example" in media else [])]:
                check(media["schema"], example)


@pytest.mark.parametrize(
    "path", ["/api/tokens", "/api/pools", "/api/launches", "/api/health", "/api/ready"]
)
def test_answer_is_as_documented_when_nothing_is_asked(functions: Functions, path: str) -> None:
    check_answer("GET", path, functions.get(path))


@pytest.mark.parametrize("path", ["/docs", "/api/openapi.json", "/api/asyncapi.json"])
def test_contract_is_as_documented_when_read(functions: Functions, path: str) -> None:
    check_answer("GET", path, functions.get(path))


@pytest.mark.parametrize("body", [examples.MARKET_ORDER, examples.EXACT_OUT_ORDER])
def test_order_is_as_documented_when_it_is_executed(functions: Functions, body: Document) -> None:
    accepted = functions.post(json.dumps(body))
    order_id = accepted.document["orderId"]
    before = functions.get(ORDER, path={"order_id": order_id})
    functions.world.run()
    after = functions.get(ORDER, path={"order_id": order_id})

    check_answer("POST", "/api/orders/execute", accepted)
    check_answer("GET", ORDER, before)
    check_answer("GET", ORDER, after)
    assert after.document["status"] == "confirmed"


def test_order_is_as_documented_when_it_failed(functions: Functions) -> None:
    order_id = functions.world.submit(amount_out=TOO_MUCH)
    functions.world.run()

    answer = functions.get(ORDER, path={"order_id": order_id})

    check_answer("GET", ORDER, answer)
    assert answer.document["status"] == "failed"


def test_page_is_as_documented_when_it_goes_on(functions: Functions) -> None:
    for _ in range(3):
        functions.world.submit()
    functions.world.run()
    functions.world.submit()

    answer = functions.get("/api/orders", query={"limit": "2"})

    check_answer("GET", "/api/orders", answer)
    assert answer.document["nextCursor"]


@pytest.mark.parametrize("name", ["amount", "amountOut"])
def test_quotes_are_as_documented_when_asked_for(functions: Functions, name: str) -> None:
    answer = functions.get("/api/quotes", query={"tokenIn": "SOL", "tokenOut": "USDC", name: "1"})

    check_answer("GET", "/api/quotes", answer)
    assert answer.status == 200


@pytest.mark.parametrize(
    "body", ["", "[]", raw(tokenOut='"SOL"'), raw(amount="-1"), "[" * 20_000], ids=len
)
def test_refusal_is_as_documented_when_an_order_is_bad(functions: Functions, body: str) -> None:
    answer = functions.post(body)

    assert answer.status in (400, 413, 422)
    check_answer("POST", "/api/orders/execute", answer)


def test_refusal_is_as_documented_when_a_media_type_or_method_is_wrong(
    functions: Functions,
) -> None:
    event = captured("http_get")
    event["httpMethod"] = event["requestContext"]["httpMethod"] = "DELETE"

    check_answer("POST", "/api/orders/execute", functions.post("{}", headers={}))
    check_answer("GET", ORDER, functions.http(event))


@pytest.mark.parametrize("path", ["/api/ready", "/api/orders"])
def test_answer_is_as_documented_when_postgres_is_away(functions: Functions, path: str) -> None:
    functions.world.outages["store"] = UnavailableError()

    answer = functions.get(path)

    assert answer.status == 503
    check_answer("GET", path, answer)


def as_json(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


@pytest.mark.parametrize("value", PATTERN_REFUSES.values(), ids=PATTERN_REFUSES)
def test_schema_refuses_an_amount_when_the_service_does(value: str) -> None:
    with pytest.raises(AssertionError):
        check(BODY, as_json(raw(amount=value)))


@pytest.mark.parametrize("value", NOT_A_SHARE.values(), ids=NOT_A_SHARE.keys())
@pytest.mark.parametrize("field", ["slippageBps", "maxPriceImpactBps"])
def test_schema_refuses_a_limit_when_the_service_does(field: str, value: str) -> None:
    with pytest.raises(AssertionError):
        check(BODY, as_json(raw(**{field: value})))


@pytest.mark.parametrize("value", NOT_A_TOKEN_NAME.values(), ids=NOT_A_TOKEN_NAME.keys())
def test_schema_refuses_a_token_when_it_can_be_none(value: str) -> None:
    with pytest.raises(AssertionError):
        check(BODY, as_json(raw(tokenIn=value)))


@pytest.mark.parametrize("value", NOT_AN_ORDER_TYPE.values(), ids=NOT_AN_ORDER_TYPE.keys())
def test_schema_refuses_an_order_type_when_the_service_does(value: str) -> None:
    with pytest.raises(AssertionError):
        check(BODY, as_json(raw(type=value)))
