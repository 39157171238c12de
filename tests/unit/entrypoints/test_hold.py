"""How long a worker keeps its messages from others, and whose clock it believes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder, encode
from chalicelib.entrypoints.queue import HOLD_SECONDS
from tests.unit.functions import Functions, batch, captured
from tests.world import FIVE, World, ticks

HOUR = timedelta(hours=1)


def test_batch_is_held_before_anything_else_is_done(functions: Functions) -> None:
    order_ids = [functions.world.submit() for _ in range(2)]
    functions.world.journal.clear()

    functions.execute(batch("sqs_standard", [encode(ExecuteOrder(order_id=o)) for o in order_ids]))

    first = functions.world.calls("order_queue.hold", "store.load")[0]
    receipt = captured("sqs_standard")["Records"][0]["receiptHandle"]
    assert first.name == "order_queue.hold"
    assert first.arguments == ([receipt, receipt],)
    assert first.keywords == {"seconds": HOLD_SECONDS}


def test_batch_is_held_every_five_seconds_while_its_worker_lives() -> None:
    world = World(drop_rate_bps=10_000)
    world.pacing = replace(world.pacing, wait_inside_max=HOUR)
    world.submit()
    started_at = world.clock.at

    world.execute(
        world.take(), has_time=lambda: world.clock.at < started_at + timedelta(seconds=21)
    )

    assert len(world.calls("order_queue.hold")) == 5


def test_batch_is_held_once_when_it_is_done_at_once() -> None:
    world = World()
    world.submit()

    world.run()

    assert len(world.calls("order_queue.hold")) == 1


def test_orders_are_executed_when_they_cannot_be_held(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.outages["order_queue.hold"] = UnavailableError("queue")

    functions.execute(batch("sqs_standard", [encode(ExecuteOrder(order_id=order_id))]))

    assert functions.world.statuses(order_id) == FIVE


def test_statuses_are_held_before_the_followers_are_read(functions: Functions) -> None:
    event = captured("sqs_fifo")

    functions.publish(event)

    first = functions.world.calls("status_queue.hold", "followers.followers")[0]
    assert first.name == "status_queue.hold"
    assert first.arguments == ([record["receiptHandle"] for record in event["Records"]],)
    assert first.keywords == {"seconds": HOLD_SECONDS}


def test_statuses_are_published_when_they_cannot_be_held(functions: Functions) -> None:
    functions.world.outages["status_queue.hold"] = UnavailableError("queue")

    failed = functions.publish(captured("sqs_fifo"))

    assert failed == []


@pytest.mark.parametrize("skew", [-HOUR, HOUR], ids=["behind", "ahead"])
def test_order_does_not_wait_when_the_clock_of_accept_is_wrong(skew: timedelta) -> None:
    world = World()
    now = world.clock.at
    world.clock.at = now + skew
    order_id = world.submit()
    world.clock.at = now

    world.execute(world.take())

    assert world.statuses(order_id) == FIVE
    assert world.clock.at == now


def test_step_does_not_wait_when_the_clock_of_the_last_worker_was_ahead() -> None:
    world = World(latency=timedelta(seconds=2))
    order_id = world.submit()
    now = world.clock.at
    world.clock.at = now + HOUR
    world.execute(world.take(), has_time=ticks(1))
    world.clock.at = now

    world.execute(world.take(), has_time=ticks(1))

    assert world.statuses(order_id) == ["pending", "routing", "building"]
    assert world.clock.at == now
