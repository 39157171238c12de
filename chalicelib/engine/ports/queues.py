"""The ways to the worker and to the publisher."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.domain.orders.events import Pack
from chalicelib.engine.messages import ExecuteOrder, FollowRequest, UnfollowRequest


class OrderQueue(Protocol):
    """The way to the worker. Raises UnavailableError when a message could not be handed over."""

    def enqueue(self, messages: Sequence[ExecuteOrder], *, delay_seconds: int = 0) -> None:
        """Queue the orders for execution."""

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        """Hide received messages from other consumers for `seconds` from now."""

    def check(self) -> None:
        """Raise UnavailableError unless the queue answers."""


class StatusQueue(Protocol):
    """The ordered way to the publisher: one order's messages are taken one after the other, and a
    message sent twice within minutes is delivered once."""

    def announce(self, packs: Sequence[Pack]) -> None:
        """Queue each pack for its order's followers in one message. Raises UnavailableError.

        Only the very same pack counts as sent already: no two packs of an order that are not equal
        may share an event, or followers see that event twice.
        """

    def request_follow(self, request: FollowRequest) -> None:
        """Queue a follow request behind what the order's followers are still to see."""

    def request_unfollow(self, request: UnfollowRequest) -> None:
        """Queue the end of a subscription behind what its follower is still to see."""

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        """Hide received messages from other consumers for `seconds` from now."""
