"""Calls the functions of app.py as Lambda does, with events as AWS sends them."""

import base64
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import app
from tests.watched import WatchedDeployment
from tests.world import World

EVENTS_FOLDER = Path(__file__).parents[1] / "events"
ENOUGH_MS = 60_000

Event = dict[str, Any]


@cache
def _captured(name: str) -> Event:
    content: Event = json.loads((EVENTS_FOLDER / f"{name}.json").read_text())
    return content


def captured(name: str) -> Event:
    """An event of AWS, to change as the test likes."""
    return deepcopy(_captured(name))


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What the runtime says of the invocation."""

    remaining_ms: int = ENOUGH_MS
    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as API Gateway would send it."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Functions:
    """Every function of app.py, and the world it was deployed into."""

    world: World

    def deploy(self, **parts: Any) -> None:
        """Deploy the functions anew with these parts of the deployment exchanged."""
        deployment = WatchedDeployment(self.world)
        for name, part in parts.items():
            setattr(deployment, name, part)
        app.deployment = deployment

    def post(self, body: str | bytes | None, *, headers: Mapping[str, str] | None = None) -> Answer:
        """POST /api/orders/execute."""
        event = captured("http_post")
        event["body"] = body
        if isinstance(body, bytes):
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        if headers is not None:
            event["headers"] = dict(headers)
        return self.http(event)

    def get(
        self,
        resource: str,
        *,
        query: Mapping[str, str] | None = None,
        path: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET the resource."""
        event = captured("http_get")
        event["headers"] = {**(event["headers"] or {}), **(headers or {})}
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        event["resource"] = event["requestContext"]["resourcePath"] = resource
        event["pathParameters"] = path
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = query and {k: [v] for k, v in query.items()}
        return self.http(event)

    def http(self, event: Event) -> Answer:
        """Invoke the HTTP function."""
        answer = app.app(event, LambdaContext())
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def connect(
        self, query: Mapping[str, str] | None, *, headers: Mapping[str, str] | None = None
    ) -> Event:
        """Invoke $connect with that query."""
        event = captured("websocket_connect")
        event["headers"] |= headers or {}
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = query and {k: [v] for k, v in query.items()}
        answer: Event = app.connect(event, LambdaContext())
        return answer

    def message(self, body: str, *, message_id: str = "XPQF4cDhIAMCJ-w=") -> Event:
        """Invoke $default with a frame."""
        event = captured("websocket_message") | {"body": body}
        event["requestContext"]["messageId"] = message_id
        answer: Event = app.message(event, LambdaContext())
        return answer

    def say(self, message_id: str = "XPQF4cDhIAMCJ-w=", **frame: object) -> Event:
        """Invoke $default with a frame of these fields."""
        return self.message(json.dumps(frame), message_id=message_id)

    def execute(self, event: Event, *, remaining_ms: int = ENOUGH_MS) -> list[str]:
        """Invoke the worker and return the message ids that it reports as failed."""
        return _failures(app.execute(event, LambdaContext(remaining_ms)))

    def rescue(self, event: Event) -> list[str]:
        """Invoke the dead-letter queue's consumer and return what stays there."""
        return _failures(app.rescue(event, LambdaContext()))

    def publish(self, event: Event) -> list[str]:
        """Invoke the publisher and return the message ids that it reports as failed."""
        return _failures(app.publish(event, LambdaContext()))

    def sweep(self) -> None:
        """Let a minute pass on the schedule."""
        app.sweep(captured("schedule"), LambdaContext())


def batch(name: str, bodies: Sequence[str]) -> Event:
    """A captured batch with these bodies; the n-th message has the id `message n`."""
    record = captured(name)["Records"][0]
    return {
        "Records": [
            record | {"messageId": f"message {n}", "body": body} for n, body in enumerate(bodies)
        ]
    }


def _failures(answer: Event) -> list[str]:
    assert answer.keys() == {"batchItemFailures"}
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
