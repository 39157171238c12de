from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution.executor import HAND_BACKS_MAX
from chalicelib.engine.messages import ExecuteOrder
from tests.world import FIVE, World, ticks


@pytest.mark.parametrize("already", [0, 1, 2, 3], ids=FIVE[:4])
def test_order_is_handed_back_and_goes_on_when_time_is_short(already: int) -> None:
    world = World()
    order_id = world.submit()
    world.connect("follower", order_id)

    failed = world.execute(world.take(), has_time=ticks(already))

    assert (failed, world.statuses(order_id)) == (set(), FIVE[: already + 1])
    assert list(world.order_queue.messages) == [
        ExecuteOrder(order_id=order_id, announced_through=already + 1, hand_backs=1)
    ]
    world.run()
    world.publish()
    assert world.sequences("follower") == [1, 2, 3, 4, 5]


def test_orders_go_on_later_when_the_routes_of_others_took_all_the_time() -> None:
    world = World()
    order_ids = [world.submit() for _ in range(3)]
    messages = world.take()
    world.execute(messages, has_time=ticks(1))

    failed = world.execute(messages, has_time=ticks(2))

    assert failed == set()
    assert [world.statuses(o)[-1] for o in order_ids] == ["building", "building", "routing"]
    assert {message.order_id for message in world.order_queue.messages} == {*order_ids}
    world.run()
    assert [world.statuses(o) for o in order_ids] == [FIVE] * 3


def test_order_is_handed_back_with_a_delay_when_the_wait_is_long() -> None:
    world = World(latency=timedelta(seconds=8))
    order_id = world.submit()

    failed = world.execute(world.take())

    (hand_back,) = world.calls("order_queue.enqueue")[1:]
    assert (failed, world.order(order_id).status) == (set(), OrderStatus.SUBMITTED)
    assert hand_back.keywords == {"delay_seconds": 7}
    assert world.clock.now() < world.order(order_id).due_at


def test_order_is_waited_for_in_the_queue_when_its_transaction_does_not_land_soon() -> None:
    world = World(drop_rate_bps=10_000)
    order_id = world.submit()

    failed = world.execute(world.take())

    (hand_back,) = world.calls("order_queue.enqueue")[1:]
    waited = world.clock.now() - world.order(order_id).due_at
    assert (failed, world.order(order_id).status) == (set(), OrderStatus.SUBMITTED)
    assert hand_back.keywords == {"delay_seconds": 1}
    assert timedelta(0) <= waited - world.pacing.confirmation_soon < world.pacing.confirmation_poll


def test_order_becomes_a_dead_letter_when_it_stands_still_however_often_it_is_handed_back() -> None:
    world = World()
    order_id = world.submit()
    [message] = world.take()
    world.execute([message], has_time=ticks(1))
    [once] = world.take()
    world.outages["chain"] = UnavailableError("the chain is away")

    def handed_back(hand_backs: int) -> tuple[set[OrderId], list[int]]:
        failed = world.execute([replace(once, hand_backs=hand_backs)], has_time=ticks(1))
        return failed, [m.hand_backs for m in (world.take() if not failed else [])]

    assert once.hand_backs == 1
    assert handed_back(HAND_BACKS_MAX - 1) == (set(), [HAND_BACKS_MAX])
    assert handed_back(HAND_BACKS_MAX) == ({order_id}, [])
    assert not world.order_queue.messages
    # It is rescued like any other, and counts anew.
    world.rescuer.rescue([replace(once, hand_backs=HAND_BACKS_MAX)])
    assert [(m.rescues, m.hand_backs) for m in world.take()] == [(1, 0)]


def test_order_that_moves_is_handed_back_as_often_as_it_takes() -> None:
    world = World()
    order_id = world.submit()
    [message] = world.take()

    failed = world.execute([replace(message, hand_backs=HAND_BACKS_MAX)], has_time=ticks(1))

    assert (failed, world.order(order_id).status) == (set(), OrderStatus.ROUTING)
    assert [m.hand_backs for m in world.take()] == [1]


def test_nothing_is_slept_for_that_the_queue_can_wait_for() -> None:
    world = World(latency=timedelta(seconds=3), drop_rate_bps=3_000)
    order_ids = [world.submit() for _ in range(20)]

    world.run()

    slept = [call.arguments[0] for call in world.calls("clock.sleep")]
    assert max(slept) <= world.pacing.wait_inside_max.total_seconds()
    assert [world.statuses(order_id)[-1] for order_id in order_ids] == ["confirmed"] * 20


def test_message_fails_when_the_order_cannot_be_handed_back() -> None:
    world = World()
    order_id = world.submit()
    messages = world.take()
    world.outages["order_queue"] = UnavailableError("queue")

    failed = world.execute(messages, has_time=ticks(2))

    assert failed == {order_id}
    world.outages.clear()
    world.execute(messages)
    assert world.statuses(order_id) == FIVE


@pytest.mark.parametrize("already", [1, 2, 3], ids=FIVE[1:4])
def test_follower_sees_order_when_another_worker_takes_at_once_what_was_handed_back(
    already: int,
) -> None:
    world = World()
    order_id = world.submit()
    world.connect("follower", order_id)
    world.publish()
    world.meanwhile("status_queue.announce", lambda: world.execute(world.take()))

    world.execute(world.take(), has_time=ticks(already))
    world.run()
    world.publish()

    assert world.sequences("follower") == [1, 2, 3, 4, 5]


def test_follower_sees_order_when_what_could_not_be_announced_is_handed_back() -> None:
    world = World()
    order_id = world.submit()
    world.connect("follower", order_id)
    world.publish()
    messages = world.take()
    world.outages["status_queue"] = UnavailableError()

    failed = world.execute(messages, has_time=ticks(2))
    world.outages.clear()
    world.run()
    world.execute(messages)
    world.publish()

    assert failed == {order_id}
    assert world.sequences("follower") == [1, 2, 3, 4, 5]
