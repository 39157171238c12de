"""The deployed artifact on the local stack, as a client outside sees it."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from websockets.sync.client import ClientConnection, connect

from infra.local.description import Description
from infra.local.stack import LocalStack

FINAL = ("confirmed", "failed")
FRAME_SECONDS = 30
# The statuses of an order that meets no trouble.
STATUSES = ["pending", "routing", "building", "submitted", "confirmed"]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    document: Any


@dataclass(frozen=True)
class Outside:
    """A client with nothing but the standard library and a plain WebSocket."""

    description: Description

    @property
    def base_url(self) -> str:
        return self.description.base_url

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        names = {"content_type": "Content-Type", "if_match": "If-Match"}
        request = Request(
            self.base_url + path,
            data=body,
            method=method,
            headers={names[name]: value for name, value in headers.items()},
        )
        try:
            with urlopen(request, timeout=30) as answer:
                return _answer(answer.status, answer)
        except HTTPError as refusal:
            return _answer(refusal.code, refusal)

    def post_order(self, **fields: Any) -> Answer:
        order = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.0} | fields
        return self.call(
            "POST",
            "/api/orders/execute",
            json.dumps(order).encode(),
            content_type="application/json",
        )

    def submit(self, **fields: Any) -> dict[str, Any]:
        answer = self.post_order(**fields)
        assert answer.status == 202, answer.document
        return answer.document

    def connect(self, url: str) -> AbstractContextManager[ClientConnection]:
        return connect(url, open_timeout=30, max_size=None)

    def follow(self, order: dict[str, Any], *, after: int = 0) -> list[dict[str, Any]]:
        """Return the frames up to the final one."""
        suffix = f"&after={after}" if after else ""
        frames = []
        with self.connect(order["streamUrl"] + suffix) as socket:
            while not frames or frames[-1]["data"]["status"] not in FINAL:
                frames.append(json.loads(socket.recv(timeout=FRAME_SECONDS)))
        return frames

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.description.database_url) as connection:
            return connection.execute(statement).fetchall()


def _answer(status: int, raw: Any) -> Answer:
    body = raw.read()
    is_json = "json" in raw.headers.get("Content-Type", "")
    return Answer(status, dict(raw.headers), json.loads(body) if is_json else body.decode())


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("stack")
    with LocalStack(folder, parameters={"LatencyMs": "400-600"}) as running:
        yield running


@pytest.fixture(scope="session")
def outside(stack: LocalStack) -> Outside:
    return Outside(stack.description)
