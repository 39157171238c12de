"""An order that is followed: which of its events have arrived, and when to request more."""

import json
import math
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

# An order without a new event for so long is requested again, after twice as long each time: when
# the last frame was lost, no later one shows the hole.
SILENCE_SECONDS = 15.0
SILENCE_SECONDS_MAX = 240.0


@dataclass(slots=True)
class Subscription:
    """What a connection knows of one order. Times are those of the event loop's clock."""

    order_id: str
    #: The order's `streamUrl`, with its ticket if the service gave one.
    stream_url: str
    #: The sequence of the last event that was handed on.
    after: int = 0
    silence_seconds: float = field(default_factory=lambda: SILENCE_SECONDS)
    #: When to request the order again; never, while a request is queued.
    request_at: float = math.inf
    #: `after` as it was when the open WebSocket was last asked to fill a hole; -1 if it was not.
    hole_requested_after: int = -1
    #: Whether to ask for frames of several events.
    takes_batches: bool = True
    #: How often the service has refused the order since its last new event.
    refusals: int = 0

    @property
    def connect_url(self) -> str:
        """The URL of a WebSocket that begins with the first event that is missing."""
        after = f"&after={self.after}" if self.after else ""
        return f"{self.stream_url}{after}&batch=1"

    def subscribe_frame(self) -> str:
        """Return the frame that requests the missing events on an open WebSocket."""
        frame: dict[str, object] = {"action": "subscribe", "orderId": self.order_id}
        frame["after"] = self.after
        if self.takes_batches:
            frame["batch"] = True
        for ticket in parse_qs(urlsplit(self.stream_url).query).get("ticket", []):
            frame["ticket"] = ticket
        return json.dumps(frame)

    def shows_new_hole(self, sequence: int) -> bool:
        """Tell whether the event of that sequence shows a hole that was not requested yet.

        Events behind the hole may arrive before it is filled; they show it again.
        """
        is_new = sequence > self.after + 1 and self.after > self.hole_requested_after
        if is_new:
            self.hole_requested_after = self.after
        return is_new

    def extend_silence(self) -> None:
        """Double the time until the order is requested again, up to SILENCE_SECONDS_MAX."""
        self.silence_seconds = min(2 * self.silence_seconds, SILENCE_SECONDS_MAX)
