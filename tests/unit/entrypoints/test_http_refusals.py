import base64
import gzip
import json
from collections.abc import Mapping

import pytest

from chalicelib.simulation.market import Market
from tests.unit.functions import Answer, Functions, captured

KIB_16 = 16 * 1024
PROBLEM_FIELDS = ["type", "title", "status", "code", "detail", "requestId"]
ORDER = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1}
GOOD = {"type": '"MARKET"', "tokenIn": '"SOL"', "tokenOut": '"USDC"', "amount": "1"}

NOT_JSON = {
    "empty": "",
    "nothing": None,
    "cut off": '{"type":"MARKET"',
    "trailing comma": '{"type":"MARKET",}',
    "single quotes": "{'type':'MARKET'}",
    "two documents": "{} {}",
    "byte order mark": "\ufeff{}",
    "not UTF-8": b'{"type":"\xff"}',
    "UTF-16": '{"type":"MARKET"}'.encode("utf-16"),
    "unclosed brackets": "[[[[",
}
NOT_AN_OBJECT = {"null": "null", "list": "[]", "string": '"MARKET"', "number": "1"}
# What JSON has no number for; Python's own parser would take it.
NOT_A_NUMBER = ["NaN", "Infinity", "-Infinity"]
NOT_AN_AMOUNT = {
    "true": "true",
    "false": "false",
    "null": "null",
    "list": "[1]",
    "object": '{"value":1}',
    "negative": "-1",
    "zero": "0",
    "minus zero": "-0",
    "zero with decimals": "0.000",
    "zero with an exponent": "0e400",
    "empty string": '""',
    "word": '"one"',
    "underscore": '"1_000"',
    "blanks": '" 1 "',
    "newline": '"1\\n"',
    "other digits": '"\u0661\u0662"',
    "escaped other digits": '"\\u0661\\u0662"',
    "comma": '"1,5"',
    "plus": '"+1"',
    "negative string": '"-1"',
    "zero string": '"0.0"',
    "leading zero": '"01"',
    "no whole part": '".5"',
    "no fraction": '"5."',
    "exponent string": '"1e3"',
    "hexadecimal": '"0x10"',
    "NaN string": '"NaN"',
    "Infinity string": '"Infinity"',
}
TOO_LARGE = {
    "one more than u64": "18446744073.709551616",
    "as a string": '"18446744073.709551616"',
    "1e400": "1e400",
    "1e999999999": "1e999999999",
    "5000 digits": "9" * 5_000,
    "5000 digits as a string": f'"{"9" * 5_000}"',
}
TOO_PRECISE = {
    "ten decimals": "0.0000000001",
    "ten decimals as a string": '"1.0000000001"',
    "1e-400": "1e-400",
    "1e-999999999": "1e-999999999",
    "5000 decimals": "0." + "3" * 5_000,
}
BEYOND_DECIMALS = {
    "large": "1e9999999999999999999",
    "small": "1e-9999999999999999999",
    "zero": "0e" + "9" * 99,
}
NOT_A_SHARE = {
    "negative": "-1",
    "more than everything": "10001",
    "fraction": "1.5",
    "huge": "1e400",
    "enormous": "1e999999999",
    "tiny": "1e-999999999",
    "true": "true",
    "null": "null",
    "list": "[100]",
    "blanks": '" 100 "',
    "underscore": '"1_0"',
    "other digits": '"\u0665\u0660"',
    "exponent string": '"1e2"',
}
NOT_AN_ORDER_TYPE = {
    "not offered": '"ICEBERG"',
    "small letters": '"market"',
    "empty": '""',
    "number": "1",
    "null": "null",
    "list": '["MARKET"]',
}
NOT_A_STRING = {"number": "1", "null": "null", "true": "true", "list": '["SOL"]', "object": "{}"}
NOT_A_TOKEN = {
    "not listed": '"DOGE"',
    "small letters": '"sol"',
    "blanks": '" SOL "',
    "empty": '""',
    "nul": '"SOL\\u0000"',
    "half a character": '"\\ud800"',
    "long": f'"{"S" * 5_000}"',
}
ONE_TOKEN = {
    "same": ("SOL", "SOL"),
    "wrapped": ("SOL", "wSOL"),
    "the other way": ("WSOL", "SOL"),
    "by its mint": ("SOL", "So11111111111111111111111111111111111111112"),
    "by the system address": ("11111111111111111111111111111111", "wSOL"),
}
NOT_JSON_TYPES = {
    "text": {"Content-Type": "text/plain"},
    "form": {"content-type": "application/x-www-form-urlencoded"},
    "nearly": {"content-type": "application/jsonx"},
    "another kind of JSON": {"content-type": "application/problem+json"},
    "empty": {"content-type": ""},
    "none": {},
}


