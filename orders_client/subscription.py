"""An order that is followed: how far its events have come, and when to ask for more."""

import json
import math
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

# Who hears nothing for so long asks again, twice as long each time: when the last frame was lost,
# no later one shows the hole.
SILENCE_SECONDS = 15.0
SILENCE_SECONDS_MAX = 240.0


@dataclass(slots=True)
class Subscription:
    """What a line knows of an order."""

    order_id: str
    url: str
    after: int = 0
    silence_seconds: float = field(default_factory=lambda: SILENCE_SECONDS)
    ask_at: float = math.inf
    # The sequence that stood here when this connection was asked to fill a hole.
    asked_after: int = -1
    # How often the service would not have it followed since the last event.
    refusals: int = 0

    @property
    def address(self) -> str:
        """Where a new connection starts."""
        return f"{self.url}&after={self.after}" if self.after else self.url

    def frame(self) -> str:
        """Ask for it on an open connection."""
        wanted = {"action": "subscribe", "orderId": self.order_id, "after": self.after}
        for ticket in parse_qs(urlsplit(self.url).query).get("ticket", []):
            wanted["ticket"] = ticket
        return json.dumps(wanted)

    def shows_hole(self, sequence: int) -> bool:
        """Tell whether that event shows a hole; what comes before it is filled shows it again."""
        is_hole = sequence > self.after + 1 and self.after > self.asked_after
        if is_hole:
            self.asked_after = self.after
        return is_hole

    def be_patient(self) -> None:
        """Let it be silent for longer."""
        self.silence_seconds = min(2 * self.silence_seconds, SILENCE_SECONDS_MAX)
