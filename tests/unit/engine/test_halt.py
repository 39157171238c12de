"""A halted stage: nothing new is accepted or signed, and everything else goes on."""

from datetime import timedelta

import pytest

from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import LimitTerms, TimeInForce
from chalicelib.engine.errors import HaltedError
from chalicelib.engine.messages import ExecuteOrder
from tests.unit.engine.scripted_rates import ScriptedRates, stop_below
from tests.world import World, ticks

LATENCY = timedelta(seconds=2)


def halted(world: World) -> None:
    world.switch.halt(world.clock.at)


def go_on(world: World) -> None:
    for _ in range(5):
        world.run()
        world.clock.at += timedelta(seconds=60)
        world.sweeper.sweep()
    world.run()


def test_no_order_is_accepted_while_the_stage_is_halted() -> None:
    world = World()
    halted(world)

    with pytest.raises(HaltedError):
        world.submit()
    with pytest.raises(HaltedError):
        world.submit(terms=LimitTerms(limit=1, time_in_force=TimeInForce.GTC))

    assert world.store.orders == {}


@pytest.mark.parametrize("status", [OrderStatus.PENDING, OrderStatus.ROUTING])
def test_nothing_is_signed_until_the_stage_goes_on(status: OrderStatus) -> None:
    world = World(latency=LATENCY)
    order_id = world.submit()
    while world.order(order_id).status is not status:
        world.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(1))
    halted(world)

    go_on(world)

    assert world.order(order_id).transaction is None
    assert world.order(order_id).status in (OrderStatus.PENDING, OrderStatus.ROUTING)
    assert world.landed(order_id) == []
    assert world.switch.resume(world.clock.at)
    assert world.sweeper.sweep() == 1
    world.run()
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert len(world.landed(order_id)) == 1


def test_signed_transaction_is_carried_on_while_the_stage_is_halted() -> None:
    world = World(latency=LATENCY)
    order_id = world.submit()
    while world.order(order_id).status is not OrderStatus.BUILDING:
        world.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(1))
        world.clock.sleep(0.1)
    halted(world)

    world.order_queue.enqueue([ExecuteOrder(order_id=order_id)])
    go_on(world)

    assert world.order(order_id).status is OrderStatus.CONFIRMED


def test_orders_are_cancelled_triggered_and_expire_while_the_stage_is_halted() -> None:
    world = World()
    world.rates = ScriptedRates(clock=world.clock, prices={3: "139"})
    pending = world.submit()
    fired = world.submit(terms=stop_below("140"))
    over = world.submit(terms=stop_below("100"), expires_at=world.clock.at + timedelta(seconds=5))
    halted(world)

    assert world.cancel(pending).status is OrderStatus.CANCELLED
    world.watch(timedelta(seconds=10))
    world.run()

    assert world.order(fired).status is OrderStatus.ROUTING
    assert world.order(over).status is OrderStatus.EXPIRED
    world.switch.resume(world.clock.at)
    go_on(world)
    assert world.order(fired).status is OrderStatus.CONFIRMED


def test_switch_tells_since_when_it_is_thrown() -> None:
    world = World()
    first = world.clock.at

    assert world.switch.halted_since() is None
    assert world.switch.halt(first) == first
    assert world.switch.halt(first + timedelta(hours=1)) == first
    assert world.switch.halted_since() == first
    assert world.switch.resume(first)
    assert not world.switch.resume(first)
    assert world.switch.halted_since() is None
