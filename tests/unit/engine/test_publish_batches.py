"""Followers that take several events in a frame, beside followers that do not."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import FrameRefusedError
from chalicelib.engine.messages import FollowRequest, StatusUpdate
from tests.unit.feeds import RefusingFeed, world_with_followers
from tests.world import World


def order_with_followers(**batch: bool) -> tuple[World, RefusingFeed, OrderId]:
    """A pending order, and what its followers say of batches; they have seen its first event."""
    world, feed, order_id = world_with_followers()
    for connection_id, takes_batches in batch.items():
        world.connect(connection_id, order_id, batch=takes_batches)
    world.publish()
    world.journal.clear()
    return world, feed, order_id


def shape(world: World, connection_id: str) -> list[Any]:
    """The sequences of each frame: a number for one event, a list for several."""
    return [
        [event["sequence"] for event in frame["data"]["events"]]
        if frame["type"] == "updates"
        else frame["data"]["sequence"]
        for frame in world.frames(connection_id)
    ]


@pytest.mark.parametrize(
    ("latency", "packs"),
    [(timedelta(0), [(2, 3), (4, 5)]), (timedelta(seconds=2), [(2, 2), (3, 3), (4, 4), (5, 5)])],
    ids=["zero latency", "waits"],
)
def test_undisturbed_order_costs_a_message_for_what_was_saved_together(
    latency: timedelta, packs: list[tuple[int, int]]
) -> None:
    world = World(latency=latency)
    world.connect("follower", world.submit(), batch=True)

    world.run()

    request, *updates = world.status_queue.messages
    assert isinstance(request, FollowRequest)
    assert [m.sequences for m in updates if isinstance(m, StatusUpdate)] == packs


@pytest.mark.parametrize(
    ("is_early", "frames"),
    [(True, [1, [2, 3], [4, 5]]), (False, [[1, 2, 3, 4, 5]])],
    ids=["registered before the first move", "replayed at the end"],
)
def test_undisturbed_order_costs_three_posts_at_most_when_its_follower_takes_batches(
    is_early: bool, frames: list[Any]
) -> None:
    world = World()
    world.connect("follower", world.submit(), batch=True)
    if is_early:
        world.publish()
    world.run()
    world.publish()

    assert shape(world, "follower") == frames
    assert len(world.calls("feed.post")) == len(frames)


def test_each_follower_gets_its_frames_when_some_take_batches() -> None:
    world, _, _ = order_with_followers(single=False, batched=True)

    world.run()
    world.publish()

    assert shape(world, "single") == [1, 2, 3, 4, 5]
    assert shape(world, "batched") == [1, [2, 3], [4, 5]]
    assert world.updates("batched") == world.updates("single")


@pytest.mark.parametrize(
    ("after", "seen"), [(0, [[1, 2, 3, 4, 5]]), (3, [[4, 5]]), (4, [5]), (5, [])]
)
def test_replay_is_one_frame_when_the_follower_takes_batches(after: int, seen: list[Any]) -> None:
    world, _, order_id = world_with_followers()
    world.run()
    world.publish()

    world.connect("late", order_id, after=after, batch=True)
    world.publish()

    assert shape(world, "late") == seen


@pytest.mark.parametrize(("batch", "seen"), [(True, [3, [4, 5]]), (False, [3, 4, 5])])
def test_event_that_the_client_has_seen_is_left_out_of_its_pack(
    batch: bool, seen: list[Any]
) -> None:
    world, _, order_id = world_with_followers()
    world.connect("ahead", order_id, after=2, batch=batch)
    world.publish()

    world.run()
    world.publish()

    assert shape(world, "ahead") == seen


def test_follower_takes_batches_as_it_says_each_time_it_subscribes() -> None:
    world, _, first = order_with_followers(follower=True)
    second = world.submit()
    world.subscribe("follower", second)
    world.publish()
    world.run()
    world.publish()

    by_order = {
        order_id: [f["type"] for f in world.frames("follower") if first_of(f) == order_id]
        for order_id in (first, second)
    }
    assert by_order == {first: ["update", "updates", "updates"], second: ["update"] * 5}


def first_of(frame: dict[str, Any]) -> str:
    data = frame["data"]
    order_id: str = data.get("events", [data])[0]["orderId"]
    return order_id


def test_follower_misses_the_whole_frame_and_sees_the_hole_when_it_is_skipped() -> None:
    world, feed, _ = order_with_followers(single=False, batched=True)
    feed.refusals |= {"single": [FrameRefusedError()], "batched": [FrameRefusedError()]}

    world.run()
    world.publish()

    assert shape(world, "single") == [1, 3, 4, 5]
    assert shape(world, "batched") == [1, [4, 5]]


def test_rest_of_a_pack_is_not_posted_when_the_connection_has_gone() -> None:
    world, feed, _ = order_with_followers(gone=False, other=False)
    del feed.frames["gone"]
    world.clock.sleep(10)

    world.run()
    world.publish()

    posts = [call.arguments[0] for call in world.calls("feed.post")]
    assert posts.count("gone") == 1
    assert shape(world, "other") == [1, 2, 3, 4, 5]


def test_events_come_once_when_a_pack_is_announced_again_with_what_follows() -> None:
    world, _, order_id = order_with_followers(single=False, batched=True)
    world.execute(world.take())
    world.publish()
    [loaded] = world.store.load({order_id: 1})

    world.status_queue.announce(loaded.unannounced)
    world.publish()

    assert shape(world, "single") == [1, 2, 3, 4, 5]
    assert shape(world, "batched") == [1, [2, 3], [4, 5]]
