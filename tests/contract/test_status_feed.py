"""What every StatusFeed does, and how API Gateway's answers are read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from chalicelib.adapters.aws.api_gateway import ApiGatewayStatusFeed
from chalicelib.adapters.memory.ports import MemoryStatusFeed
from chalicelib.engine.errors import ConnectionGoneError, FrameRefusedError, UnavailableError
from chalicelib.engine.ports.followers import StatusFeed

ENDPOINT = "https://feed.test/live"
CONNECTION = "L0SM9cOFvHcCIhw="


class Body(BytesIO):
    """A response's body as botocore reads it."""

    def stream(self, **_: object) -> Any:
        yield self.read()


@dataclass(slots=True)
class ManagementApi:
    """API Gateway's end: open connections take frames, all others are gone."""

    frames: dict[str, list[str]] = field(default_factory=dict)
    trouble: int | Exception | None = None
    requests: list[str] = field(default_factory=list)

    def open(self, connection_id: str) -> None:
        self.frames[connection_id] = []

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.requests.append(f"{request.method} {request.url}")
        connection_id = unquote(request.url.removeprefix(f"{ENDPOINT}/@connections/"))
        if isinstance(self.trouble, Exception):
            raise self.trouble
        status = self.trouble or (200 if connection_id in self.frames else 410)
        if status == 200:
            self.frames[connection_id].append(request.body.decode())
        return AWSResponse(request.url, status, {}, Body(b'{"message": "as asked"}'))


@dataclass(frozen=True, slots=True)
class Stage:
    """A feed, a way to open a connection, and the frames that it got."""

    feed: StatusFeed
    open: Callable[[str], None]
    frames: dict[str, list[str]]


@pytest.fixture
def api() -> ManagementApi:
    return ManagementApi()


@pytest.fixture
def client(aws_session: boto3.session.Session, api: ManagementApi) -> BaseClient:
    once = Config(retries={"total_max_attempts": 1})
    client = aws_session.client("apigatewaymanagementapi", endpoint_url=ENDPOINT, config=once)
    client.meta.events.register_first("before-send.apigatewaymanagementapi", api.answer)
    return client


@pytest.fixture(params=["memory", "api gateway"])
def stage(request: pytest.FixtureRequest) -> Stage:
    if request.param == "memory":
        memory = MemoryStatusFeed()
        return Stage(memory, memory.open, memory.frames)
    api = request.getfixturevalue("api")
    return Stage(ApiGatewayStatusFeed(request.getfixturevalue("client")), api.open, api.frames)


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
    client: BaseClient, api: ManagementApi, status: int
) -> None:
    api.open(CONNECTION)
    api.trouble = status

    with pytest.raises(UnavailableError):
        ApiGatewayStatusFeed(client).post(CONNECTION, "{}")

    assert api.frames == {CONNECTION: []}


def test_post_raises_refused_when_the_frame_is_too_large(
    client: BaseClient, api: ManagementApi
) -> None:
    api.open(CONNECTION)
    api.trouble = 413

    with pytest.raises(FrameRefusedError):
        ApiGatewayStatusFeed(client).post(CONNECTION, "{}")


@pytest.mark.parametrize(
    "trouble",
    [EndpointConnectionError(endpoint_url=ENDPOINT), ReadTimeoutError(endpoint_url=ENDPOINT)],
    ids=["no connection", "no answer"],
)
def test_post_raises_unavailable_when_api_gateway_is_out_of_reach(
    client: BaseClient, api: ManagementApi, trouble: Exception
) -> None:
    api.trouble = trouble

    with pytest.raises(UnavailableError):
        ApiGatewayStatusFeed(client).post(CONNECTION, "{}")

    assert len(api.requests) == 1


def test_post_is_one_request_to_the_connection_when_it_is_open(
    client: BaseClient, api: ManagementApi
) -> None:
    api.open(CONNECTION)

    ApiGatewayStatusFeed(client).post(CONNECTION, "{}")

    assert api.requests == [f"POST {ENDPOINT}/@connections/L0SM9cOFvHcCIhw%3D"]
