"""Hand orders to the workers. A message that is lost on the way costs time, not an order: whoever
dispatches an order has stored it before, so that the sweep finds it."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.queues import OrderQueue

log = logging.getLogger(__name__)

# When the sweep looks after an order that its owner has moved, unless it has moved on by then.
SWEEP_AFTER = timedelta(seconds=10)


def dispatch(queue: OrderQueue, announced_through: Mapping[OrderId, int]) -> bool:
    """Queue the orders, if there are any, each with the sequence up to which its events need not be
    announced; False when the queue is away: they are left to the sweep, and the log names them."""
    if not announced_through:
        return True
    try:
        queue.enqueue(
            [ExecuteOrder(order_id=i, announced_through=n) for i, n in announced_through.items()]
        )
    except UnavailableError as error:
        order_ids = [*announced_through]
        log.warning("enqueue_failed", extra={"order_ids": order_ids, "reason": error.detail})
        return False
    return True
