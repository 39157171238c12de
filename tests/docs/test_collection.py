"""The Postman collection, as a person's tool reads it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from jsonschema import Draft202012Validator

from infra.generate.collection import FILE, FORMAT, collection_text
from tests.outside import Outside
from tests.unit.entrypoints.contract import OPENAPI, check, response_of

COLLECTION = json.loads(FILE.read_text())
NAMED = {"type": "object", "required": ["key", "value"]}
# The part of the format that these requests use, and nothing that it does not know.
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["info", "item"],
    "properties": {
        "info": {"required": ["name", "schema"], "properties": {"schema": {"const": FORMAT}}},
        "auth": {"$ref": "#/$defs/auth"},
        "variable": {"type": "array", "items": NAMED},
        "item": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
    },
    "additionalProperties": False,
    "$defs": {
        "auth": {"required": ["type"], "properties": {"type": {"enum": ["bearer", "noauth"]}}},
        "item": {
            "required": ["name"],
            "oneOf": [{"required": ["item"]}, {"required": ["request"]}],
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "item": {"type": "array", "items": {"$ref": "#/$defs/item"}},
                "event": {"type": "array", "items": {"required": ["listen", "script"]}},
                "request": {"$ref": "#/$defs/request"},
                "response": {"type": "array", "items": {"required": ["name", "code", "body"]}},
            },
            "additionalProperties": False,
        },
        "request": {
            "required": ["method", "url", "header"],
            "properties": {
                "method": {"enum": ["GET", "POST", "PATCH"]},
                "header": {"type": "array", "items": NAMED},
                "url": {
                    "required": ["raw", "host", "path", "query"],
                    "properties": {
                        "path": {"type": "array", "items": {"type": "string"}},
                        "query": {"type": "array", "items": NAMED},
                    },
                    "additionalProperties": {"type": ["string", "array"]},
                },
                "body": {"required": ["mode", "raw"], "properties": {"mode": {"const": "raw"}}},
                "auth": {"$ref": "#/$defs/auth"},
                "description": {"type": "string"},
            },
            "additionalProperties": False,
        },
    },
}


def requests(items: list[Any]) -> Iterator[Any]:
    for item in items:
        yield from requests(item["item"]) if "item" in item else [item]


# Without API keys nobody is one.
FOR_OPERATORS = ("/api/halt", "/api/resume")
REQUESTS = [*requests(COLLECTION["item"])]


def filled(text: str, variables: dict[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    assert "{{" not in text, text
    return text


def sent(outside: Outside, request: Any) -> Any:
    """Send the request as a tool does, and return its answer."""
    variables = {found["key"]: found["value"] for found in COLLECTION["variable"]}
    # One that can be edited and cancelled.
    order = outside.submit(type="TRAILING_STOP", trailingBps=5_000)
    variables |= {"baseUrl": outside.base_url, "orderId": order["orderId"]}
    url, query = request["url"], request["url"]["query"]
    asked = urlencode({f["key"]: f["value"] for f in query if not f.get("disabled")})
    path = filled("/" + "/".join(url["path"]), variables)
    assert filled(url["raw"], variables) == outside.base_url + path + (asked and f"?{asked}")
    body = request["body"]["raw"].encode() if "body" in request else None
    headers = {
        header["key"].lower().replace("-", "_"): header["value"]
        for header in request["header"]
        if not header.get("disabled")
    }
    return outside.call(request["method"], path + (asked and f"?{asked}"), body, **headers)


def test_collection_is_that_of_today_when_read() -> None:
    assert FILE.read_text() == collection_text(), "make collection"


def test_collection_has_the_form_of_its_format_when_read() -> None:
    Draft202012Validator(FORM).validate(COLLECTION)


def test_every_operation_is_in_the_collection_when_documented() -> None:
    found = {
        (urlsplit(item["request"]["url"]["raw"]).path, item["request"]["method"].lower())
        for item in REQUESTS
    }

    assert found == {
        ("{{baseUrl}}" + path.replace("{order_id}", "{{orderId}}"), method)
        for path, operations in OPENAPI["paths"].items()
        for method in operations
    }


@pytest.mark.parametrize("item", REQUESTS, ids=lambda item: item["name"])
def test_request_succeeds_when_it_is_sent(outside: Outside, item: Any) -> None:
    request = item["request"]

    answer = sent(outside, request)

    path = "/" + "/".join(request["url"]["path"]).replace("{{orderId}}", "{order_id}")
    if path in FOR_OPERATORS:
        assert (answer.status, answer.document["code"]) == (403, "FORBIDDEN")
        return
    assert answer.status < 300, answer.document
    [media] = response_of(request["method"], path, answer.status)["content"].values()
    check(media["schema"], answer.document)


@pytest.mark.parametrize("item", REQUESTS, ids=lambda item: item["name"])
def test_answer_is_an_example_of_the_contract_when_it_is_shown(item: Any) -> None:
    path = "/" + "/".join(item["request"]["url"]["path"]).replace("{{orderId}}", "{order_id}")

    for shown in item["response"]:
        [media] = response_of(item["request"]["method"], path, shown["code"])["content"].values()
        check(media["schema"], json.loads(shown["body"]))
