from collections import defaultdict
from dataclasses import dataclass, field

import pytest

from chalicelib.adapters.memory import MemoryClock, MemoryStatusFeed
from chalicelib.domain.errors import OrderNotFoundError, UnavailableError
from chalicelib.domain.orders import OrderId
from chalicelib.engine.messages import StatusUpdate
from chalicelib.engine.ports import ConnectionGoneError
from tests.world import World, ticks

NOBODY = OrderId("ffffffff-ffff-4fff-8fff-ffffffffffff")
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
    """Answers nothing to one connection: each post to it runs into its timeout of two seconds."""

    clock: MemoryClock = field(default_factory=MemoryClock)

    def post(self, connection_id: str, frame: str) -> None:
        if connection_id == "hanging":
            self.clock.sleep(2)
            raise BUSY
        MemoryStatusFeed.post(self, connection_id, frame)


def world_with_followers(*connection_ids: str) -> tuple[World, RefusingFeed, OrderId]:
    feed = RefusingFeed()
    world = World(feed=feed)
    order_id = world.submit()
    for connection_id in connection_ids:
        world.connect(connection_id, order_id)
    world.publish()
    world.journal.clear()
    return world, feed, order_id


def test_event_reaches_every_follower_of_its_order_only() -> None:
    world, _, _ = world_with_followers("a", "b")
    world.connect("c", world.submit())
    world.publish()

    world.execute(world.take()[:1])
    world.publish()

    assert world.sequences("a") == world.sequences("b") == [1, 2, 3, 4, 5]
    assert world.sequences("c") == [1]


def test_post_is_repeated_in_place_when_the_connection_is_not_open_yet() -> None:
    world, feed, order_id = world_with_followers("follower")
    feed.refusals["follower"] = [ConnectionGoneError()] * 5

    world.run()
    world.publish()

    assert world.sequences("follower") == [1, 2, 3, 4, 5]
    assert len(world.calls("clock.sleep")) == 5
    assert world.followers.followers([order_id])


def test_connection_is_forgotten_when_it_does_not_open_within_two_seconds() -> None:
    world, _, order_id = world_with_followers("other")
    started_at = world.clock.now()
    world.following.connect(world.follow_request("never", order_id))

    world.run()
    world.publish()

    waited = (world.clock.now() - started_at).total_seconds()
    assert 2 <= waited < 2.1
    assert [f.connection_id for f in world.followers.followers([order_id])[order_id]] == ["other"]
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_connection_is_forgotten_at_once_when_it_is_gone_later() -> None:
    world, feed, order_id = world_with_followers("gone", "other")
    world.clock.sleep(2)
    del feed.frames["gone"]

    world.run()
    world.publish()

    posts = [call.arguments[0] for call in world.calls("feed.post")]
    assert posts.count("gone") == 1
    assert not world.calls("clock.sleep")
    assert "gone" not in world.followers.connections
    assert [f.connection_id for f in world.followers.followers([order_id])[order_id]] == ["other"]
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_connection_is_forgotten_when_it_closed_before_its_follow_request_was_read() -> None:
    world, feed, order_id = world_with_followers()
    world.connect("brief", order_id, after=1)
    world.following.disconnect("brief")
    del feed.frames["brief"]
    world.clock.sleep(2)

    world.publish()
    world.run()
    world.publish()

    assert not world.followers.followers([order_id])


@pytest.mark.parametrize("refused", [1, 2])
def test_frame_arrives_once_when_the_connection_was_busy_briefly(refused: int) -> None:
    world, feed, _ = world_with_followers("follower")
    feed.refusals["follower"] = [BUSY] * refused

    world.run()
    world.publish()

    assert world.sequences("follower") == [1, 2, 3, 4, 5]


def test_frame_is_skipped_and_the_batch_goes_on_when_the_connection_stays_busy() -> None:
    world, feed, _ = world_with_followers("busy", "other")
    feed.refusals["busy"] = [BUSY] * 3
    world.execute(world.take(), has_time=ticks(1))

    failed = world.publish_batch()

    assert failed == []
    assert (world.sequences("busy"), world.sequences("other")) == ([1], [1, 2])
    assert len(world.calls("clock.sleep")) == 2
    world.run()
    world.publish()
    assert world.sequences("busy") == [1, 3, 4, 5]
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_publisher_ends_in_time_when_a_connection_hangs() -> None:
    world = World(feed=HangingFeed(), failure_rate_bps=10_000)
    world.feed.clock = world.clock
    order_id = world.submit()
    for connection_id in ("hanging", "other"):
        world.connect(connection_id, order_id)
    world.run()
    started_at = world.clock.now()

    failed = world.publish_batch()

    # Lambda stops the publisher after 30 seconds, and everybody's messages would come again.
    assert (world.clock.now() - started_at).total_seconds() < 27
    assert failed == []
    world.publish()
    assert world.sequences("other") == list(range(1, 12))


