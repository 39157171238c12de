"""A queue as its consumer sees it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WAIT_SECONDS = 20
BATCH_MAX = 10
HIDDEN_SECONDS = 60

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Inbox:
    """Receives from one queue."""

    client: Any
    url: str

    def take(
        self,
        *,
        most: int = BATCH_MAX,
        hidden_seconds: int = HIDDEN_SECONDS,
        wait_seconds: int = 0,
    ) -> list[Message]:
        """Receive once."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
        )
        messages: list[Message] = answer.get("Messages", [])
        return messages

    def wait_for(self, count: int, *, hidden_seconds: int = HIDDEN_SECONDS) -> list[Message]:
        """Receive until there were so many, and leave them in flight."""
        return _collect(
            count,
            lambda most: self.take(most=most, hidden_seconds=hidden_seconds, wait_seconds=1),
        )

    def consume(self, count: int) -> list[Message]:
        """Receive until there were so many, and delete each batch before the next."""

        def take_and_delete(most: int) -> list[Message]:
            batch = self.take(most=most, wait_seconds=1)
            self.delete(batch)
            return batch

        return _collect(count, take_and_delete)

    def fail(self, times: int) -> list[int]:
        """Let the next message fail so often; returns its receive counts."""
        return [receive_count(self.wait_for(1, hidden_seconds=0)[0]) for _ in range(times)]

    def delete(self, messages: list[Message]) -> None:
        for message in messages:
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def release(self, messages: list[Message]) -> None:
        """Let them come again at once, as when they had failed."""
        for message in messages:
            self.client.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def count(self, name: str = "ApproximateNumberOfMessages") -> int:
        """One of the queue's own counts."""
        answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return int(answer["Attributes"][name])


def _collect(count: int, take: Callable[[int], list[Message]]) -> list[Message]:
    deadline = time.monotonic() + WAIT_SECONDS
    messages: list[Message] = []
    while len(messages) < count and time.monotonic() < deadline:
        messages += take(min(count - len(messages), BATCH_MAX))
    assert len(messages) == count, f"{len(messages)} messages of {count} came"
    return messages


def receive_count(message: Message) -> int:
    return int(message["Attributes"]["ApproximateReceiveCount"])


def bodies(messages: list[Message]) -> list[str]:
    return [message["Body"] for message in messages]
