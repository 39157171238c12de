"""Put orders back on the queue that should have moved and have not: those accepted while the queue
was away, and those whose worker is gone."""

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports import Clock, OrderQueue, OrderStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    """The use case behind the schedule; one run queues at most `page_most` orders."""

    store: OrderStore
    queue: OrderQueue
    clock: Clock
    stale_after: timedelta = timedelta(seconds=60)
    page_most: int = 100

    def sweep(self) -> int:
        """Queue the stale orders and return how many there were."""
        before = self.clock.now() - self.stale_after
        stale = self.store.stale(before=before, limit=self.page_most)
        self.queue.enqueue([ExecuteOrder(order_id=order_id) for order_id in stale])
        return len(stale)
