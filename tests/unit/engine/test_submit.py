from datetime import timedelta

import pytest

from chalicelib.domain.errors import UnknownPairError
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.token_list import find_pair
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.simulation.market import POOLS
from tests.world import FIVE, SOL_USDC, World

BONK_FOR_SOL = find_pair("BONK", "SOL")
DOWN = UnavailableError("out of reach")


def queued(world: World) -> list[OrderId]:
    return [message.order_id for message in world.order_queue.messages]


def test_order_is_durable_before_it_is_queued() -> None:
    world = World()
    stored_at_queueing: list[OrderId] = []
    world.meanwhile("order_queue.enqueue", lambda: stored_at_queueing.extend(world.store.orders))

    order_id = world.submit()

    assert stored_at_queueing == [order_id]
    assert list(world.order_queue.messages) == [ExecuteOrder(order_id=order_id)]
    assert world.statuses(order_id) == ["pending"]


def test_order_is_accepted_when_the_queue_is_down() -> None:
    world = World()
    world.outages["order_queue"] = DOWN

    order_id = world.submit()

    assert world.order(order_id).status is OrderStatus.PENDING
    assert queued(world) == []


def test_order_is_not_accepted_when_the_store_is_down() -> None:
    world = World()
    world.outages["store"] = DOWN

    with pytest.raises(UnavailableError):
        world.submit()

    assert (world.store.orders, queued(world)) == ({}, [])


def test_order_is_refused_when_no_listed_pools_lead_from_token_to_token() -> None:
    world = World(listings=tuple(listed for listed in POOLS if listed.trades(SOL_USDC)))

    with pytest.raises(UnknownPairError):
        world.submit(pair=BONK_FOR_SOL)

    assert (world.store.orders, queued(world)) == ({}, [])


def test_order_is_accepted_when_listed_pools_lead_over_other_tokens() -> None:
    world = World()

    order_id = world.submit(pair=find_pair("BONK", "WIF"))

    assert queued(world) == [order_id]


def test_no_venue_and_no_chain_is_asked_when_an_order_is_placed() -> None:
    world = World()

    world.submit()

    assert {call.name.partition(".")[0] for call in world.journal} == {
        "clock",
        "order_queue",
        "store",
    }


def test_order_is_accepted_and_fails_when_it_would_buy_nothing() -> None:
    world = World()

    order_id = world.submit(pair=BONK_FOR_SOL, amount_in=1)
    world.run()

    assert world.statuses(order_id) == ["pending", "routing", "failed"]
    assert world.details(order_id, 3)["code"] == "ZERO_OUTPUT"


@pytest.mark.parametrize(
    ("away", "age_seconds"),
    [(["order_queue"], 0), (["order_queue", "store.schedule_sweep"], 31)],
    ids=["queue away", "store away as well"],
)
def test_sweep_queues_the_order_when_its_message_was_never_sent(
    away: list[str], age_seconds: int
) -> None:
    world = World()
    world.outages |= dict.fromkeys(away, DOWN)
    order_id = world.submit()
    world.outages.clear()
    world.clock.sleep(age_seconds)

    swept = world.sweeper.sweep()

    assert (swept, queued(world)) == (1, [order_id])
    world.run()
    assert world.statuses(order_id) == FIVE


def test_sweep_queues_the_order_when_its_worker_is_gone() -> None:
    world = World(latency=timedelta(seconds=8))
    order_id = world.submit()
    world.execute(world.take())
    world.order_queue.messages.clear()
    world.clock.sleep(6 + 61)

    swept = world.sweeper.sweep()

    assert (swept, queued(world)) == (1, [order_id])
    world.run()
    assert world.statuses(order_id) == FIVE
    assert len(world.landed(order_id)) == 1


def test_sweep_leaves_orders_alone_when_they_are_final_or_not_long_due() -> None:
    world = World()
    world.submit()
    world.run()
    world.clock.sleep(61)
    world.submit()
    world.order_queue.messages.clear()
    world.clock.sleep(29)

    assert (world.sweeper.sweep(), queued(world)) == (0, [])


def test_sweep_takes_the_longest_due_first_when_there_are_many() -> None:
    world = World()
    order_ids = []
    for _ in range(130):
        order_ids.append(world.submit())
        world.clock.sleep(0.01)
    world.order_queue.messages.clear()
    world.clock.sleep(61)

    swept = world.sweeper.sweep()

    assert (swept, queued(world)) == (130, order_ids)
    assert len(world.calls("order_queue.enqueue")[-1].arguments[0]) == 30


def test_sweep_stops_at_a_thousand_when_there_are_more() -> None:
    world = World()
    for _ in range(1_100):
        world.submit()
    world.order_queue.messages.clear()
    world.clock.sleep(61)

    swept = [world.sweeper.sweep(), world.sweeper.sweep()]

    assert swept == [1_000, 100]


def test_sweep_queues_an_order_again_only_minutes_later_when_the_backlog_is_long() -> None:
    world = World()
    world.submit()
    world.clock.sleep(61)

    swept = []
    for _ in range(8):
        swept.append(world.sweeper.sweep())
        world.clock.sleep(60)

    assert swept == [1, 0, 0, 1, 0, 0, 1, 0]


def test_next_sweep_queues_the_order_when_the_queue_was_down_at_the_last() -> None:
    world = World()
    order_id = world.submit()
    world.order_queue.messages.clear()
    world.clock.sleep(61)
    world.outages["order_queue"] = DOWN

    with pytest.raises(UnavailableError):
        world.sweeper.sweep()
    world.outages.clear()

    assert (world.sweeper.sweep(), queued(world)) == (1, [order_id])
