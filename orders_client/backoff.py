"""How long to wait before the next connection, and when to stop trying."""

import asyncio
import random
from dataclasses import dataclass, field

RECONNECTS_MAX = 20
# Doubled with each failure, and half of it random: many followers must not reconnect at once.
RECONNECT_SECONDS = 0.2
RECONNECT_SECONDS_MAX = 5.0


@dataclass(slots=True)
class Backoff:
    """Counts the failures since the last new event, and delays the next connection."""

    failures: int = 0
    delay_seconds: float = field(default_factory=lambda: RECONNECT_SECONDS)

    @property
    def is_exhausted(self) -> bool:
        """Tell whether RECONNECTS_MAX connections have failed without a new event."""
        return self.failures >= RECONNECTS_MAX

    def reset(self) -> None:
        """Forget the failures: a new event has arrived."""
        self.failures, self.delay_seconds = 0, RECONNECT_SECONDS

    async def wait(self) -> None:
        """Sleep for 50 to 100 % of the delay."""
        await asyncio.sleep(self.delay_seconds * random.uniform(0.5, 1))

    async def wait_after_failure(self) -> None:
        """Count a failure, sleep, and double the delay for the next one."""
        self.failures += 1
        await self.wait()
        self.delay_seconds = min(2 * self.delay_seconds, RECONNECT_SECONDS_MAX)
