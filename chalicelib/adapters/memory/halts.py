"""The in-memory twin of the halt switch."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.domain.orders.order import OrderStatus


@dataclass(slots=True)
class MemoryHaltSwitch:
    """The HaltSwitch port over a MemoryOrderStore, which looks at it."""

    store: MemoryOrderStore

    def halted_since(self) -> datetime | None:
        return self.store.halted_since

    def halt(self, at: datetime) -> datetime:
        self.store.halted_since = self.store.halted_since or at
        return self.store.halted_since

    def resume(self, at: datetime) -> bool:
        was_halted, self.store.halted_since = self.store.halted_since is not None, None
        if was_halted:
            orders = self.store.orders.values()
            standing = [o.order_id for o in orders if o.status is OrderStatus.ROUTING]
            self.store.schedule_sweep(standing, at=at)
        return was_halted
