"""Both ends of the queues under test, and a SQS that refuses messages on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from botocore.client import BaseClient

Port = TypeVar("Port")
Message = TypeVar("Message")
Fields = dict[str, Any]


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


class Batches:
    """The batches that a client sends, and the entries of them that SQS shall refuse."""

    def __init__(self, client: BaseClient) -> None:
        self.sent: list[list[Fields]] = []
        self._refused: list[set[int]] = []
        events = client.meta.events
        events.register("provide-client-params.sqs.SendMessageBatch", self._withhold)
        events.register("before-call.sqs.SendMessageBatch", self._answer_empty)
        events.register("after-call.sqs.SendMessageBatch", self._report)

    def refuse(self, *positions: set[int]) -> None:
        """Refuse the entries at these positions, a set for each of the next batches."""
        self._refused = list(positions)

    def _withhold(self, params: Fields, context: Fields, **_: object) -> Fields:
        self.sent.append(params["Entries"])
        refused = self._refused.pop(0) if self._refused else set()
        context["refused"] = [e for i, e in enumerate(params["Entries"]) if i in refused]
        return params | {"Entries": [e for e in params["Entries"] if e not in context["refused"]]}

    def _answer_empty(self, context: Fields, **_: object) -> tuple[object, Fields] | None:
        whole_batch = context["refused"] == self.sent[-1]
        return (SimpleNamespace(status_code=200), {}) if whole_batch else None

    def _report(self, parsed: Fields, context: Fields, **_: object) -> None:
        failed = [
            {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
            for entry in context["refused"]
        ]
        parsed["Failed"] = parsed.get("Failed", []) + failed
