"""Connections that watch orders: who follows what, and the way to each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.orders.order import (
    OrderId,
)

# In a connection's whole life, one taken again included: each may cost a replay.
SUBSCRIPTIONS_MAX = 1_000
# Of one order. Who has gone stands among them until the next event, or until it expires: one more
# takes the place of the one that has been connected longest.
FOLLOWERS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A connection that watches an order; it has seen everything up to `replayed_through`, and
    `takes_batches` of events in one frame or one event at a time."""

    connection_id: str
    replayed_through: int
    connected_at: datetime
    takes_batches: bool = False


class FollowerStore(Protocol):
    """Who watches what. Entries expire by themselves."""

    def count_subscription(self, connection_id: str) -> None:
        """Count that a connection asks to follow one more order, or one of its own again.

        Raises TooManySubscriptionsError after SUBSCRIPTIONS_MAX, the order that it was opened with
        included.
        """

    def add_follower(self, order_id: OrderId, follower: Follower) -> None:
        """Let the connection receive the order's events from now on."""

    def remove_follower(self, order_id: OrderId, connection_id: str) -> None:
        """Let the connection receive no more of the order's events."""

    def followers(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Follower]]:
        """Return the followers of each order in one read."""

    def check(self) -> None:
        """Raise UnavailableError unless the store answers."""


class StatusFeed(Protocol):
    """The way to one connection."""

    def post(self, connection_id: str, frame: str) -> None:
        """Send one frame. Raises ConnectionGoneError, FrameRefusedError, or UnavailableError when
        it may be tried again."""
