"""What arrives over a stream, and the protocol of those who observe it."""

from typing import Any, Protocol

Document = dict[str, Any]

FINAL = frozenset({"confirmed", "failed"})


class Observer(Protocol):
    """Is called for every connection and every event, before events are sorted and deduplicated."""

    def connection_opened(self) -> None:
        """Note that a WebSocket was opened."""

    def event_received(self, event: Document) -> None:
        """Note an event: it may be a repeated one, or one after a hole."""