def raw(**changes: str | None) -> str:
    """A good body with fields of raw JSON changed, added or (None) left out."""
    fields = [f'"{name}":{value}' for name, value in (GOOD | changes).items() if value is not None]
    return "{" + ",".join(fields) + "}"


def table(values: Mapping[str, object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("value", values.values(), ids=values.keys())


def assert_refused(functions: Functions, answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.document["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert list(answer.document) == PROBLEM_FIELDS
    assert answer.document["status"] == status
    assert 0 < len(answer.document["detail"]) < 300
    assert functions.world.store.orders == {}
    assert not functions.world.order_queue.messages


@table(NOT_JSON)
def test_order_is_refused_when_the_body_is_not_json(functions: Functions, value: str) -> None:
    assert_refused(functions, functions.post(value), 400, "MALFORMED_JSON")


@table(NOT_AN_OBJECT)
def test_order_is_refused_when_the_body_is_not_an_object(functions: Functions, value: str) -> None:
    assert_refused(functions, functions.post(value), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("field", GOOD)
def test_order_is_refused_when_a_field_is_missing(functions: Functions, field: str) -> None:
    answer = functions.post(raw(**{field: None}))

    assert_refused(functions, answer, 400, "INVALID_REQUEST")
    assert field in answer.document["detail"]


@pytest.mark.parametrize("field", ["price", "token_in", "Amount", "", "\\ud800", "f" * 5_000])
def test_order_is_refused_when_a_field_is_unknown(functions: Functions, field: str) -> None:
    assert_refused(functions, functions.post(raw(**{field: "1"})), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("field", GOOD)
def test_order_is_refused_when_a_field_is_named_twice(functions: Functions, field: str) -> None:
    escaped = f"\\u{ord(field[0]):04x}{field[1:]}"

    for again in (field, escaped):
        answer = functions.post(raw()[:-1] + f',"{again}":{GOOD[field]}}}')

        assert_refused(functions, answer, 400, "DUPLICATE_KEY")


@pytest.mark.parametrize("value", NOT_A_NUMBER)
@pytest.mark.parametrize("field", ["amount", "slippageBps", "maxPriceImpactBps", "type"])
def test_order_is_refused_when_a_number_is_not_json(
    functions: Functions, field: str, value: str
) -> None:
    assert_refused(functions, functions.post(raw(**{field: value})), 400, "MALFORMED_JSON")


@table(NOT_AN_AMOUNT)
def test_order_is_refused_when_the_amount_is_no_positive_decimal(
    functions: Functions, value: str
) -> None:
    assert_refused(functions, functions.post(raw(amount=value)), 422, "INVALID_AMOUNT")


@table(TOO_LARGE)
def test_order_is_refused_when_the_amount_exceeds_u64(functions: Functions, value: str) -> None:
    assert_refused(functions, functions.post(raw(amount=value)), 422, "AMOUNT_RANGE")


@table(TOO_PRECISE)
def test_order_is_refused_when_the_amount_is_too_precise(functions: Functions, value: str) -> None:
    assert_refused(functions, functions.post(raw(amount=value)), 422, "AMOUNT_PRECISION")


@pytest.mark.parametrize("field", ["amount", "slippageBps", "maxPriceImpactBps", "tokenIn"])
@table(BEYOND_DECIMALS)
def test_order_is_refused_when_no_decimal_holds_a_number(
    functions: Functions, field: str, value: str
) -> None:
    answer = functions.post(raw(**{field: value}))

    assert_refused(functions, answer, 400, "NUMBER_TOO_LARGE")


@pytest.mark.parametrize(
    ("field", "code"),
    [("slippageBps", "INVALID_SLIPPAGE"), ("maxPriceImpactBps", "INVALID_MAX_PRICE_IMPACT")],
)
@table(NOT_A_SHARE)
def test_order_is_refused_when_a_limit_is_no_share_in_basis_points(
    functions: Functions, field: str, code: str, value: str
) -> None:
    answer = functions.post(raw(**{field: value}))

    assert_refused(functions, answer, 422, code)
    assert answer.document["detail"] == f"{field} must be a whole number from 0 to 10000."


@table(NOT_AN_ORDER_TYPE)
def test_order_is_refused_when_its_type_is_unknown(functions: Functions, value: str) -> None:
    assert_refused(functions, functions.post(raw(type=value)), 422, "UNKNOWN_ORDER_TYPE")


@pytest.mark.parametrize("field", ["tokenIn", "tokenOut"])
@table(NOT_A_STRING)
def test_order_is_refused_when_a_token_is_no_string(
    functions: Functions, field: str, value: str
) -> None:
    assert_refused(functions, functions.post(raw(**{field: value})), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("field", ["tokenIn", "tokenOut"])
@table(NOT_A_TOKEN)
def test_order_is_refused_when_a_token_is_not_listed(
    functions: Functions, field: str, value: str
) -> None:
    assert_refused(functions, functions.post(raw(**{field: value})), 422, "UNKNOWN_TOKEN")


@table(ONE_TOKEN)
def test_order_is_refused_when_both_tokens_are_one(
    functions: Functions, value: tuple[str, str]
) -> None:
    token_in, token_out = map(json.dumps, value)

    answer = functions.post(raw(tokenIn=token_in, tokenOut=token_out))

    assert_refused(functions, answer, 422, "SAME_TOKEN")


def test_order_is_refused_when_no_pools_trade_its_pair(functions: Functions) -> None:
    functions.world.market = Market(seed="world", listings=())
    functions.deploy()

    assert_refused(functions, functions.post(raw()), 422, "UNKNOWN_PAIR")


@pytest.mark.parametrize(
    "value", [raw() + " " * KIB_16, "[" * 20_000, "é" * (KIB_16 // 2 + 1)], ids=len
)
def test_order_is_refused_when_the_body_is_larger_than_16_kib(
    functions: Functions, value: str
) -> None:
    assert_refused(functions, functions.post(value), 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "value",
    ["[" * 16_000, '{"a":' * 3_000, raw(amount="[" * 17 + "]" * 17)],
    ids=["lists", "objects", "17 levels"],
)
def test_order_is_refused_when_the_body_is_deep(functions: Functions, value: str) -> None:
    assert_refused(functions, functions.post(value), 400, "BODY_TOO_DEEP")


@pytest.mark.parametrize("headers", NOT_JSON_TYPES.values(), ids=NOT_JSON_TYPES.keys())
def test_order_is_refused_when_it_is_not_sent_as_json(
    functions: Functions, headers: dict[str, str]
) -> None:
    answer = functions.post(raw(), headers=headers)

    assert_refused(functions, answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "coding", ["gzip", "GZIP", "br", "deflate", "zstd", "x-unknown", "identity, gzip", "gzip, gzip"]
)
def test_body_is_refused_when_it_is_compressed(functions: Functions, coding: str) -> None:
    body = gzip.compress(json.dumps(ORDER).encode())
    for event in (captured("http_post"), captured("http_get")):
        event["headers"] = {"content-type": "application/json", "content-encoding": coding}
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

        answer = functions.http(event)

        assert (answer.status, answer.document["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert "uncompressed" in answer.document["detail"]
    assert functions.world.store.orders == {}


@pytest.mark.parametrize("coding", ["", "identity", "Identity", "identity, identity"])
def test_body_is_read_when_it_is_not_compressed(functions: Functions, coding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": coding}

    assert functions.post(json.dumps(ORDER), headers=headers).status == 202


def test_request_without_a_body_is_answered_whatever_its_coding_would_be(
    functions: Functions,
) -> None:
    answer = functions.get("/api/health", headers={"content-encoding": "gzip"})

    assert answer.status == 200
