"""Holds answers to the documents that describe them."""

from typing import Any

from jsonschema import Draft202012Validator

from chalicelib.entrypoints.contract import asyncapi, openapi
from tests.strict_contract import closed, strict
from tests.unit.functions import Answer

Document = dict[str, Any]

OPENAPI = openapi.document(base_url="https://orders.example")
ASYNCAPI = asyncapi.document(stream_url="wss://stream.example/api/orders/execute")


def check(schema: Document, content: Any, *, document: Document = OPENAPI) -> None:
    """Fail unless the content has the schema's form."""
    whole = {"allOf": [closed(schema)], "components": strict(document)["components"]}
    errors = list(Draft202012Validator(whole).iter_errors(content))
    assert not errors, errors[0]


def response_of(method: str, path: str, status: int) -> Document:
    """What is documented of an answer; references to headers resolved."""
    response = OPENAPI["paths"][path][method.lower()]["responses"][str(status)]
    headers = {
        name: OPENAPI["components"]["headers"][header["$ref"].rpartition("/")[2]]
        for name, header in response["headers"].items()
    }
    return response | {"headers": headers}


def check_answer(method: str, path: str, answer: Answer) -> None:
    """Fail unless the answer is one that is documented."""
    response = response_of(method, path, answer.status)
    content_type = answer.headers["Content-Type"].partition(";")[0]
    media = response["content"][content_type]
    check(media["schema"], answer.body if content_type == "text/html" else answer.document)
    required = {name for name, header in response["headers"].items() if header["required"]}
    assert required <= answer.headers.keys()
