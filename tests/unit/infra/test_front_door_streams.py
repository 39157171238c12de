import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer
from yarl import URL

from infra.local.description import Apis
from infra.local.front_door import MESSAGE_BYTES_MAX, WEBSOCKET_PATH, FrontDoor
from infra.local.warm_up import CALLS

HANDSHAKE = "".join(
    f"{name}: {value}\r\n"
    for name, value in {
        "Host": "door",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        "Sec-WebSocket-Version": "13",
    }.items()
)

Talk = Callable[[ClientWebSocketResponse], Awaitable[Any]]


async def echo(request: web.Request) -> web.WebSocketResponse:
    """An upstream that says what it hears, and closes when it is told to."""
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.data == "close":
            break
        await socket.send_str(message.data)
    return socket


@asynccontextmanager
async def served(handler: Any, path: str = "/") -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", path, handler)
    async with TestServer(application) as server:
        yield str(server.make_url("/")).rstrip("/")


@asynccontextmanager
async def connected(*, compress: int = 0, **limits: Any) -> AsyncIterator[ClientWebSocketResponse]:
    async with served(echo) as upstream, ClientSession() as session:
        apis = Apis(upstream, upstream)
        door = FrontDoor(apis=lambda: apis, session=session, **limits)
        async with (
            served(door.handle, WEBSOCKET_PATH) as url,
            session.ws_connect(url + WEBSOCKET_PATH, max_msg_size=0, compress=compress) as socket,
        ):
            yield socket


def talk(what: Talk, **limits: Any) -> Any:
    async def run() -> Any:
        async with asyncio.timeout(10), connected(**limits) as socket:
            return await what(socket)

    return asyncio.run(run())


