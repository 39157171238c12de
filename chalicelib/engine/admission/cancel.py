"""Cancel orders: at once while nothing is signed, else when what is signed can no longer land.

The worker that has the order in hand loses the race for its next move, and drops it. So whoever
moves an order from outside queues it: a worker tells its followers, and carries it on.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.domain.orders.lifecycle import cancel
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.dispatch import SWEEP_AFTER, dispatch
from chalicelib.engine.errors import AlreadyConfirmedError, AlreadyFinalError, UnavailableError
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderFilter, OrderStore
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.transition_log import log_transition

# An order moves a few times in its life; who loses against each of them tries no more.
TRIES_MAX = 5
# What one call cancels.
ORDERS_MAX = 100
_UNFINISHED = tuple(status for status in OrderStatus if not status.is_final)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledOrders:
    """What became of many: those that are cancelled, those whose transaction may land yet, and
    whether there are more that the filter names."""

    cancelled: Sequence[OrderId]
    requested: Sequence[OrderId]
    are_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """The use case behind POST /api/orders/{orderId}/cancel and POST /api/orders/cancel."""

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
            if order.status is OrderStatus.CANCELLED or order.cancel_requested:
                return order
            if order.status.is_final:
                raise AlreadyFinalError(order=order)
            if won := self._move([order]):
                return won[0]
        raise UnavailableError("the order moves too fast to be cancelled")

    def end_slices(self, parent: Order) -> Sequence[OrderId]:
        """Cancel the slice under way of a cancelled order over time, which can be signed no more;
        return it when it is signed already: then it runs to its end. Raises UnavailableError."""
        working = parent.progress.working if parent.progress else None
        for _ in range(TRIES_MAX if working else 0):
            assert working is not None
            order = self.store.get(working.order_id, parent.owner_id).order
            if order.status.is_final:
                return ()
            if order.transaction is not None:
                return (order.order_id,)
            self._move([order])
        return ()

    def cancel_many(self, wanted: OrderFilter) -> CancelledOrders:
        """Cancel the newest of an owner's orders that are wanted and not final, ORDERS_MAX at most.

        Those that are to be cancelled already are left out. Raises UnavailableError; doing it again
        is harmless.
        """
        statuses = _UNFINISHED if wanted.statuses is None else wanted.statuses
        unfinished = replace(
            wanted,
            statuses=[status for status in statuses if not status.is_final],
            cancel_requested=False,
        )
        found = [
            record.order for record in self.store.page(unfinished, limit=ORDERS_MAX + 1, after=None)
        ]
        orders = self._move(found[:ORDERS_MAX])
        orders += self._cancel_each(found[:ORDERS_MAX], {order.order_id for order in orders})
        for order in orders:
            self.end_slices(order)
        return CancelledOrders(
            cancelled=[o.order_id for o in orders if o.status is OrderStatus.CANCELLED],
            requested=[o.order_id for o in orders if o.status is not OrderStatus.CANCELLED],
            are_more=len(found) > ORDERS_MAX,
        )

    def _move(self, orders: Sequence[Order]) -> list[Order]:
        """Cancel the orders as they are, in one statement; return those that nobody else has moved
        meanwhile."""
        if not orders:
            return []
        now = self.clock.now()
        transitions = [cancel(order, at=now) for order in orders]
        moved = self.store.save(transitions, sweep_at=now + SWEEP_AFTER)
        won = [each for each in transitions if each.order.order_id in moved]
        for transition in won:
            log_transition(transition)
        dispatch(self.queue, moved)
        return [transition.order for transition in won]

    def _cancel_each(self, orders: Sequence[Order], moved: Collection[OrderId]) -> list[Order]:
        """Cancel those that somebody else has moved meanwhile, unless they are final by now."""
        cancelled: list[Order] = []
        for order in orders:
            if order.order_id not in moved:
                with suppress(AlreadyFinalError):
                    cancelled.append(self.cancel(order.order_id, order.owner_id))
        return cancelled
