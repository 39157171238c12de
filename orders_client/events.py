"""What goes over a stream, and who may look on."""

from typing import Any, Protocol

Document = dict[str, Any]

FINAL = frozenset({"confirmed", "failed"})


class Witness(Protocol):
    """Is told of every connection, and of every event as it came, repeated or after a hole."""

    def connected(self) -> None:
        """A connection was opened."""

    def saw(self, event: Document) -> None:
        """This came in."""