@dataclass(slots=True)
class Flood:
    """An upstream that says more to each client than any buffer holds, until it is closed."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        speaking = asyncio.create_task(self._speak(response))
        async for _ in response:
            pass
        speaking.cancel()
        self.ended.set()
        return response

    async def _speak(self, response: web.WebSocketResponse) -> None:
        while True:
            await response.send_str("x" * 100_000)


@asynccontextmanager
async def deaf(url: str) -> AsyncIterator[None]:
    """A client that reads the answer to its handshake and nothing more."""
    address = URL(url)
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, (address.host, address.port))
        await loop.sock_sendall(
            client, f"GET {WEBSOCKET_PATH} HTTP/1.1\r\n{HANDSHAKE}\r\n".encode()
        )
        assert b"101" in await loop.sock_recv(client, 20)
        yield


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    while (await socket.receive()).type is WSMsgType.TEXT:
        pass
    return socket.close_code


@dataclass(slots=True)
class Upstream:
    """Behind the door: what happened there, in order. A call is answered when it may be."""

    happened: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade"):
            self.happened.append("handshake")
            return await echo(request)
        if request.path == "/call":
            self.happened.append("call")
            await self.may_answer.wait()
            self.happened.append("answer")
        return web.Response()


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.001)


async def connect_behind_calls(calls_first_seconds: float, *, answers_first: bool) -> list[str]:
    """What happens when somebody connects while as many calls are under way as may be."""
    upstream = Upstream()
    passed_on: list[Apis] = []
    async with (
        asyncio.timeout(10),
        served(upstream.handle, "/{path:.*}") as url,
        ClientSession() as session,
    ):

        def apis() -> Apis:
            passed_on.append(Apis(url, url))
            return passed_on[-1]

        door = FrontDoor(apis=apis, session=session, calls_first_seconds=calls_first_seconds)
        async with served(door.handle, "/{path:.*}") as door_url, asyncio.TaskGroup() as tasks:
            for _ in range(CALLS):
                tasks.create_task(session.get(door_url + "/call"))
            await until(lambda: len(upstream.happened) == CALLS)
            connecting = tasks.create_task(session.ws_connect(door_url + WEBSOCKET_PATH))
            await until(lambda: len(passed_on) == CALLS + 1)
            # Time enough for a handshake that does not wait.
            for _ in range(5):
                await session.get(url + "/")
            if answers_first:
                upstream.may_answer.set()
            await (await connecting).close()
            upstream.may_answer.set()
    return upstream.happened


def test_handshake_waits_while_there_are_calls_enough() -> None:
    happened = asyncio.run(connect_behind_calls(60, answers_first=True))

    assert happened.index("handshake") > happened.index("answer")


def test_handshake_goes_on_when_the_calls_take_too_long() -> None:
    happened = asyncio.run(connect_behind_calls(0.01, answers_first=False))

    assert happened.index("handshake") < happened.index("answer")


@pytest.mark.parametrize("compress", [0, 15], ids=["plain", "compressed"])
@pytest.mark.parametrize("size", [0, 1, MESSAGE_BYTES_MAX])
def test_message_is_passed_on_when_it_is_no_larger_than_api_gateway_takes(
    size: int, compress: int
) -> None:
    async def say(socket: ClientWebSocketResponse) -> str:
        await socket.send_str("x" * size)
        return await socket.receive_str()

    assert talk(say, compress=compress) == "x" * size


@pytest.mark.parametrize("compress", [0, 15], ids=["plain", "compressed"])
@pytest.mark.parametrize("size", [MESSAGE_BYTES_MAX + n for n in (1, 2, 3, 100_000)])
def test_socket_is_closed_with_1009_when_a_message_is_larger_than_api_gateway_takes(
    size: int, compress: int
) -> None:
    async def say(socket: ClientWebSocketResponse) -> int | None:
        await socket.send_str("x" * size)
        return await close_code(socket)

    assert talk(say, compress=compress) == 1009


def test_socket_is_closed_with_1003_when_a_frame_is_binary() -> None:
    async def say(socket: ClientWebSocketResponse) -> int | None:
        await socket.send_bytes(b"ping")
        return await close_code(socket)

    assert talk(say) == 1003


def test_socket_is_closed_with_1001_when_it_is_idle_for_too_long() -> None:
    assert talk(close_code, idle_seconds=0.1) == 1001


def test_socket_is_closed_with_1001_when_it_is_open_for_too_long_however_busy() -> None:
    async def chat(socket: ClientWebSocketResponse) -> tuple[int, int | None]:
        said = 0
        while not socket.closed:
            await socket.send_str("x")
            said += (await socket.receive()).type is WSMsgType.TEXT
            await asyncio.sleep(0.01)
        return said, socket.close_code

    said, code = talk(chat, open_seconds=0.3)

    assert (said > 5, code) == (True, 1001)


def test_socket_stays_open_when_it_is_never_idle_for_long() -> None:
    async def chat(socket: ClientWebSocketResponse) -> bool:
        for _ in range(10):
            await asyncio.sleep(0.1)
            await socket.send_str("x")
            await socket.receive_str()
        return socket.closed

    assert talk(chat, idle_seconds=0.6) is False


def test_socket_is_closed_when_the_service_closes_it() -> None:
    async def say(socket: ClientWebSocketResponse) -> int | None:
        await socket.send_str("close")
        return await close_code(socket)

    assert talk(say) == 1000


def test_connection_is_closed_and_others_go_on_when_a_client_stops_reading() -> None:
    async def run() -> bool:
        flood = Flood()
        async with (
            asyncio.timeout(10),
            served(flood.handle) as upstream,
            ClientSession() as session,
        ):
            apis = Apis(upstream, upstream)
            door = FrontDoor(apis=lambda: apis, session=session, stalled_seconds=0.5)
            async with (
                served(door.handle, WEBSOCKET_PATH) as url,
                deaf(url),
                session.ws_connect(url + WEBSOCKET_PATH) as reader,
            ):
                while not flood.ended.is_set():
                    await reader.receive_str()
                await reader.receive_str()
                return reader.closed

    assert asyncio.run(run()) is False
