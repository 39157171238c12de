import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from infra import client as module
from infra.client import OrdersClient

STATUSES = ["pending", "routing", "building", "submitted", "confirmed"]
Stay = float
# What the fake service does on one connection: sends sequences, then stays, or closes with a code.
Script = Sequence[tuple[Sequence[int], int | Stay]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECT_SECONDS", 0.01)


class FakeService:
    """Plays a script, a line for each connection; writes down what it is asked and told."""

    def __init__(self, script: Script) -> None:
        self._script = list(script)
        self.afters: list[str] = []
        self.heard: list[str] = []

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.afters.append(request.query.get("after", "0"))
        sequences, end = self._script.pop(0) if self._script else ([], 1000)
        for sequence in sequences:
            event = {"orderId": "1", "sequence": sequence, "status": STATUSES[sequence - 1]}
            await socket.send_json({"type": "update", "data": event})
        if isinstance(end, int):
            await socket.close(code=end)
        async for message in socket:
            self.heard.append(message.data)
            await socket.send_json({"type": "pong"})
        return socket


@asynccontextmanager
async def streamed(service: FakeService) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/stream", service.handle)
    async with TestServer(application, shutdown_timeout=0.1) as server:
        yield str(server.make_url("/stream?orderId=1"))


def follow(service: FakeService, seconds: float = 10) -> list[int]:
    async def run() -> list[int]:
        async with asyncio.timeout(seconds), streamed(service) as url, OrdersClient(url) as client:
            order = {"orderId": "1", "streamUrl": url}
            return [event["sequence"] async for event in client.follow(order)]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("script", "afters"),
    [
        ([([1, 2, 3, 4, 5], 1.0)], ["0"]),
        ([([1, 2], 1001), ([3], 1001), ([4, 5], 1.0)], ["0", "2", "3"]),
        ([([1, 2], 1006), ([2, 3, 4, 5], 1.0)], ["0", "2"]),
        ([([1, 3], 1.0), ([2, 3, 4, 5], 1.0)], ["0", "1"]),
        ([([1, 1, 2, 1, 2, 3], 1000), ([4, 4, 5], 1.0)], ["0", "3"]),
    ],
    ids=["whole", "going away", "broken", "hole", "duplicates"],
)
def test_follower_sees_each_event_once_in_order_when_the_stream(
    script: Script, afters: list[str]
) -> None:
    service = FakeService(script)

    assert follow(service) == [1, 2, 3, 4, 5]
    assert service.afters == afters


def test_going_away_is_never_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECTS_MOST", 3)
    service = FakeService([*[([], 1001)] * 10, ([1, 2, 3, 4, 5], 1.0)])

    assert follow(service) == [1, 2, 3, 4, 5]


def test_follower_gives_up_when_the_stream_breaks_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RECONNECTS_MOST", 3)
    service = FakeService([])

    with pytest.raises(ConnectionError):
        follow(service)

    assert len(service.afters) == 3


def test_idle_stream_is_pinged_and_pongs_do_not_hide_its_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PING_SECONDS", 0.02)
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.3)
    service = FakeService([([1, 2], 1.0), ([3, 4, 5], 1.0)])

    assert follow(service) == [1, 2, 3, 4, 5]
    assert service.afters == ["0", "2"]
    assert len(service.heard) >= 3
    assert set(service.heard) == {'{"action":"ping"}'}
