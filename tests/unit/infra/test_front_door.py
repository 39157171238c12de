import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer, unused_port
from multidict import CIMultiDict
from yarl import URL

from infra.local import front_door
from infra.local.description import DESCRIPTION, Apis, Description

Call = Callable[[TestClient], Awaitable[ClientResponse]]
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}


async def name_method(request: web.Request) -> web.Response:
    return web.Response(text=request.method, headers={"X-Method": request.method})


def behind_door(call: Call, *, upstream_runs: bool = True) -> tuple[int, CIMultiDict[str], str]:
    """What the door answers before an upstream that says which method reached it."""

    async def run() -> tuple[int, CIMultiDict[str], str]:
        upstream = web.Application()
        upstream.router.add_route("*", r"/{path:[\s\S]*}", name_method)
        async with TestServer(upstream) as server:
            port = server.port if upstream_runs else unused_port()
            address = f"http://127.0.0.1:{port}"
            door = await front_door.application(lambda: Apis(address, address))
            async with TestClient(TestServer(door)) as client:
                answer = await call(client)
                return answer.status, answer.headers.copy(), await answer.text()

    return asyncio.run(run())


def assert_problem(answer: tuple[int, CIMultiDict[str], str], status: int, code: str) -> None:
    problem: dict[str, Any] = json.loads(answer[2])
    assert (answer[0], problem["status"], problem["code"]) == (status, status, code)
    assert answer[1]["Content-Type"].startswith("application/problem+json")
    assert answer[1]["X-Request-Id"] == problem["requestId"] != ""


@pytest.mark.parametrize(
    ("method", "reaches"),
    [
        ("GET", "GET"),
        ("DELETE", "DELETE"),
        ("TRACE", "DELETE"),
        ("HEAD", "GET"),
        ("OPTIONS", "OPTIONS"),
    ],
)
def test_method_is_one_that_the_gateway_knows_when_passed_on(method: str, reaches: str) -> None:
    answer = behind_door(lambda client: client.request(method, "/api/orders"))

    assert answer[1]["X-Method"] == reaches
    assert answer[2] == ("" if method == "HEAD" else reaches)
    assert answer[1]["Content-Length"] == str(len(reaches))


def test_path_is_passed_on_when_it_holds_a_newline() -> None:
    answer = behind_door(lambda client: client.get(URL("/api/orders/a%0Ab", encoded=True)))

    assert answer[2] == "GET"


def test_door_refuses_a_body_when_it_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "BODY_BYTES_MAX", 10)

    answer = behind_door(lambda client: client.post("/api/orders/execute", data=b"x" * 11))

    assert_problem(answer, 413, "BODY_TOO_LARGE")


def test_door_says_to_try_again_when_nobody_is_behind_it() -> None:
    answer = behind_door(lambda client: client.get("/api/health"), upstream_runs=False)

    assert_problem(answer, 503, "UNAVAILABLE")
    assert answer[1]["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/elsewhere", 404, "NOT_FOUND"), ("/api/orders/execute", 503, "UNAVAILABLE")],
)
def test_door_refuses_a_handshake_when_it_leads_nowhere(path: str, status: int, code: str) -> None:
    answer = behind_door(lambda client: client.get(path, headers=HANDSHAKE), upstream_runs=False)

    assert_problem(answer, status, code)


def test_door_follows_a_deployment_that_gives_the_apis_other_ids(tmp_path: Path) -> None:
    file = tmp_path / DESCRIPTION
    described = Description(
        base_url="",
        database_url="",
        emulator_host="127.0.0.1:4566",
        settings_secret_arn="",
        wallet_secret_arn="",
        parameters={},
        outputs={},
    )

    def deploy(rest_api_id: str) -> None:
        outputs = {"RestAPIId": rest_api_id, "WebsocketAPIId": "orders"}
        replace(described, outputs=outputs).write(tmp_path)

    deploy("before")
    apis = front_door.described_apis(file)
    first, again = apis(), apis()
    deploy("afterwards")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))

    assert first == again
    assert first.http == "http://127.0.0.1:4566/_aws/execute-api/before/live"
    assert apis().http == "http://127.0.0.1:4566/_aws/execute-api/afterwards/live"
    assert apis().websocket == first.websocket
