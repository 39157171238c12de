"""What generators of clients stumble over, so that the document keeps free of it. That the clients
work is another matter: tests/acceptance/test_generated_clients.py."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.token_list import TOKEN_NAMES
from tests.unit.entrypoints.contract import ASYNCAPI, OPENAPI, check

SCHEMAS = OPENAPI["components"]["schemas"]
ANSWERS = [
    pytest.param(status, answer, id=f"{operation['operationId']}-{status}")
    for operations in OPENAPI["paths"].values()
    for operation in operations.values()
    for status, answer in operation["responses"].items()
]
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            # An example is no schema.
            if key not in ("example", "examples"):
                yield from nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from nodes(item)


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["OpenAPI", "AsyncAPI"])
def test_no_two_values_of_an_enumeration_are_one_when_case_is_ignored(document: Any) -> None:
    for node in nodes(document):
        values = [value.casefold() for value in node.get("enum", ())]
        assert len(set(values)) == len(values), values


def test_every_alternative_has_a_type_of_its_own_when_there_are_several() -> None:
    for node in nodes(OPENAPI):
        for form in [*node.get("oneOf", ()), *node.get("anyOf", ())]:
            assert "$ref" in form or "type" in form, node


def test_every_record_has_a_name_when_it_is_used() -> None:
    named = [id(schema) for schema in SCHEMAS.values()]

    for node in nodes(OPENAPI):
        if node.get("type") == "object" and "properties" in node:
            assert id(node) in named, node


def test_no_field_has_a_default_when_it_may_be_left_out_of_a_body() -> None:
    for schema in SCHEMAS.values():
        for form in schema.get("properties", {}).values():
            assert "default" not in form


@pytest.mark.parametrize(("status", "answer"), ANSWERS)
def test_refusal_is_a_problem_when_it_is_documented(status: str, answer: Any) -> None:
    if int(status) >= 400:
        assert answer["content"]["application/problem+json"]["schema"] == PROBLEM


def test_no_answer_names_the_listed_tokens_when_there_may_be_others() -> None:
    values = [value for node in nodes(OPENAPI) for value in node.get("enum", ())]

    assert not {*values} & {*TOKEN_NAMES}


@pytest.mark.parametrize("name", TOKEN_NAMES)
def test_token_may_be_asked_for_when_it_is_listed(name: str) -> None:
    check({"$ref": "#/components/schemas/TokenName"}, name)


def test_answer_may_have_another_field_when_a_client_is_older() -> None:
    closed = {name for name, form in SCHEMAS.items() if form.get("additionalProperties") is False}

    kinds = ("", "Limit", "Stop", "TrailingStop", "Oco")
    orders = {f"Exact{way}{kind}Order" for way in ("In", "Out") for kind in kinds}
    orders |= {"ExactInDcaOrder", "ExactInTwapOrder", "ExactInSniperOrder"}
    assert closed == orders | {"OrderEdit", "OrdersFilter", "ExitRequest", "GuardsRequest"}
