"""What the front door refuses, whatever is behind it; and what something behind it answers."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from infra.local import front_door
from infra.local.description import Apis
from tests.hostile_requests import CHUNKED, EXPECTING, JSON, UNREADABLE, get, post, talk

Answered = tuple[int, dict[str, str], dict[str, Any]]


def answer_of(*parts: bytes, upstream: web.Response | None = None) -> tuple[Answered, list[str]]:
    """What the door answers to these bytes, and the targets that came through it."""
    came: list[str] = []

    async def behind(request: web.Request) -> web.Response:
        came.append(request.raw_path)
        return upstream or web.Response()

    async def run() -> bytes:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", behind)
        async with TestServer(application) as server:
            address = f"http://127.0.0.1:{server.port}"
            door = await front_door.application(lambda: Apis(address, address))
            async with asyncio.timeout(20), TestServer(door) as front:
                assert front.port is not None
                return await asyncio.to_thread(talk, front.port, *parts)

    head, _, body = asyncio.run(run()).partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(each.split(": ", 1) for each in lines)
    return (int(line.split()[1]), headers, json.loads(body or b"{}")), came


@pytest.mark.parametrize("request_", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_door_refuses_what_is_no_proper_http(request_: bytes) -> None:
    (status, headers, problem), came = answer_of(request_)

    assert (status, problem["status"], problem["code"]) == (400, 400, "INVALID_REQUEST")
    assert headers["Content-Type"] == "application/problem+json"
    assert problem["requestId"] == headers["X-Request-Id"] != ""
    assert problem["detail"].startswith("the request could not be read")
    assert "xxxx" not in problem["detail"]
    assert came == []


def test_door_says_what_is_wrong_when_it_can_tell() -> None:
    said = {name: answer_of(UNREADABLE[name])[0][2]["detail"] for name in UNREADABLE}

    assert said["two content types"].endswith("Duplicate 'Content-Type' header found.")
    assert said["too many headers"].endswith("Too many headers received")
    assert said["header too large"].endswith("Got more than 8190 bytes when reading")
    assert said["absolute target"].endswith("its target is not a path")
    assert said["short handshake key"].endswith("its WebSocket handshake is malformed")


def test_door_refuses_a_body_whose_chunks_break_off_later() -> None:
    head = post(JSON, CHUNKED, EXPECTING, body=b"")

    (status, _, problem), came = answer_of(head, b"3\r\n{  \r\n", b"zz\r\n")

    assert (status, problem["code"], came) == (400, "INVALID_REQUEST", [])


@pytest.mark.parametrize(
    ("upstream", "status", "code"),
    [(502, 503, "UNAVAILABLE"), (403, 404, "NOT_FOUND"), (500, 500, "INTERNAL")],
)
def test_door_answers_with_a_problem_when_something_else_than_the_service_refuses(
    upstream: int, status: int, code: str
) -> None:
    refusal = web.Response(status=upstream, text='{"message": "no"}')

    answered = answer_of(get(), upstream=refusal)[0]

    assert (answered[0], answered[2]["code"]) == (status, code)


@pytest.mark.parametrize("status", [200, 404, 503])
def test_door_passes_on_what_the_service_answers(status: int) -> None:
    headers = {"X-Request-Id": "r", "Content-Type": "application/json"}
    answer = web.Response(status=status, text='{"ready": false}', headers=headers)

    assert answer_of(get(), upstream=answer)[0][::2] == (status, {"ready": False})
