"""Exits come with the fill that they are of, over what was received, whoever sees it."""

from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.domain.orders.exits import exit_id
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import ExitTerms, LimitTerms, MarketTerms, TimeInForce
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.errors import TooManyWaitingError, UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.unit.engine.exiting import BUY, EVERY, LOSS, PAID, bought, buy, come, fired_by, world_of
from tests.world import World, ticks

# Bought for about 150 dollars a SOL, whatever the market says.
FILLED = LimitTerms(limit=9 * 10**8, time_in_force=TimeInForce.GTC, exit=EVERY)


def test_exit_of_a_limit_comes_when_that_is_filled() -> None:
    world = world_of()

    order_id = buy(world, FILLED)
    assert not world.store.exists(exit_id(order_id), ANONYMOUS)
    world.run()

    child = world.order(exit_id(order_id))
    [entry] = world.landed(order_id)
    assert child.trade.amount == entry.amount_out
    assert isinstance(child.terms, ExitTerms)
    assert child.terms.paid == entry.amount_in == PAID
    come(world, "100")
    assert fired_by(world, child) == "stop"


def test_exit_of_a_part_is_sized_on_what_was_received() -> None:
    world = world_of()
    wanted = 15_000_000 * 10**6
    # 151 dollars for a SOL: as many as there are for that.
    terms = LimitTerms(limit=wanted // 151 * 1_000, time_in_force=TimeInForce.IOC, exit=LOSS)

    order_id = buy(world, terms, amount_in=wanted)
    world.run()

    confirmed = world.details(order_id, len(world.statuses(order_id)))
    child = world.order(exit_id(order_id))
    assert 0 < confirmed["amount_in"] < wanted
    assert confirmed["amount_in_unfilled"] > 0
    assert (child.trade.amount, child.trade.mode) == (confirmed["amount_out"], SwapMode.EXACT_IN)
    assert isinstance(child.terms, ExitTerms)
    assert child.terms.paid == confirmed["amount_in"]


def test_exit_of_an_exact_output_sells_just_that() -> None:
    world = world_of()

    order_id = buy(world, MarketTerms(exit=LOSS), amount_out=10**9)
    world.run()

    assert world.order(exit_id(order_id)).trade.amount == 10**9


def failing(world: World) -> OrderId:
    return buy(world, MarketTerms(exit=EVERY))


def expiring(world: World) -> OrderId:
    beyond = LimitTerms(limit=10**15, time_in_force=TimeInForce.GTT, exit=EVERY)
    order_id = world.submit(
        amount_in=PAID, pair=BUY, terms=beyond, expires_at=world.clock.at + timedelta(seconds=5)
    )
    world.clock.at += timedelta(seconds=10)
    world.watch()
    return order_id


def cancelled(world: World) -> OrderId:
    order_id = buy(world, MarketTerms(exit=EVERY))
    world.cancel(order_id)
    return order_id


def unfillable(world: World) -> OrderId:
    return buy(world, LimitTerms(limit=10**15, time_in_force=TimeInForce.FOK, exit=EVERY))


@pytest.mark.parametrize(
    ("place", "status"),
    [
        (failing, OrderStatus.FAILED),
        (expiring, OrderStatus.EXPIRED),
        (cancelled, OrderStatus.CANCELLED),
        (unfillable, OrderStatus.FAILED),
    ],
)
def test_order_that_bought_nothing_has_no_exit(place: object, status: OrderStatus) -> None:
    world = world_of(failure_rate_bps=10_000)

    order_id = place(world)
    world.run()

    assert world.order(order_id).status is status
    assert [*world.store.orders] == [order_id]
    assert world.store.watches == {}


def test_order_that_landed_though_it_was_to_be_cancelled_has_its_exit() -> None:
    world = world_of()
    order_id = buy(world, MarketTerms(exit=EVERY))
    world.execute(world.take(), has_time=ticks(3))

    world.cancel(order_id)
    world.run()

    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert world.order(exit_id(order_id)).status is OrderStatus.OPEN


def test_watcher_is_started_when_an_exit_waits_and_none_is_at_work() -> None:
    world = world_of()

    bought(world, EVERY)

    assert len(world.calls("starter.start")) == 1


@pytest.mark.parametrize("dies_at", ["book.state", "starter.start", "status_queue.announce"])
@pytest.mark.parametrize("is_done", [False, True])
def test_exit_is_sold_once_when_the_worker_died_after_it_was_stored(
    dies_at: str, is_done: bool
) -> None:
    world = world_of()
    order_id = buy(world, MarketTerms(exit=EVERY))
    messages = world.take()
    deaths = world.unheard if is_done else world.outages
    deaths[dies_at] = RuntimeError("killed")
    with suppress(RuntimeError):
        world.execute(messages)
    deaths.clear()
    # Its message comes again.
    world.execute(messages)

    come(world, "230")

    assert world.statuses(exit_id(order_id)) == [
        "open",
        "routing",
        "building",
        "submitted",
        "confirmed",
    ]
    assert len(world.landed(exit_id(order_id))) == 1
    assert len(world.store.orders) == 2


def test_exit_is_none_when_the_confirmation_was_not_stored() -> None:
    world = world_of()
    order_id = buy(world, MarketTerms(exit=EVERY))
    messages = world.take()
    world.execute(messages, has_time=ticks(3))
    world.order_queue.messages.clear()
    world.outages["store.save"] = UnavailableError("away")
    with suppress(UnavailableError):
        world.execute(messages)

    assert [*world.store.orders] == [order_id]
    world.outages.clear()
    world.execute(messages)
    assert [*world.store.orders] == [order_id, exit_id(order_id)]


def test_exit_comes_with_an_order_that_the_rescue_settles() -> None:
    world = world_of()
    order_id = buy(world, MarketTerms(exit=EVERY))
    world.execute(world.take(), has_time=ticks(3))
    world.order_queue.messages.clear()

    world.rescuer.rescue([ExecuteOrder(order_id=order_id, rescues=1)])

    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert len(world.calls("starter.start")) == 1
    come(world, "100")
    assert world.order(exit_id(order_id)).status is OrderStatus.CONFIRMED


def test_owners_limit_of_waiting_orders_stops_no_exit() -> None:
    world = world_of()
    object.__setattr__(world.deployment.submitter, "waiting_max", 1)
    order_id = buy(world, MarketTerms(exit=EVERY))
    waiting = LimitTerms(limit=10**15, time_in_force=TimeInForce.GTC)
    buy(world, waiting)

    world.run()

    assert world.order(exit_id(order_id)).status is OrderStatus.OPEN
    with pytest.raises(TooManyWaitingError):
        buy(world, waiting)


def test_followers_learn_of_the_exit_with_the_confirmation_and_can_follow_it() -> None:
    world = world_of()
    order_id = buy(world, MarketTerms(exit=EVERY))
    world.connect("one", order_id)
    world.run()
    world.publish()
    last = world.updates("one")[-1]

    world.connect("other", last["exitOrderId"])
    come(world, "100")
    world.publish()

    assert (last["status"], last["exitOrderId"]) == ("confirmed", exit_id(order_id))
    assert [update["status"] for update in world.updates("other")] == [
        "open",
        "routing",
        "building",
        "submitted",
        "confirmed",
    ]
    assert "exitOrderId" not in world.updates("other")[-1]