def test_replay_goes_on_when_one_of_its_frames_is_skipped() -> None:
    world, feed, order_id = world_with_followers()
    world.run()
    world.status_queue.messages.clear()
    feed.refusals["late"] = [BUSY] * 3
    world.connect("late", order_id)

    failed = world.publish_batch()

    assert (failed, world.sequences("late")) == ([], [2, 3, 4, 5])


def test_failing_message_blocks_the_later_ones_of_its_order_only() -> None:
    world, feed, faulty = world_with_followers("faulty")
    other = world.submit()
    world.connect("other", other)
    world.publish()
    world.run()
    feed.refusals["faulty"] = [ValueError("unexpected")]

    failed = world.publish_batch()

    assert {message.order_id for message in failed} == {faulty}
    assert [message.event.sequence for message in failed] == [2, 3, 4, 5]
    assert (world.sequences("faulty"), world.sequences("other")) == ([1], [1, 2, 3, 4, 5])
    world.publish()
    assert world.sequences("faulty") == [1, 2, 3, 4, 5]


def test_follow_request_comes_again_and_loses_nothing_when_it_fails() -> None:
    world, _, order_id = world_with_followers("other")
    world.connect("late", order_id)

    def fail() -> None:
        raise UnavailableError("table")

    world.meanwhile("followers.add_follower", fail)

    failed = world.publish_batch()

    assert failed == [world.follow_request("late", order_id)]
    world.run()
    world.publish()
    assert list(dict.fromkeys(world.sequences("late"))) == [1, 2, 3, 4, 5]
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_whole_batch_fails_when_nobody_knows_who_follows() -> None:
    world, _, _ = world_with_followers("follower")
    world.run()
    world.outages["followers"] = UnavailableError("table")

    with pytest.raises(UnavailableError):
        world.publisher.publish([("1", world.status_queue.messages[0])])

    assert world.sequences("follower") == [1]


def test_followers_are_read_once_when_a_batch_has_many_orders() -> None:
    world = World()
    order_ids = [world.submit() for _ in range(2)]
    world.run()

    failed = world.publish_batch()

    (read,) = world.calls("followers.followers")
    assert (failed, sorted(read.arguments[0])) == ([], order_ids)
    assert not world.calls("store.events", "feed.post")


@pytest.mark.parametrize(
    ("after", "seen"),
    [(0, [1, 2, 3, 4, 5]), (3, [4, 5]), (5, []), (9, [])],
    ids=["nothing seen", "some seen", "all seen", "more than there is"],
)
def test_replay_begins_after_what_the_client_has_seen(after: int, seen: list[int]) -> None:
    world, _, order_id = world_with_followers()
    world.run()
    world.publish()

    world.connect("late", order_id, after=after)
    world.publish()

    assert world.sequences("late") == seen


@pytest.mark.parametrize("after", [0, 5], ids=["with a replay", "without"])
def test_connection_is_not_kept_as_follower_when_the_order_is_final(after: int) -> None:
    world, _, order_id = world_with_followers()
    world.run()

    world.connect("late", order_id, after=after)
    world.publish()

    assert not world.followers.followers([order_id])


def test_connection_is_refused_when_the_order_is_unknown() -> None:
    world = World()

    with pytest.raises(OrderNotFoundError):
        world.connect("follower", NOBODY)

    assert not world.followers.connections
    assert not world.status_queue.messages


def test_follower_sees_nothing_more_when_it_has_disconnected() -> None:
    world, _, order_id = world_with_followers("follower")

    world.following.disconnect("follower")
    world.run()
    world.publish()

    assert world.sequences("follower") == [1]
    assert not world.followers.followers([order_id])
    assert not world.followers.connections


def test_update_is_posted_as_it_was_announced_when_the_follower_is_live() -> None:
    world, _, order_id = world_with_followers("follower")
    world.run()
    announced = [m.event for m in world.status_queue.messages if isinstance(m, StatusUpdate)]

    world.publish()

    assert announced == world.store.history[order_id]
    assert not world.calls("store.events")
    assert [f["data"]["status"] for f in world.frames("follower")] == world.statuses(order_id)
