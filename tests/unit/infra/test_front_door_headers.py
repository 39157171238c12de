import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from infra.local import front_door
from infra.local.description import Apis

KEY = b"Idempotency-Key"


def sent(*lines: bytes) -> tuple[bytes, list[bytes]]:
    """What the door answers to a request with these lines, and the keys that came through it."""
    keys: list[bytes] = []

    async def remember(request: web.Request) -> web.Response:
        keys.extend(value for name, value in request.raw_headers if name.lower() == KEY.lower())
        return web.Response(headers=[("Set-Cookie", "a"), ("Set-Cookie", "b")])

    async def run() -> bytes:
        upstream = web.Application()
        upstream.router.add_route("*", "/{path:.*}", remember)
        async with TestServer(upstream) as server:
            address = f"http://127.0.0.1:{server.port}"
            door = await front_door.application(lambda: Apis(address, address))
            async with asyncio.timeout(10), TestServer(door) as front:
                return await said(front, lines)

    return asyncio.run(run()), keys


async def said(server: TestServer, lines: tuple[bytes, ...]) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (b"GET /api/orders HTTP/1.1", b"Host: localhost", b"Connection: close", *lines)
    writer.write(b"\r\n".join([*head, b"", b""]))
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_door_passes_on_every_line_when_a_header_comes_twice() -> None:
    answer, keys = sent(KEY + b": a", KEY.lower() + b": b")

    assert keys == [b"a, b"]
    assert answer.count(b"Set-Cookie") == 2


def test_door_passes_on_a_value_as_it_was_sent_when_it_is_utf_8() -> None:
    value = "kл€z".encode()

    assert sent(KEY + b": " + value)[1] == [value]


@pytest.mark.parametrize("value", [b"k\xff\xfez", b"k\xc3", b"\xe9"])
@pytest.mark.parametrize("more", [[], [b"Upgrade: websocket"]], ids=["call", "handshake"])
def test_door_refuses_a_value_when_it_is_not_utf_8(value: bytes, more: list[bytes]) -> None:
    answer, keys = sent(KEY + b": " + value, *more)

    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert keys == []
    assert head.startswith(b"HTTP/1.1 400 ")
    assert (problem["code"], problem["status"]) == ("INVALID_REQUEST", 400)
