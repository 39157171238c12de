"""Both ends of the queues under test, and a SQS that refuses messages on demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.domain.orders.events import OrderEvent, Pack
from chalicelib.engine.messages import FollowRequest, StatusUpdate, UnfollowRequest
from tests.contract.samples import START, order_id

Port = TypeVar("Port")
Message = TypeVar("Message")
Fields = dict[str, Any]
REQUEST_IDS = ["1", "L0SM9cOFvHcCIhw=", "a-b+c/d_e", "x" * 32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Generic[Port, Message]):
    """A queue as its sender sees it, and what its receiver finds."""

    port: Port
    take: Callable[[], list[Message]]


def drain(messages: Any) -> list[Any]:
    """Take everything out of a collection."""
    return [messages.popleft() for _ in range(len(messages))]


def receive_all(client: BaseClient, queue_url: str) -> list[Fields]:
    """Take and delete whatever is visible, first to last."""
    received: list[Fields] = []
    while True:
        answer = client.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        if not messages:
            return received
        for message in messages:
            client.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        received += messages


def follow(number: int = 1, request_id: str = "request", after: int = 0) -> FollowRequest:
    return FollowRequest(
        request_id=request_id,
        connection_id="L0SM9cOFvHcCIhw=",
        order_id=order_id(number),
        after=after,
        connected_at=START + timedelta(microseconds=7),
    )


def unfollow(number: int = 1, request_id: str = "request") -> UnfollowRequest:
    return UnfollowRequest(
        request_id=request_id, connection_id="L0SM9cOFvHcCIhw=", order_id=order_id(number)
    )


def alone(events: Sequence[OrderEvent]) -> list[Pack]:
    """Each event in a pack of its own."""
    return [(e,) for e in events]


def updates(events: Sequence[OrderEvent]) -> list[StatusUpdate]:
    return [StatusUpdate(events=pack) for pack in alone(events)]


class Batches:
    """The batches that a client sends, and the entries of them that SQS shall refuse."""

    def __init__(self, client: AwsClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[list[Fields]] = []
        self._refused: list[set[int]] = []
        self._call = client.call
        monkeypatch.setattr(client, "call", self._withhold)

    def refuse(self, *positions: set[int]) -> None:
        """Refuse the entries at these positions, a set for each of the next batches."""
        self._refused = list(positions)

    def _withhold(self, operation: str, arguments: Fields) -> Fields:
        entries = arguments["Entries"]
        self.sent.append(entries)
        positions = self._refused.pop(0) if self._refused else set()
        taken = [entry for i, entry in enumerate(entries) if i not in positions]
        answer = self._call(operation, arguments | {"Entries": taken}) if taken else {}
        failed = [
            {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
            for entry in entries
            if entry not in taken
        ]
        return answer | {"Failed": answer.get("Failed", []) + failed}
