from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.errors import ConnectionGoneError, FrameRefusedError
from tests.unit.feeds import BUSY, HangingFeed, world_with_followers
from tests.world import World, ticks

HOUR = timedelta(hours=1)


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
    world.following.connect(world.follow_request("never", order_id), ANONYMOUS)

    world.publish()

    waited = (world.clock.now() - started_at).total_seconds()
    assert 2 <= waited < 2.1
    assert [f.connection_id for f in world.followers.followers([order_id])[order_id]] == ["other"]
    world.run()
    world.publish()
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_connection_is_followed_when_its_handshake_took_seconds_before_it_asked() -> None:
    world, feed, order_id = world_with_followers()
    request = world.follow_request("cold", order_id)
    # A cold start, in which API Gateway's clock of the connection runs.
    world.clock.sleep(5)
    world.following.connect(request, ANONYMOUS)
    feed.open("cold")
    feed.refusals["cold"] = [ConnectionGoneError()] * 5

    world.publish()

    assert world.sequences("cold") == [1]


def test_connection_is_forgotten_at_once_when_it_is_gone_later() -> None:
    world, feed, order_id = world_with_followers("gone", "other")
    world.clock.sleep(2)
    del feed.frames["gone"]

    world.run()
    world.publish()

    posts = [call.arguments[0] for call in world.calls("feed.post")]
    assert posts.count("gone") == 1
    assert not world.calls("clock.sleep")
    assert [f.connection_id for f in world.followers.followers([order_id])[order_id]] == ["other"]
    assert world.sequences("other") == [1, 2, 3, 4, 5]


def test_connection_is_forgotten_when_it_closed_before_its_follow_request_was_read() -> None:
    world, feed, order_id = world_with_followers()
    world.connect("brief", order_id, after=1)
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


def test_busy_connection_gets_one_try_for_each_later_frame_of_the_batch() -> None:
    world, feed, _ = world_with_followers("busy", "other")
    feed.refusals["busy"] = [BUSY] * (3 + 1)
    world.run()

    failed = world.publish_batch()

    posts = [call.arguments[0] for call in world.calls("feed.post")]
    assert failed == []
    assert posts.count("busy") == 3 + 1 + 1 + 1
    assert (world.sequences("busy"), world.sequences("other")) == ([1, 4, 5], [1, 2, 3, 4, 5])


@pytest.mark.parametrize("hanging", [1, 8])
def test_publisher_ends_in_time_when_connections_hang(hanging: int) -> None:
    clock = MemoryClock()
    world = World(clock=clock, feed=HangingFeed(clock=clock), failure_rate_bps=10_000)
    order_id = world.submit()
    for connection_id in (*(f"hanging {n}" for n in range(hanging)), "other"):
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


def test_frame_is_skipped_at_once_when_it_is_refused_for_good() -> None:
    world, feed, _ = world_with_followers("follower", "other")
    feed.refusals["follower"] = [FrameRefusedError()]

    world.run()
    world.publish()

    assert world.sequences("follower") == [1, 3, 4, 5]
    assert world.sequences("other") == [1, 2, 3, 4, 5]
    assert not world.calls("clock.sleep")


def test_connection_that_never_opens_is_forgotten_when_its_time_is_of_a_clock_ahead() -> None:
    world, _, order_id = world_with_followers()
    request = world.follow_request("never", order_id)
    world.status_queue.request_follow(replace(request, connected_at=request.connected_at + HOUR))
    started_at = world.clock.now()

    world.publish()

    assert world.clock.now() - started_at <= timedelta(seconds=2.1)
    assert not world.calls("followers.add_follower", "followers.remove_follower")


def test_batch_without_time_left_comes_again_in_order() -> None:
    world, _, _ = world_with_followers("follower")
    world.run()
    messages = [(f"{n}", message) for n, message in enumerate(world.status_queue.messages)]

    failed = world.publisher.publish(messages, has_time=ticks(1))
    again = [pair for pair in messages if pair[0] in failed]
    world.publisher.publish(again, has_time=lambda: True)

    assert failed == {"1"}
    assert world.sequences("follower") == [1, 2, 3, 4, 5]
