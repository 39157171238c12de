import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.entrypoints.wire import frames
from tests.unit.entrypoints.contract import ASYNCAPI, check
from tests.unit.functions import Functions

GOLDEN = Path(__file__).parents[2] / "golden"
MESSAGES = ASYNCAPI["components"]["messages"]
OPERATION_FIELDS = {"action", "summary", "channel", "messages"}


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in references(value)]
    return [ref for item in node for ref in references(item)] if isinstance(node, list) else []


def resolve(reference: str) -> Any:
    node: Any = ASYNCAPI
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def check_frame(name: str, frame: Any) -> None:
    check(MESSAGES[name]["payload"], frame, document=ASYNCAPI)


def test_document_is_served_when_asked_for(functions: Functions) -> None:
    answer = functions.get("/api/asyncapi.json")

    assert answer.document == ASYNCAPI
    assert answer.headers["Content-Type"] == "application/json"


def test_document_is_whole_when_written() -> None:
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= ASYNCAPI["info"].keys()
    assert ASYNCAPI["servers"]["stream"] == {"host": "stream.example", "protocol": "wss"}
    assert all(resolve(reference) for reference in references(ASYNCAPI))


@pytest.mark.parametrize("operation", ASYNCAPI["operations"].values())
def test_operation_names_messages_of_its_channel_when_written(operation: Any) -> None:
    assert operation.keys() == OPERATION_FIELDS
    assert operation["action"] in ("send", "receive")
    channel = operation["channel"]["$ref"]
    assert all(m["$ref"].startswith(f"{channel}/messages/") for m in operation["messages"])


@pytest.mark.parametrize("name", MESSAGES)
def test_example_has_the_form_of_its_frame_when_written(name: str) -> None:
    for example in MESSAGES[name]["examples"]:
        check_frame(name, example["payload"])


@pytest.mark.parametrize("name", ["confirmed_order", "failed_order"])
def test_frames_are_as_documented_when_an_order_ends(name: str) -> None:
    for frame in json.loads((GOLDEN / f"{name}.json").read_text()):
        check_frame("update", frame)


@pytest.mark.parametrize("name", ["confirmed_order", "failed_order"])
def test_frame_of_several_events_is_as_documented_when_an_order_ends(name: str) -> None:
    events = [frame["data"] for frame in json.loads((GOLDEN / f"{name}.json").read_text())]

    check_frame("updates", {"type": "updates", "data": {"events": events}})


def test_answers_are_as_documented_when_a_frame_came() -> None:
    check_frame("pong", json.loads(frames.PONG))
    check_frame("error", json.loads(frames.error_frame(OrderNotFoundError())))
