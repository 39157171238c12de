"""Cancelling orders, at every station of their way and between any two steps of a worker."""

from datetime import timedelta

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import MARKET, LimitTerms, TimeInForce
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.errors import AlreadyConfirmedError, AlreadyFinalError, UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.world import World, ticks

LATENCY = timedelta(seconds=2)
OUT_OF_REACH = LimitTerms(limit=U64_MAX, time_in_force=TimeInForce.GTC)
# Longer than any blockhash lives.
LONG_SECONDS = 120
NO_LIMIT_SECONDS = 600


def world_at(status: OrderStatus, **troubles: int) -> tuple[World, OrderId]:
    """A world with one order of that status, in nobody's hands and in no queue, followed."""
    world = World(latency=LATENCY, **troubles)
    order_id = world.submit(terms=OUT_OF_REACH if status is OrderStatus.OPEN else MARKET)
    world.connect("follower", order_id)
    for _ in range(NO_LIMIT_SECONDS * 10):
        if world.order(order_id).status is status:
            world.order_queue.messages.clear()
            return world, order_id
        world.order_queue.messages.clear()
        world.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(1))
        world.clock.sleep(0.1)
    raise AssertionError(f"it never became {status}")


def follow_to_the_end(world: World, order_id: OrderId) -> list[str]:
    """Run everything; return the statuses that its follower saw, without a hole."""
    for _ in range(10):
        world.run()
        world.clock.sleep(LONG_SECONDS)
        world.sweeper.sweep()
    world.publish()
    updates = world.updates("follower")
    assert [u["sequence"] for u in updates] == [*range(1, len(updates) + 1)]
    assert len(updates) == world.order(order_id).sequence
    return [update["status"] for update in updates]


@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.PENDING, OrderStatus.ROUTING])
def test_order_is_cancelled_at_once_when_nothing_is_signed(status: OrderStatus) -> None:
    world, order_id = world_at(status)

    assert world.cancel(order_id).status is OrderStatus.CANCELLED

    assert follow_to_the_end(world, order_id)[-2:] == [status, "cancelled"]
    assert world.landed(order_id) == []


@pytest.mark.parametrize("status", [OrderStatus.BUILDING, OrderStatus.SUBMITTED])
def test_order_is_confirmed_when_its_transaction_lands_all_the_same(status: OrderStatus) -> None:
    world, order_id = world_at(status)

    order = world.cancel(order_id)

    assert (order.status, order.cancel_requested) == (status, True)
    assert follow_to_the_end(world, order_id)[-1] == "confirmed"
    assert len(world.landed(order_id)) == 1


@pytest.mark.parametrize("status", [OrderStatus.BUILDING, OrderStatus.SUBMITTED])
@pytest.mark.parametrize("trouble", ["drop_rate_bps", "failure_rate_bps"])
def test_order_is_cancelled_when_its_transaction_cannot_land_any_more(
    status: OrderStatus, trouble: str
) -> None:
    world, order_id = world_at(status, **{trouble: 10_000})
    signature = world.order(order_id).transaction.signature

    world.cancel(order_id)

    assert follow_to_the_end(world, order_id)[-1] == "cancelled"
    assert {entry.signature for entry in world.landed(order_id)} <= {signature}
    assert all(entry.error_code for entry in world.landed(order_id))
    assert world.order(order_id).attempt == 1


def test_request_tells_that_it_was_made() -> None:
    world, order_id = world_at(OrderStatus.SUBMITTED)
    signature = world.order(order_id).transaction.signature

    world.cancel(order_id)

    follow_to_the_end(world, order_id)
    [told] = [u for u in world.updates("follower") if u.get("cancelRequested")]
    assert (told["status"], told["signature"]) == ("submitted", signature)


