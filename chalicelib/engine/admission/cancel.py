"""Cancel an order: at once while nothing is signed, else when what is signed can no longer land.

The worker that has the order in hand loses the race for its next move, and drops it. So whoever
moves an order from outside queues it: a worker tells its followers, and carries it on.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.orders.lifecycle import cancel
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.errors import AlreadyConfirmedError, AlreadyFinalError, UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)

# An order moves a few times in its life; who loses against each of them tries no more.
TRIES_MAX = 5
# When the sweep looks after an order whose message may have been lost.
SWEEP_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """The use case behind POST /api/orders/{orderId}/cancel."""

    store: OrderStore
    queue: OrderQueue
    clock: Clock

    def cancel(self, order_id: OrderId, owner_id: OwnerId) -> Order:
        """Return the order: cancelled, or with `cancel_requested` when it may be confirmed yet.

        Doing it again changes nothing. Raises OrderNotFoundError, AlreadyConfirmedError,
        AlreadyFinalError, UnavailableError.
        """
        for _ in range(TRIES_MAX):
            order = self.store.get(order_id, owner_id).order
            if order.status is OrderStatus.CONFIRMED:
                raise AlreadyConfirmedError(order=order)
            if order.status is OrderStatus.FAILED:
                raise AlreadyFinalError(order=order)
            if order.status is OrderStatus.CANCELLED or order.cancel_requested:
                return order
            now = self.clock.now()
            transition = cancel(order, at=now)
            if self.store.save([transition], sweep_at=now + SWEEP_AFTER):
                log_transition(transition)
                self._enqueue(order_id)
                return transition.order
        raise UnavailableError("the order moves too fast to be cancelled")

    def _enqueue(self, order_id: OrderId) -> None:
        try:
            self.queue.enqueue([ExecuteOrder(order_id=order_id)])
        except UnavailableError as error:
            # It is durable: the sweep queues it.
            log.warning("enqueue_failed", extra={"order_id": order_id, "reason": error.detail})
