"""What a worker has in hand."""

import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.orders.events import Pack
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, SignedTransaction
from chalicelib.engine.execution.isolation import set_apart


@dataclass(slots=True)
class Batch:
    """The orders in hand: when each is due, what is still to be told, what went wrong with whom,
    and how often each was handed back since it last moved."""

    has_time: Callable[[], bool]
    agenda: list[tuple[datetime, OrderId]] = field(default_factory=list)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    unannounced: list[Pack] = field(default_factory=list)
    failed: set[OrderId] = field(default_factory=set)
    hand_backs: dict[OrderId, int] = field(default_factory=dict)

    def take_up(self, order: Order, due_at: datetime) -> None:
        """Carry on an order that was asked for, unless it has ended."""
        if not order.status.is_final:
            self.orders[order.order_id] = order
            heapq.heappush(self.agenda, (due_at, order.order_id))

    def keep(self, order: Order, due_at: datetime) -> None:
        """Step the order again then, unless it has come to rest."""
        if order.status is not OrderStatus.OPEN:
            self.take_up(order, due_at)

    def drop(self, order_ids: Collection[OrderId]) -> None:
        """Leave these orders to others."""
        if self.orders.keys().isdisjoint(order_ids):
            return
        for order_id in order_ids:
            self.orders.pop(order_id, None)
        self.agenda = [entry for entry in self.agenda if entry[1] in self.orders]
        heapq.heapify(self.agenda)

    def take_due(self, now: datetime) -> list[Order]:
        due = []
        while self.agenda and self.agenda[0][0] <= now:
            _, order_id = heapq.heappop(self.agenda)
            due.append(self.orders.pop(order_id))
        return due

    def signed(self, orders: Sequence[Order]) -> list[tuple[Order, SignedTransaction]]:
        """Return the orders with what they have signed; one that has nothing is set apart."""
        signed = []
        for order in orders:
            with set_apart(order.order_id, self.failed):
                if order.transaction is None:
                    raise RuntimeError(f"order {order.order_id} is {order.status} but not signed")
                signed.append((order, order.transaction))
        return signed
