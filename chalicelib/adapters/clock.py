"""Time as the operating system tells it."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The Clock port of a running process."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
