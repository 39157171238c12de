"""What arrives over a stream, and the protocol of those who observe it."""

from enum import StrEnum
from typing import Any, Protocol

Document = dict[str, Any]


class Status(StrEnum):
    """The statuses of an order. Those of documents are plain strings, and equal to these."""

    OPEN = "open"
    PENDING = "pending"
    ROUTING = "routing"
    BUILDING = "building"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    COMPLETED = "completed"


# No event follows one of these.
FINAL_STATUSES = frozenset(
    {Status.CONFIRMED, Status.FAILED, Status.CANCELLED, Status.EXPIRED, Status.COMPLETED}
)


class Observer(Protocol):
    """Is called for every connection and every event, before events are sorted and deduplicated."""

    def connection_opened(self) -> None:
        """Note that a WebSocket was opened."""

    def connection_broke(self) -> None:
        """Note that a WebSocket failed; unless they fail again and again, another is opened."""

    def event_received(self, event: Document) -> None:
        """Note an event: it may be a repeated one, or one after a hole."""
