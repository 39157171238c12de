"""Halting and resuming over HTTP: for operators, and said wherever it matters."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.ports import MemoryKeyStore
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import Scope, make_key
from chalicelib.settings import settings_of
from tests.unit.entrypoints.contract import check_answer
from tests.unit.entrypoints.test_http_waiting import SELL, place
from tests.unit.functions import Answer, Functions, captured
from tests.world import SETTINGS

ORDER = SELL | {"type": "MARKET"}


def post(functions: Functions, path: str, api_key: str = "") -> Answer:
    event = captured("http_post") | {"body": None}
    event["resource"] = event["requestContext"]["resourcePath"] = path
    event["headers"] = {"authorization": f"Bearer {api_key}"} if api_key else {}
    answer = functions.http(event)
    check_answer("POST", path, answer)
    return answer


@pytest.fixture
def operator(functions: Functions) -> str:
    """A key of an operator; the service wants keys."""
    keys = MemoryKeyStore()
    text, kept = make_key(OwnerId("operator"), Scope.ADMIN, functions.world.clock.at)
    keys.add(kept)
    settings = settings_of(SETTINGS | {"auth_mode": "api_key"})
    functions.deploy(settings=settings, key_store=keys)
    return text


def test_halted_service_says_so_and_takes_no_order(functions: Functions, operator: str) -> None:
    halted = post(functions, "/api/halt", operator)
    functions.world.clock.at += timedelta(seconds=1)
    again = post(functions, "/api/halt", operator)
    ready: Any = functions.get("/api/ready", headers={"authorization": f"Bearer {operator}"})
    resumed = post(functions, "/api/resume", operator)
    after: Any = functions.get("/api/ready", headers={"authorization": f"Bearer {operator}"})

    assert halted.document == again.document
    assert halted.document["halted"]
    assert (ready.status, ready.document["status"]) == (200, "halted")
    assert ready.document["haltedSince"] == halted.document["haltedSince"]
    check_answer("GET", "/api/ready", ready)
    assert resumed.document == {"halted": False}
    assert after.document["status"] == "ready"


def test_order_is_refused_with_the_reason_while_halted(functions: Functions) -> None:
    functions.world.switch.halt(functions.world.clock.at)

    answer = place(functions, ORDER)

    assert (answer.status, answer.document["code"]) == (503, "HALTED")
    assert "operator" in answer.document["detail"]
    assert functions.world.store.orders == {}
    functions.world.switch.resume(functions.world.clock.at)
    assert place(functions, ORDER).status == 202


@pytest.mark.parametrize("path", ["/api/halt", "/api/resume"])
@pytest.mark.parametrize("scope", [Scope.READ, Scope.TRADE])
def test_only_operators_may_halt(functions: Functions, path: str, scope: Scope) -> None:
    keys = MemoryKeyStore()
    text, kept = make_key(OwnerId("alice"), scope, functions.world.clock.at)
    keys.add(kept)
    functions.deploy(settings=settings_of(SETTINGS | {"auth_mode": "api_key"}), key_store=keys)

    answer = post(functions, path, text)

    assert (answer.status, answer.document["code"]) == (403, "FORBIDDEN")
    assert functions.world.switch.halted_since() is None


def test_nobody_is_an_operator_where_there_are_no_keys(functions: Functions) -> None:
    assert post(functions, "/api/halt").status == 403
    assert functions.world.switch.halted_since() is None


def test_operator_may_trade(functions: Functions, operator: str) -> None:
    event = captured("http_get")
    event["headers"] = {"authorization": f"Bearer {operator}"}
    event["resource"] = event["requestContext"]["resourcePath"] = "/api/orders"

    assert functions.http(event).status == 200
