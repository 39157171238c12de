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
# A connection that goes is taken off so many orders at once; the rest expires, or is found gone
# with the next event.
FORGOTTEN_ORDERS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A connection that watches an order; it has seen everything up to `replayed_through`."""

    connection_id: str
    replayed_through: int
    connected_at: datetime


class FollowerStore(Protocol):
    """Who watches what. Entries expire by themselves."""

    def register_connection(self, connection_id: str, order_ids: Sequence[OrderId]) -> None:
        """Remember an open connection and what it follows."""

    def add_subscription(self, connection_id: str, order_id: OrderId) -> None:
        """Remember that a registered connection follows one more order, or one of its own again.

        Raises ConnectionGoneError when it is not registered (any more), TooManySubscriptionsError
        after SUBSCRIPTIONS_MAX, those it was registered with included.
        """

    def add_follower(self, order_id: OrderId, follower: Follower) -> None:
        """Let the connection receive the order's events from now on."""

    def remove_follower(self, order_id: OrderId, connection_id: str) -> None:
        """Let the connection receive no more of the order's events."""

    def followers(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Follower]]:
        """Return the followers of each order in one read."""

    def forget_connection(self, connection_id: str, *, following: Sequence[OrderId] = ()) -> None:
        """Forget the connection and what it follows, FORGOTTEN_ORDERS_MAX orders at most.

        `following` are orders that the caller knows it follows: it may have been forgotten before
        its follow request was read.
        """

    def check(self) -> None:
        """Raise UnavailableError unless the store answers."""


class StatusFeed(Protocol):
    """The way to one connection."""

    def post(self, connection_id: str, frame: str) -> None:
        """Send one frame. Raises ConnectionGoneError, FrameRefusedError, or UnavailableError when
        it may be tried again."""
