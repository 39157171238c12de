"""Connections that refuse what is posted to them."""

from collections import defaultdict
from dataclasses import dataclass, field

from chalicelib.adapters.memory.ports import MemoryClock, MemoryStatusFeed
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from tests.world import World

BUSY = UnavailableError("429")


@dataclass(slots=True)
class RefusingFeed(MemoryStatusFeed):
    """Raises what stands in `refusals` for a connection, one for each post, then posts."""

    refusals: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))

    def post(self, connection_id: str, frame: str) -> None:
        if self.refusals[connection_id]:
            raise self.refusals[connection_id].pop(0)
        # Not super(): slots make this another class than the one the method closed over.
        MemoryStatusFeed.post(self, connection_id, frame)


@dataclass(slots=True)
class HangingFeed(MemoryStatusFeed):
    """Lets posts to connections called `hanging …` run into their timeout of two seconds."""

    clock: MemoryClock = field(kw_only=True)

    def post(self, connection_id: str, frame: str) -> None:
        if connection_id.startswith("hanging"):
            self.clock.sleep(2)
            raise BUSY
        MemoryStatusFeed.post(self, connection_id, frame)


def world_with_followers(*connection_ids: str) -> tuple[World, RefusingFeed, OrderId]:
    """A world with one pending order; the connections follow it and have seen its first event."""
    feed = RefusingFeed()
    world = World(feed=feed)
    order_id = world.submit()
    for connection_id in connection_ids:
        world.connect(connection_id, order_id)
    world.publish()
    world.journal.clear()
    return world, feed, order_id