@pytest.mark.parametrize("status", [s for s in OrderStatus if not s.is_final])
def test_second_cancel_changes_nothing(status: OrderStatus) -> None:
    world, order_id = world_at(status)

    first, second = world.cancel(order_id), world.cancel(order_id)

    assert first == second
    assert world.order(order_id) == first
    follow_to_the_end(world, order_id)


def test_confirmed_order_cannot_be_cancelled() -> None:
    world, order_id = world_at(OrderStatus.CONFIRMED)

    with pytest.raises(AlreadyConfirmedError) as refusal:
        world.cancel(order_id)

    assert refusal.value.order == world.order(order_id)
    assert len(world.landed(order_id)) == 1


def test_failed_order_cannot_be_cancelled() -> None:
    world, order_id = world_at(OrderStatus.FAILED, failure_rate_bps=10_000)

    with pytest.raises(AlreadyFinalError) as refusal:
        world.cancel(order_id)

    assert refusal.value.code == "ALREADY_FINAL"


def test_order_of_another_owner_is_as_if_there_were_none() -> None:
    world, order_id = world_at(OrderStatus.PENDING)

    with pytest.raises(OrderNotFoundError):
        world.canceller.cancel(order_id, OwnerId("somebody else"))

    assert world.order(order_id).status is OrderStatus.PENDING


@pytest.mark.parametrize(
    "call", ["store.load", "wallet.sign_swap", "store.save", "chain.send", "chain.statuses"]
)
@pytest.mark.parametrize("drop_rate_bps", [0, 10_000])
def test_one_of_the_two_wins_when_the_worker_is_at_it(call: str, drop_rate_bps: int) -> None:
    world = World(latency=LATENCY, drop_rate_bps=drop_rate_bps)
    order_id = world.submit()
    world.connect("follower", order_id)
    answers = []
    world.meanwhile(call, lambda: answers.append(world.cancel(order_id)))

    statuses = follow_to_the_end(world, order_id)

    [answer] = answers
    if answer.status is OrderStatus.CANCELLED:
        assert statuses[-1] == "cancelled"
    else:
        assert statuses[-1] == ("cancelled" if drop_rate_bps else "confirmed")
    assert len(world.landed(order_id)) == (statuses[-1] == "confirmed")


def test_canceller_tries_again_when_the_order_moves_before_it() -> None:
    world = World()
    order_id = world.submit()
    messages = world.take()
    world.meanwhile("store.save", lambda: world.execute(messages, has_time=ticks(1)))

    order = world.cancel(order_id)

    assert order.sequence > 2
    assert order.status is OrderStatus.CANCELLED or order.cancel_requested


@pytest.mark.parametrize("status", [s for s in OrderStatus if not s.is_final])
def test_followers_are_told_by_the_sweep_when_the_queue_is_away(status: OrderStatus) -> None:
    world, order_id = world_at(status)
    world.outages["order_queue"] = UnavailableError("away")

    order = world.cancel(order_id)

    world.outages.clear()
    assert not world.order_queue.messages
    statuses = follow_to_the_end(world, order_id)
    # What was never sent before the sweep can no longer land.
    is_sent = status is OrderStatus.SUBMITTED
    assert statuses[-1] == ("confirmed" if is_sent else "cancelled")
    assert order.cancel_requested == (status in (OrderStatus.BUILDING, OrderStatus.SUBMITTED))


def test_cancelled_order_is_swept_once() -> None:
    world, order_id = world_at(OrderStatus.PENDING)
    world.cancel(order_id)
    world.order_queue.messages.clear()

    world.clock.sleep(60)

    assert [world.sweeper.sweep() for _ in range(3)] == [1, 0, 0]


def test_no_other_order_is_overtaken_by_one_that_was_cancelled_while_it_waited() -> None:
    world = World()
    waiting = world.submit()
    world.order_queue.messages.clear()
    world.clock.sleep(60)
    world.cancel(world.submit())
    world.order_queue.messages.clear()

    world.submit()

    assert waiting not in [message.order_id for message in world.order_queue.messages]
