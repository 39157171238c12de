"""A connection that watches orders: what is known of it, and what can be wrong with it."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import OrderError, RejectedError

# In a connection's whole life, one taken again included: each may cost a replay.
SUBSCRIPTIONS_MOST = 1_000
# A connection that goes is taken off so many orders at once; the rest expires, or is found gone
# with the next event.
FORGOTTEN_ORDERS_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A connection that watches an order; it has seen everything up to `replayed_through`."""

    connection_id: str
    replayed_through: int
    connected_at: datetime


class ConnectionGoneError(OrderError):
    """The connection is not open (any more, or yet)."""

    code = "CONNECTION_GONE"


class TooManySubscriptionsError(RejectedError):
    """A connection can subscribe 1000 times in its life."""

    code = "TOO_MANY_SUBSCRIPTIONS"


class FrameRefusedError(OrderError):
    """The frame cannot be sent to anybody, now or later."""

    code = "FRAME_REFUSED"
