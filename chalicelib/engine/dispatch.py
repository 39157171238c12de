"""Hand orders to the workers. A message that is lost on the way costs time, not an order: whoever
dispatches an order has stored it before, so that the sweep finds it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import is_resting_limit
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.book import WatchBook
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.transition_log import log_transition

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """Hands new orders to whoever carries them on: the workers, or a watcher."""

    queue: OrderQueue
    book: WatchBook
    start_watcher: Callable[[], None]

    def introduce(self, orders: Sequence[Order], *, overtaken: Sequence[OrderId] = ()) -> bool:
        """Queue these orders, unless all that they can do is wait, and those that they have
        overtaken; False when the queue is away."""
        ready = [
            order.order_id
            for order in orders
            if order.status is OrderStatus.PENDING or is_resting_limit(order.terms)
        ]
        # Whoever connects hears the first event.
        is_queued = dispatch(self.queue, dict.fromkeys([*ready, *overtaken], 1))
        if any(order.status is OrderStatus.OPEN for order in orders):
            self._let_watch()
        return is_queued

    def introduce_children(self, transitions: Sequence[Transition]) -> None:
        """Hand on the orders that were accepted with these; the sweep finds what is not queued."""
        children = [child for transition in transitions for child in transition.children]
        for child in children:
            log_transition(child)
        if children:
            self.introduce([child.order for child in children])

    def _let_watch(self) -> None:
        """Let somebody watch what orders wait for; the schedule does when this cannot."""
        try:
            # Read after the orders were stored: a watcher that ends looks once more after that.
            if not self.book.state().is_watched:
                self.start_watcher()
        except UnavailableError as error:
            log.warning("start_watcher_failed", extra={"reason": error.detail})
