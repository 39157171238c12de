"""What every StatusFeed does, and how API Gateway's answers are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from urllib.parse import unquote

import pytest

from chalicelib.adapters.aws.api_gateway import ApiGatewayStatusFeed
from chalicelib.adapters.aws.client import EXECUTE_API, AwsClient
from chalicelib.adapters.memory.ports import MemoryClock, MemoryStatusFeed
from chalicelib.engine.errors import ConnectionGoneError, FrameRefusedError, UnavailableError
from chalicelib.engine.ports.followers import StatusFeed
from tests.contract.loopback import NOWHERE
from tests.http_endpoint import (
    DEADLINE_SECONDS,
    HANG_UP,
    SILENCE,
    Endpoint,
    Reply,
    Request,
    reply,
    serving,
)

CONNECTIONS = "/live/@connections/"
CONNECTION = "L0SM9cOFvHcCIhw="


@dataclass(slots=True)
class ManagementApi(Endpoint):
    """API Gateway's end: open connections take frames, all others are gone."""

    frames: dict[str, list[str]] = field(default_factory=dict)
    trouble: Reply | None = None

    def open(self, connection_id: str) -> None:
        self.frames[connection_id] = []

    def respond(self, request: Request) -> Reply:
        connection_id = unquote(request.target.removeprefix(CONNECTIONS))
        if self.trouble is not None:
            return self.trouble
        if connection_id not in self.frames:
            return refusal(410)
        self.frames[connection_id].append(request.body.decode())
        return reply(b"")


def refusal(status: int) -> Reply:
    return reply(b'{"message": "as asked"}', status=status)


def feed_to(url: str, *, timeout_seconds: float = DEADLINE_SECONDS) -> ApiGatewayStatusFeed:
    client = AwsClient(
        EXECUTE_API,
        clock=MemoryClock(),
        random=Random(0),
        endpoint_url=f"{url}/live",
        timeout_seconds=timeout_seconds,
        tries=1,
    )
    return ApiGatewayStatusFeed(client)


@dataclass(frozen=True, slots=True)
class Stage:
    """A feed, a way to open a connection, and the frames that it got."""

    feed: StatusFeed
    open: Callable[[str], None]
    frames: dict[str, list[str]]


@pytest.fixture
def api() -> Iterator[ManagementApi]:
    api = ManagementApi()
    api.answer = api.respond
    with serving(api):
        yield api


@pytest.fixture
def feed(api: ManagementApi) -> ApiGatewayStatusFeed:
    return feed_to(api.url)


@pytest.fixture(params=["memory", "api gateway"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "memory":
        memory = MemoryStatusFeed()
        return Stage(memory, memory.open, memory.frames)
    api = request.getfixturevalue("api")
    return Stage(request.getfixturevalue("feed"), api.open, api.frames)


@pytest.mark.parametrize("connection_id", [CONNECTION, "a", "Zx/y+z=="])
def test_frames_arrive_in_order_when_connection_is_open(stage: Stage, connection_id: str) -> None:
    stage.open(connection_id)
    stage.open("other=")

    stage.feed.post(connection_id, '{"n":1}')
    stage.feed.post(connection_id, '{"text":"grüße 日本語 😀"}')

    assert stage.frames == {
        connection_id: ['{"n":1}', '{"text":"grüße 日本語 😀"}'],
        "other=": [],
    }


def test_post_raises_connection_gone_when_connection_is_not_open(stage: Stage) -> None:
    stage.open("other=")

    with pytest.raises(ConnectionGoneError):
        stage.feed.post(CONNECTION, "{}")

    assert stage.frames == {"other=": []}


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503, 504])
def test_post_raises_unavailable_when_api_gateway_refuses(
    feed: ApiGatewayStatusFeed, api: ManagementApi, status: int
) -> None:
    api.open(CONNECTION)
    api.trouble = refusal(status)

    with pytest.raises(UnavailableError):
        feed.post(CONNECTION, "{}")

    assert api.frames == {CONNECTION: []}
    assert len(api.requests) == 1


def test_post_raises_refused_when_the_frame_is_too_large(
    feed: ApiGatewayStatusFeed, api: ManagementApi
) -> None:
    api.open(CONNECTION)
    api.trouble = refusal(413)

    with pytest.raises(FrameRefusedError):
        feed.post(CONNECTION, "{}")


@pytest.mark.parametrize("trouble", [HANG_UP, SILENCE], ids=["hung up", "no answer"])
def test_post_raises_unavailable_when_api_gateway_does_not_answer(
    api: ManagementApi, trouble: Reply
) -> None:
    api.trouble = trouble

    with pytest.raises(UnavailableError):
        feed_to(api.url, timeout_seconds=0.5).post(CONNECTION, "{}")

    assert len(api.requests) == 1


def test_post_raises_unavailable_when_api_gateway_is_out_of_reach() -> None:
    with pytest.raises(UnavailableError):
        feed_to(NOWHERE).post(CONNECTION, "{}")


def test_post_is_one_request_to_the_connection_when_it_is_open(
    feed: ApiGatewayStatusFeed, api: ManagementApi
) -> None:
    api.open(CONNECTION)

    feed.post(CONNECTION, "{}")

    assert [r.target for r in api.requests] == [f"{CONNECTIONS}L0SM9cOFvHcCIhw%3D"]
