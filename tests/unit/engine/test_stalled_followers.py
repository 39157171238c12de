"""Who takes nothing holds up nobody else."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from chalicelib.adapters.memory.ports import MemoryClock, MemoryStatusFeed
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.streaming.publish import PATIENCE, REST
from tests.unit.feeds import BUSY
from tests.world import World


@dataclass(slots=True)
class HoldingFeed(MemoryStatusFeed):
    """Lets posts to the connections in `stalled` run into their timeout of two seconds, and writes
    down when the others got theirs."""

    clock: MemoryClock = field(kw_only=True)
    stalled: set[str] = field(default_factory=set)
    tried: list[str] = field(default_factory=list)
    posted_at: dict[str, list[datetime]] = field(default_factory=dict)

    def post(self, connection_id: str, frame: str) -> None:
        self.tried.append(connection_id)
        if connection_id in self.stalled:
            self.clock.sleep(2)
            raise BUSY
        MemoryStatusFeed.post(self, connection_id, frame)
        self.posted_at.setdefault(connection_id, []).append(self.clock.now())


def world_of(*connection_ids: str) -> tuple[World, HoldingFeed, OrderId]:
    """A world whose one order the connections follow; the batch with its four moves in two
    messages is queued."""
    clock = MemoryClock()
    feed = HoldingFeed(clock=clock)
    world = World(clock=clock, feed=feed)
    order_id = world.submit()
    for connection_id in connection_ids:
        world.connect(connection_id, order_id)
    world.publish()
    world.run()
    feed.tried.clear()
    feed.posted_at.clear()
    return world, feed, order_id


@pytest.mark.parametrize("stalled", [1, 12])
def test_batch_waits_two_seconds_once_when_connections_take_nothing(stalled: int) -> None:
    names = [f"stalled {number}" for number in range(stalled)]
    world, feed, _ = world_of(*names, "one", "two")
    feed.stalled.update(names)
    now = world.clock.now()

    failed = world.publish_batch()

    assert failed == []
    assert feed.posted_at["one"] == feed.posted_at["two"] == [now] * 2 + [now + PATIENCE] * 2
    assert world.clock.now() - now == PATIENCE


def test_followers_of_other_orders_wait_for_nobody_when_a_connection_takes_nothing() -> None:
    world, feed, _ = world_of("stalled")
    other = world.submit()
    world.connect("other", other)
    feed.stalled.add("stalled")
    now = world.clock.now()

    world.publish_batch()
    world.run()
    world.publish_batch()

    assert feed.posted_at["other"][0] == now
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_followers_of_other_orders_wait_for_nobody_when_a_handshake_takes_long() -> None:
    world, feed, _ = world_of("other")
    request = world.follow_request("opening", world.submit())
    world.following.connect(request, ANONYMOUS)
    now = world.clock.now()

    world.publish_batch()

    assert feed.posted_at == {"other": [now] * 4}
    assert not world.followers.followers([request.order_id])


def test_connection_is_tried_once_a_batch_when_a_post_has_cost_all_patience() -> None:
    world, feed, _ = world_of("stalled", "other")
    feed.stalled.add("stalled")

    world.publish_batch()

    assert feed.tried.count("stalled") == 1


def test_next_batches_do_not_wait_when_a_connection_was_given_up() -> None:
    world, feed, _ = world_of("stalled", "other")
    feed.stalled.add("stalled")
    world.publish_batch(1)
    given_up_at = world.clock.now()

    while world.status_queue.messages:
        world.publish_batch(1)

    assert world.clock.now() == given_up_at
    assert feed.tried.count("stalled") == 1
    assert world.sequences("other") == [1, 2, 3, 4, 5]
    assert world.sequences("stalled") == [1]


def test_connection_gets_all_it_missed_when_it_asks_after_its_rest() -> None:
    world, feed, order_id = world_of("stalled")
    feed.stalled.add("stalled")
    world.publish_batch()
    feed.stalled.clear()
    world.clock.sleep(REST.total_seconds())

    world.subscribe("stalled", order_id, after=1)
    world.publish()

    assert world.sequences("stalled") == [1, 2, 3, 4, 5]


def test_rest_is_not_prolonged_when_a_batch_is_under_way_at_its_end() -> None:
    world, feed, order_id = world_of("stalled")
    feed.stalled.add("stalled")
    world.publish_batch()
    feed.stalled.clear()
    world.clock.sleep(REST.total_seconds() - 1)
    world.following.connect(world.follow_request("opening for two seconds", order_id), ANONYMOUS)
    world.subscribe("stalled", order_id, after=1)
    world.publish_batch()

    world.subscribe("stalled", order_id, after=1)
    world.publish()

    assert world.sequences("stalled")[-4:] == [2, 3, 4, 5]


def test_rest_ends_before_a_client_asks_for_what_is_missing() -> None:
    from orders_client.subscription import SILENCE_SECONDS

    assert timedelta(seconds=SILENCE_SECONDS) > REST + PATIENCE


def test_later_messages_of_the_order_come_again_when_one_connection_failed() -> None:
    world, _, order_id = world_of("other")
    world.outages["followers.add_follower"] = BUSY
    messages = [("follow", world.follow_request("late", order_id))]
    messages += [(f"{n}", message) for n, message in enumerate(world.status_queue.messages)]
    world.feed.open("late")
    world.store.history[order_id] = world.store.history[order_id][:1]

    failed = world.publisher.publish(messages, has_time=lambda: True)

    assert failed == {message_id for message_id, _ in messages}
