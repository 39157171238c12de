import json
from typing import Any

import pytest

from infra.deploy.gateway import ANY_METHOD, REFUSALS, answer_everything, refusal_of


@pytest.fixture
def api() -> dict[str, Any]:
    paths = {
        "/api/orders": {"get": {"uri": "function"}, "head": {"uri": "function"}},
        "/": {"get": {"uri": "function"}},
    }
    properties: dict[str, Any] = {"DefinitionBody": {"paths": paths}}
    answer_everything({"Resources": {"RestAPI": {"Properties": properties}}})
    return properties


def test_other_methods_reach_the_function_when_the_path_is_known(api: dict[str, Any]) -> None:
    for operations in api["DefinitionBody"]["paths"].values():
        assert operations == {ANY_METHOD: {"uri": "function"}}


@pytest.mark.parametrize("kind", REFUSALS)
def test_gateway_answers_with_a_problem_when_it_refuses(api: dict[str, Any], kind: str) -> None:
    response = api["GatewayResponses"][kind]

    problem = json.loads(response["ResponseTemplates"]["application/json"])
    headers = response["ResponseParameters"]["Headers"]
    assert list(problem) == ["type", "title", "status", "code", "detail", "requestId"]
    assert problem["status"] == response["StatusCode"] == REFUSALS[kind].status
    assert problem["requestId"] == "$context.requestId"
    assert headers["Content-Type"] == "'application/problem+json'"
    assert headers["X-Request-Id"] == "context.requestId"
    assert headers["Access-Control-Allow-Origin"] == "'*'"
    assert ("Retry-After" in headers) == (response["StatusCode"] in (429, 503))


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NOT_FOUND"), (400, "INVALID_REQUEST"), (502, "UNAVAILABLE"), (417, "INVALID_REQUEST")],
)
def test_refusal_is_the_one_of_its_status_when_there_is_one(status: int, code: str) -> None:
    assert refusal_of(status).code == code
