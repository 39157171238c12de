"""Let a connection follow orders: check that they exist, and queue each request behind the events
that are on their way. A connection that closes says nothing: the next post finds it gone."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.messages import FollowRequest, UnfollowRequest
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.followers import FollowerStore
from chalicelib.engine.ports.queues import StatusQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """The use cases behind a WebSocket. An order that `is_known` to be the owner's is not looked
    up; of any other OrderNotFoundError is raised unless it is."""

    clock: Clock
    exists: Callable[[OrderId, OwnerId], bool]
    followers: FollowerStore
    status_queue: StatusQueue

    def connect(self, request: FollowRequest, owner_id: OwnerId, *, is_known: bool = False) -> None:
        """Start following an order of the owner's. Raises OrderNotFoundError, which refuses the
        connection."""
        self._require(request.order_id, owner_id, is_known=is_known)
        # A cold start may have taken seconds, and the handshake still ends after this.
        self.status_queue.request_follow(replace(request, connected_at=self.clock.now()))

    def subscribe(
        self, request: FollowRequest, owner_id: OwnerId, *, is_known: bool = False
    ) -> None:
        """Follow one more order, or replay one again.

        Raises OrderNotFoundError and TooManySubscriptionsError.
        """
        self._require(request.order_id, owner_id, is_known=is_known)
        self.followers.count_subscription(request.connection_id)
        self.status_queue.request_follow(request)

    def unsubscribe(
        self, request: UnfollowRequest, owner_id: OwnerId, *, is_known: bool = False
    ) -> None:
        """Stop following one order; harmless if it is not followed. Raises OrderNotFoundError."""
        self._require(request.order_id, owner_id, is_known=is_known)
        self.status_queue.request_unfollow(request)

    def _require(self, order_id: OrderId, owner_id: OwnerId, *, is_known: bool) -> None:
        if not is_known and not self.exists(order_id, owner_id):
            raise OrderNotFoundError
