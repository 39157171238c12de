"""What operators ask of a stage: keys, halts, its state; and what they are refused."""

from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib.adapters.memory.ports import MemoryKeyStore
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import Scope, identify, make_key
from chalicelib.entrypoints.operations import write_key
from tests.unit.functions import Functions, LambdaContext
from tests.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def keys(functions: Functions) -> MemoryKeyStore:
    keys = MemoryKeyStore()
    functions.deploy(key_store=keys, schema=lambda: "0042_newest", migrate=lambda: ["0042_newest"])
    return keys


def ask(**request: object) -> dict[str, Any]:
    answer: dict[str, Any] = app.operate(request, LambdaContext())
    return answer


def new_key(world: World, owner: str = "alice", scope: Scope = Scope.TRADE) -> tuple[str, Any]:
    text, key = make_key(OwnerId(owner), scope, world.clock.at)
    return text, write_key(key)


def test_added_key_opens_the_stage_until_it_is_revoked(
    functions: Functions, keys: MemoryKeyStore
) -> None:
    text, document = new_key(functions.world)

    assert ask(do="addKey", key=document) == {"keyId": document["keyId"]}

    assert identify(text, keys).owner_id == "alice"
    assert ask(do="listKeys") == {"keys": [document]}
    functions.world.clock.at += HOUR
    assert ask(do="revokeKey", keyId=document["keyId"]) == {"revoked": True}
    assert ask(do="revokeKey", keyId=document["keyId"]) == {"revoked": False}
    [listed] = ask(do="listKeys")["keys"]
    assert listed["revokedAt"] == functions.world.clock.at.isoformat()


@pytest.mark.parametrize(
    "change",
    [
        {"owner": ""},
        {"owner": "x" * 65},
        {"owner": "a\nb"},
        {"owner": 5},
        {"scope": "everything"},
        {"secretHash": "no"},
        {"createdAt": "today"},
        {"keyId": None, "scope": None},
    ],
)
def test_key_is_refused_when_it_is_none(
    functions: Functions, keys: MemoryKeyStore, change: dict[str, object]
) -> None:
    _, document = new_key(functions.world)

    assert ask(do="addKey", key=document | change)["code"] == "INVALID_REQUEST"
    assert ask(do="addKey")["code"] == "INVALID_REQUEST"
    assert keys.all() == []


@pytest.mark.parametrize("do", [None, "", "drop", ["migrate"], {"do": "migrate"}])
def test_nothing_is_done_when_nobody_knows_what_is_asked(
    functions: Functions, keys: MemoryKeyStore, do: object
) -> None:
    refused = ask(do=do)

    assert refused["code"] == "INVALID_REQUEST"
    assert refused["detail"].startswith("do must be one of migrate, addKey")


def test_stage_is_halted_and_goes_on(functions: Functions, keys: MemoryKeyStore) -> None:
    at = functions.world.clock.at.isoformat()

    assert ask(do="halt") == {"haltedSince": at}
    assert ask(do="status")["haltedSince"] == at
    assert ask(do="resume") == {"wasHalted": True}
    assert ask(do="resume") == {"wasHalted": False}


def test_status_tells_the_schema_and_that_nothing_waits(
    functions: Functions, keys: MemoryKeyStore
) -> None:
    assert ask(do="status") == {
        "schema": "0042_newest",
        "haltedSince": None,
        "ordersWait": False,
        "slot": 0,
        "behindSeconds": None,
    }
    assert ask(do="migrate") == {"migrations": ["0042_newest"]}
