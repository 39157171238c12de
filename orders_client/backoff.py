"""How often to try, and how long to wait in between."""

import asyncio
import random
from dataclasses import dataclass, field

RECONNECTS_MAX = 20
# Doubled each time it fails, and half of it random: many followers must not come at once.
RECONNECT_SECONDS = 0.2
RECONNECT_SECONDS_MAX = 5.0


@dataclass(slots=True)
class Patience:
    """How often a line broke since it last had news, and how long to wait for the next."""

    breaks: int = 0
    pause_seconds: float = field(default_factory=lambda: RECONNECT_SECONDS)

    @property
    def is_at_end(self) -> bool:
        """It broke again and again."""
        return self.breaks >= RECONNECTS_MAX

    def renew(self) -> None:
        """There is news: start anew."""
        self.breaks, self.pause_seconds = 0, RECONNECT_SECONDS

    async def pause(self) -> None:
        """Wait before the next connection."""
        await asyncio.sleep(self.pause_seconds * random.uniform(0.5, 1))

    async def retry(self) -> None:
        """Wait after a break, longer each time."""
        self.breaks += 1
        await self.pause()
        self.pause_seconds = min(2 * self.pause_seconds, RECONNECT_SECONDS_MAX)
