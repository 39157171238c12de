"""Let a connection follow an order: check that it exists, remember the connection, and queue the
request behind the events that are on their way."""

from dataclasses import dataclass

from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.engine.messages import FollowRequest
from chalicelib.engine.ports import FollowerStore, OrderStore, StatusQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """The use cases behind a WebSocket's connect and disconnect."""

    store: OrderStore
    followers: FollowerStore
    status_queue: StatusQueue

    def connect(self, request: FollowRequest, owner_id: OwnerId = ANONYMOUS) -> None:
        """Start following an order of the owner's. Raises OrderNotFoundError, which refuses the
        connection."""
        if not self.store.exists(request.order_id, owner_id):
            raise OrderNotFoundError
        self.followers.register_connection(request.connection_id, [request.order_id])
        self.status_queue.request_follow(request)

    def disconnect(self, connection_id: str) -> None:
        """Stop following everything."""
        self.followers.forget_connection(connection_id)
