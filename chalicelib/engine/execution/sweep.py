"""Put orders back on the queue that should have moved and have not: those accepted while the queue
was away, and those whose worker is gone."""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.engine.limits import KEYS_KEPT
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """The use case behind the schedule; one run queues at most `pages_max` pages of orders.

    An order that still stands still is queued again only `again_after` the last time: a long
    backlog must not grow by it.
    """

    store: OrderStore
    queue: OrderQueue
    clock: Clock
    stale_after: timedelta = timedelta(seconds=30)
    again_after: timedelta = timedelta(minutes=3)
    page_max: int = 100
    pages_max: int = 10

    def prune(self) -> int:
        """Forget idempotency keys that are old enough, and return how many."""
        before = self.clock.now() - KEYS_KEPT
        return self.store.prune_keys(before=before, limit=self.page_max * self.pages_max)

    def sweep(self) -> int:
        """Queue the stale orders and return how many there were."""
        swept = 0
        for _ in range(self.pages_max):
            page = self._sweep_page()
            swept += page
            if page < self.page_max:
                break
        return swept

    def _sweep_page(self) -> int:
        now = self.clock.now()
        stale = self.store.stale(due_before=now - self.stale_after, now=now, limit=self.page_max)
        if stale:
            # In this order: queued twice is harmless, not at all is not.
            self.queue.enqueue(
                [ExecuteOrder(order_id=i, announced_through=n) for i, n in stale.items()]
            )
            self.store.schedule_sweep([*stale], at=now + self.again_after)
        return len(stale)
