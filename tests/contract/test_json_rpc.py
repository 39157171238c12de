"""How a node's answers are read, and that everything else says nothing."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.solana.json_rpc import Answer, Call, JsonRpc
from chalicelib.engine.errors import UnavailableError
from tests.contract.loopback import answering, response

NOBODY = "http://127.0.0.1:9"
ONE = b'[{"jsonrpc": "2.0", "id": 0, "result": 1}]'
BATCH = [Call("double", [number]) for number in range(5)]

Node = Callable[[bytes], bytes]


def doubling(*, refused: int = -1, backwards: bool = False) -> Node:
    """A node that doubles numbers, but one."""

    def answer(body: bytes) -> bytes:
        answers = [doubled(call, refused) for call in json.loads(body)]
        return response(json.dumps(answers[::-1] if backwards else answers).encode())

    return answer


def doubled(call: Any, refused: int) -> Any:
    [number] = call["params"]
    said = {"error": {"code": -32005, "message": "too many"}} if number == refused else {}
    return {"jsonrpc": "2.0", "id": call["id"], "result": 2 * number} | said


def test_call_is_a_batch_of_one_when_it_is_made() -> None:
    asked = []

    with answering(lambda body: asked.append(json.loads(body)) or response(ONE)) as url:
        result = JsonRpc(url).call("getSlot", {"commitment": "finalized"}, 7)

    assert result == 1
    assert asked == [
        [
            {
                "jsonrpc": "2.0",
                "id": 0,
                "method": "getSlot",
                "params": [{"commitment": "finalized"}, 7],
            }
        ]
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_answers_are_in_the_order_of_the_calls_when_the_node_has_another(backwards: bool) -> None:
    with answering(doubling(backwards=backwards)) as url:
        answers = JsonRpc(url).call_all(BATCH)

    assert answers == [Answer(0), Answer(2), Answer(4), Answer(6), Answer(8)]


def test_others_are_answered_when_the_node_refuses_one_call() -> None:
    with answering(doubling(refused=1, backwards=True)) as url:
        answers = JsonRpc(url).call_all(BATCH[:3])

    assert answers == [Answer(0), Answer(refusal="too many"), Answer(4)]


def test_call_is_unavailable_when_the_node_refuses_it() -> None:
    with (
        answering(doubling(refused=3)) as url,
        pytest.raises(UnavailableError, match="double: too many"),
    ):
        JsonRpc(url).call("double", 3)


def test_result_is_none_when_the_node_says_null() -> None:
    null = response(b'[{"jsonrpc": "2.0", "id": 0, "result": null, "error": null}]')

    with answering(lambda _: null) as url:
        assert JsonRpc(url).call("getTransaction") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b'["text"]',
        b'{"jsonrpc": "2.0", "id": 0, "result": 1}',
        b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32600, "message": "no batches"}}',
        b'[{"id": 0}]',
        b'[{"id": 0, "error": "text"}]',
        b'[{"id": [], "result": 1}]',
        b'[{"id": 1, "result": 1}]',
    ],
)
def test_call_is_unavailable_when_the_answer_is_nonsense(body: bytes) -> None:
    with answering(lambda _: response(body)) as url, pytest.raises(UnavailableError):
        JsonRpc(url).call("getSlot")


def test_batch_is_unavailable_when_an_answer_is_missing() -> None:
    with answering(lambda _: response(ONE)) as url, pytest.raises(UnavailableError):
        JsonRpc(url).call_all(BATCH)


@pytest.mark.parametrize("status", [400, 401, 413, 429, 500, 503])
def test_call_is_unavailable_when_the_answer_is_an_http_error(status: int) -> None:
    with (
        answering(lambda _: response(ONE, status=status)) as url,
        pytest.raises(UnavailableError, match="HTTPError"),
    ):
        JsonRpc(url).call("getSlot")


@pytest.mark.parametrize(
    "answer", [b"", b"no HTTP", response(ONE)[:-1]], ids=["none", "no HTTP", "half of one"]
)
def test_call_is_unavailable_when_the_connection_breaks_off(answer: bytes) -> None:
    with answering(lambda _: answer) as url, pytest.raises(UnavailableError):
        JsonRpc(url).call("getSlot")


def test_call_is_unavailable_when_the_node_is_silent_for_too_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answering:
        url = f"http://127.0.0.1:{never_answering.getsockname()[1]}"
        with pytest.raises(UnavailableError, match="TimeoutError"):
            JsonRpc(url, timeout_seconds=0.05).call("getSlot")


def test_call_is_unavailable_when_nobody_listens() -> None:
    with pytest.raises(UnavailableError):
        JsonRpc(NOBODY).call("getSlot")


def test_nobody_is_asked_when_a_batch_is_empty() -> None:
    assert JsonRpc(NOBODY).call_all([]) == []


def test_url_is_hidden_when_the_client_is_printed() -> None:
    assert "key" not in repr(JsonRpc("https://node.example/?api-key=key"))
