"""The emulator's answers come in one piece, and are what they would be in two."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.asyncio.client import connect

from infra.local.processes import LOOPBACK, free_port
from infra.local.whole_answers import WholeAnswersProtocol, WholeTransport

DEADLINE_SECONDS = 10
MUCH = b"x" * 300_000


class Written(asyncio.Transport):
    """Notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []

    def write(self, data: Any) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.done.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.done


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers in parts."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        await send({"type": "websocket.close", "code": 1000})
        return
    parts = {"/empty": [b""], "/much": [MUCH, MUCH]}.get(scope["path"], [b"some", b"thing"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number, part in enumerate(parts, start=1):
        more = number < len(parts)
        await send({"type": "http.response.body", "body": part, "more_body": more})


@asynccontextmanager
async def served(protocol: type[HttpToolsProtocol]) -> Any:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app, host=LOOPBACK, port=port, http=protocol, lifespan="off", date_header=False
        )
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await running


async def answers(protocol: type[HttpToolsProtocol], request: bytes) -> bytes:
    """What comes back until the connection is closed."""
    async with served(protocol) as port, asyncio.timeout(DEADLINE_SECONDS):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        return answer


def in_one_loop(test: Callable[[WholeTransport, Written], None]) -> list[bytes | str]:
    async def run() -> list[bytes | str]:
        written = Written()
        test(WholeTransport(written, asyncio.get_running_loop()), written)
        await asyncio.sleep(0)
        return written.done

    return asyncio.run(run())


def test_what_is_written_in_one_turn_goes_out_at_once() -> None:
    def test(whole: WholeTransport, written: Written) -> None:
        whole.write(b"head")
        whole.write(b"body")
        assert not whole.is_closing()
        assert written.done == []

    assert in_one_loop(test) == [b"headbody"]


def test_what_was_written_goes_out_before_the_end() -> None:
    def test(whole: WholeTransport, written: Written) -> None:
        whole.write(b"head")
        whole.write(b"body")
        whole.close()
        assert whole.is_closing()

    assert in_one_loop(test) == [b"headbody", "closed"]


@pytest.mark.parametrize("path", ["/", "/empty", "/much"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_answers_are_those_of_the_released_protocol(path: str, method: str) -> None:
    line = f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
    # Two on one connection, sent together; the second is the last.
    request = f"{line}\r\n{line}Connection: close\r\n\r\n".encode()
    expected = asyncio.run(answers(HttpToolsProtocol, request))
    assert expected.count(b"HTTP/1.1 200 OK") == 2
    assert asyncio.run(answers(WholeAnswersProtocol, request)) == expected


def test_malformed_request_is_refused_as_before() -> None:
    expected = asyncio.run(answers(HttpToolsProtocol, b"what\r\n\r\n"))
    assert b" 400 " in expected
    assert asyncio.run(answers(WholeAnswersProtocol, b"what\r\n\r\n")) == expected


def test_websocket_gets_its_frames_and_its_end() -> None:
    async def run() -> tuple[list[Any], int | None]:
        async with (
            served(WholeAnswersProtocol) as port,
            asyncio.timeout(DEADLINE_SECONDS),
            connect(f"ws://{LOOPBACK}:{port}/") as socket,
        ):
            return [frame async for frame in socket], socket.close_code

    assert asyncio.run(run()) == (["hello"], 1000)
