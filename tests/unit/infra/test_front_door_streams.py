import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer

from infra.local.description import Apis
from infra.local.front_door import MESSAGE_BYTES_MAX, WEBSOCKET_PATH, FrontDoor

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


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    while (await socket.receive()).type is WSMsgType.TEXT:
        pass
    return socket.close_code


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
