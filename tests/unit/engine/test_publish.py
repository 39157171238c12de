from collections import deque

import pytest

from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder, StatusUpdate
from chalicelib.engine.streaming import publish
from tests.unit.feeds import world_with_followers
from tests.world import World, ticks

NOBODY = OrderId("ffffffff-ffff-4fff-8fff-ffffffffffff")


def test_event_reaches_every_follower_of_its_order_only() -> None:
    world, _, _ = world_with_followers("a", "b")
    world.connect("c", world.submit())
    world.publish()

    world.execute(world.take()[:1])
    world.publish()

    assert world.sequences("a") == world.sequences("b") == [1, 2, 3, 4, 5]
    assert world.sequences("c") == [1]


def test_failing_message_blocks_the_later_ones_of_its_order_only() -> None:
    world, feed, faulty = world_with_followers("faulty")
    other = world.submit()
    world.connect("other", other)
    world.publish()
    world.run()
    feed.refusals["faulty"] = [ValueError("unexpected")]

    failed = world.publish_batch()

    assert {message.order_id for message in failed} == {faulty}
    assert len(failed) == 2
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


@pytest.mark.parametrize("error", [UnavailableError("store"), ValueError("spoiled")])
def test_live_events_go_out_when_the_history_of_a_replay_cannot_be_read(error: Exception) -> None:
    world, _, order_id = world_with_followers("other")
    followed = world.submit()
    world.connect("late", followed)
    world.execute([ExecuteOrder(order_id=order_id)])
    world.outages["store.events"] = error

    failed = world.publish_batch()

    assert failed == [world.follow_request("late", followed)]
    assert world.sequences("other") == [1, 2, 3, 4, 5]
    world.outages.clear()
    world.publish()
    assert world.sequences("late") == [1]


def test_whole_batch_fails_when_nobody_knows_who_follows() -> None:
    world, _, _ = world_with_followers("follower")
    world.run()
    world.outages["followers"] = UnavailableError("table")

    with pytest.raises(UnavailableError):
        world.publisher.publish([("1", world.status_queue.messages[0])], has_time=lambda: True)

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

    assert not world.status_queue.messages


def test_connection_is_written_down_once_it_has_its_replay() -> None:
    world = World()
    order_id = world.submit()

    world.connect("follower", order_id)

    assert not world.calls("followers.add_follower", "followers.count_subscription")
    world.publish()
    assert len(world.calls("followers.add_follower")) == 1


def test_longest_connected_makes_room_when_an_order_has_too_many_followers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish, "FOLLOWERS_MAX", 3)
    world = World()
    order_id = world.submit()
    names = [f"follower {number}" for number in range(5)]
    for name in names:
        world.clock.sleep(1)
        world.connect(name, order_id)
        world.publish()

    world.run()
    world.publish()

    assert [world.sequences(name)[-1] for name in names] == [1, 1, 5, 5, 5]


@pytest.mark.parametrize("size", [1, 10], ids=["one at a time", "in one batch"])
def test_follower_sees_what_stands_before_its_unsubscription_and_no_more(size: int) -> None:
    world, _, order_id = world_with_followers("follower", "other")
    world.execute(world.take(), has_time=ticks(2))
    world.unsubscribe("follower", order_id)
    world.run()

    while world.status_queue.messages:
        assert world.publish_batch(size) == []

    announced = world.sequences("follower")
    assert announced == list(range(1, len(announced) + 1))
    assert 1 < len(announced) < 5
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_unsubscription_writes_nothing_when_nobody_followed() -> None:
    world, _, order_id = world_with_followers("other")

    world.unsubscribe("follower", order_id)
    world.publish()

    assert not world.calls("followers.remove_follower")


def test_unsubscription_comes_again_when_it_fails() -> None:
    world, _, order_id = world_with_followers("follower")
    world.unsubscribe("follower", order_id)
    world.outages["followers.remove_follower"] = UnavailableError("table")
    (unsubscription,) = world.status_queue.messages

    assert world.publish_batch() == [unsubscription]

    world.outages.clear()
    world.run()
    world.publish()
    assert world.sequences("follower") == [1]


def test_events_come_once_more_only_when_a_follower_asks_again_amid_them() -> None:
    world, _, order_id = world_with_followers("follower")
    waiting, world.status_queue.messages = world.status_queue.messages, deque()
    world.run()
    late, world.status_queue.messages = world.status_queue.messages, waiting

    world.subscribe("follower", order_id, after=1)
    world.status_queue.messages.extend(late)
    world.publish()

    assert world.sequences("follower") == [1, 2, 3, 4, 5]
    assert not world.followers.followers([order_id])


def test_update_is_posted_as_it_was_announced_when_the_follower_is_live() -> None:
    world, _, order_id = world_with_followers("follower")
    world.run()
    updates = [m for m in world.status_queue.messages if isinstance(m, StatusUpdate)]
    announced = [event for update in updates for event in update.events]

    world.publish()

    assert announced == world.store.history[order_id][1:]
    assert not world.calls("store.events")
    assert [f["data"]["status"] for f in world.frames("follower")] == world.statuses(order_id)
