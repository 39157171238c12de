"""Time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
