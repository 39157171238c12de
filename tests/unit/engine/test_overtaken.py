"""Orders whose messages were lost go along with the messages of newer ones: no sweep runs here."""

from datetime import datetime, timedelta

import pytest

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.errors import UnavailableError
from chalicelib.simulation.market import POOLS
from tests.world import FIVE, SOL_USDC, World

DOWN = UnavailableError("out of reach")
BETWEEN_ORDERS_SECONDS = 0.25
BOUND = timedelta(seconds=15)


def small_world(latency: timedelta = timedelta(0)) -> World:
    """Few pools: routes are found fast."""
    listings = tuple(listed for listed in POOLS if listed.trades(SOL_USDC))
    return World(latency=latency, listings=listings)


def submit_and_lose(world: World) -> OrderId:
    """The function dies between the commit and the call."""
    order_id = world.submit()
    world.order_queue.messages.clear()
    return order_id


def traffic(world: World, seconds: float) -> list[OrderId]:
    """Orders at a steady rate, each of which is executed as it comes."""
    order_ids = []
    until = world.clock.now() + timedelta(seconds=seconds)
    while world.clock.now() < until:
        order_ids.append(world.submit())
        world.run()
        world.clock.sleep(BETWEEN_ORDERS_SECONDS)
    return order_ids


def ended_at(world: World, order_id: OrderId) -> datetime:
    assert world.statuses(order_id) == FIVE
    return world.order(order_id).updated_at


def test_orders_go_along_in_one_call_when_their_messages_were_lost() -> None:
    world = small_world()
    lost = [submit_and_lose(world) for _ in range(3)]
    world.clock.sleep(6)
    world.submit()
    world.run()

    newest = world.submit()

    [call] = world.calls("order_queue.enqueue")[-1:]
    assert [message.order_id for message in call.arguments[0]] == [newest, *lost]


@pytest.mark.parametrize(
    "away", [["order_queue"], ["order_queue", "store.schedule_sweep"]], ids=["queue", "both"]
)
def test_hundred_orders_end_within_the_bound_when_the_queue_was_away(away: list[str]) -> None:
    world = small_world()
    world.outages |= dict.fromkeys(away, DOWN)
    lost = [world.submit() for _ in range(100)]
    world.outages.clear()
    back_at = world.clock.now()

    traffic(world, 20)

    assert max(ended_at(world, order_id) for order_id in lost) - back_at < BOUND


def test_orders_end_within_the_bound_when_the_call_that_brought_them_back_failed() -> None:
    world = small_world()
    lost = submit_and_lose(world)
    lost_at = world.clock.now()
    traffic(world, 5.25)
    world.outages["order_queue"] = DOWN
    unsent = world.submit()
    world.outages.clear()
    assert world.statuses(lost) == ["pending"]

    traffic(world, 15)

    assert ended_at(world, lost) - lost_at < BOUND
    assert ended_at(world, unsent) - world.order(unsent).created_at < BOUND


def test_order_ends_within_the_bound_when_who_brought_it_back_died() -> None:
    world = small_world()
    lost = submit_and_lose(world)
    lost_at = world.clock.now()
    traffic(world, 5.25)
    submit_and_lose(world)

    traffic(world, 15)

    assert ended_at(world, lost) - lost_at < BOUND


def test_order_midway_goes_on_when_its_message_is_lost() -> None:
    world = small_world(latency=timedelta(seconds=8))
    midway = world.submit()
    world.execute(world.take())
    world.order_queue.messages.clear()
    assert world.order(midway).status is OrderStatus.SUBMITTED

    traffic(world, 60)

    assert world.statuses(midway) == FIVE
    assert len(world.landed(midway)) == 1


def test_no_message_is_sent_twice_when_a_thousand_orders_wait_for_their_turn() -> None:
    world = small_world()
    order_ids = [world.submit() for _ in range(1_000)]
    for _ in range(20):
        world.clock.sleep(1)
        world.execute(world.take())
        order_ids.append(world.submit())

    sent = [m.order_id for call in world.calls("order_queue.enqueue") for m in call.arguments[0]]
    assert sent == order_ids
