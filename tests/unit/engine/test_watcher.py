"""The watcher: every slot once, whoever looks, whatever fails."""

from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import LimitTerms, OcoTerms, TimeInForce, TrailingStopTerms
from chalicelib.engine.errors import (
    InvalidExpiryError,
    TooManyWaitingError,
    UnavailableError,
    WouldTriggerImmediatelyError,
)
from chalicelib.engine.watching.watcher import check_watcher
from chalicelib.simulation.market import SLOT
from tests.unit.engine.scripted_rates import ScriptedRates, dollars, stop_below
from tests.world import World

OUT_OF_REACH = LimitTerms(limit=U64_MAX, time_in_force=TimeInForce.GTC)


def world_of(**prices: str) -> World:
    """A world whose price is 150, but in the slots that are named: s7="140"."""
    world = World()
    in_slots = {int(name[1:]): price for name, price in prices.items()}
    world.rates = ScriptedRates(clock=world.clock, prices=in_slots)
    return world


def pass_slots(world: World, slots: int) -> None:
    world.clock.at += slots * SLOT


def statuses(world: World, order_id: OrderId) -> list[str]:
    return [str(status) for status in world.statuses(order_id)]


def test_stop_is_executed_when_its_price_comes() -> None:
    world = world_of(s3="139")
    order_id = world.submit(terms=stop_below("140"))
    world.connect("follower", order_id)

    world.watch(timedelta(seconds=2))
    world.run()
    world.publish()

    expected = ["open", "routing", "building", "submitted", "confirmed"]
    assert statuses(world, order_id) == expected
    assert [update["status"] for update in world.updates("follower")] == expected
    trigger = world.updates("follower")[1]["trigger"]
    slot = world.rates.first_slot + 3
    assert (trigger["kind"], trigger["price"], trigger["slot"]) == ("stop", "139", slot)
    assert "gapSlots" not in trigger
    assert len(world.landed(order_id)) == 1
    assert world.store.watches == {}


def test_price_that_came_and_went_while_nobody_watched_is_seen() -> None:
    world = world_of(s7="139")
    stop = world.submit(terms=stop_below("140"))
    limit = world.submit(terms=OUT_OF_REACH)
    world.run()

    pass_slots(world, 20)
    world.watch()
    world.run()

    assert world.order(stop).status is OrderStatus.CONFIRMED
    assert world.details(stop, 2)["trigger"]["slot"] == world.rates.first_slot + 7
    assert world.order(limit).status is OrderStatus.OPEN


def test_nothing_fires_on_a_price_from_before_the_order() -> None:
    world = world_of(s0="100", s1="100", s2="100")
    pass_slots(world, 2)
    order_id = world.submit(terms=stop_below("140"), trigger_if_met=True)

    pass_slots(world, 10)
    world.watch()

    assert statuses(world, order_id) == ["open"]


def test_slots_that_lie_too_far_back_are_left_out_and_told() -> None:
    world = world_of(s7="139", s200="138")
    order_id = world.submit(terms=stop_below("140"))
    world.watch(timedelta(milliseconds=300))

    pass_slots(world, 300)
    world.watch()

    trigger = world.details(order_id, 2)["trigger"]
    assert trigger["slot"] == world.rates.first_slot + 200
    assert trigger["gap_slots"] == 0
    assert min(n for n in world.rates.looked_at if n > 1) == 151


def test_gap_is_told_when_the_trigger_comes_right_after_it() -> None:
    world = world_of(s151="138")
    order_id = world.submit(terms=stop_below("140"))

    pass_slots(world, 300)
    world.watch()

    assert world.details(order_id, 2)["trigger"]["gap_slots"] == 150


@pytest.mark.parametrize("dies_at", ["book.tick", "order_queue.enqueue", "clock.sleep"])
@pytest.mark.parametrize("is_done", [False, True])
def test_order_is_executed_once_when_a_watcher_dies(dies_at: str, is_done: bool) -> None:
    world = world_of(s2="139", s4="138")
    order_id = world.submit(terms=stop_below("140"))
    pass_slots(world, 3)
    deaths = world.unheard if is_done else world.outages
    deaths[dies_at] = RuntimeError("killed")
    with pytest.raises(RuntimeError, match="killed"):
        world.watch()
    deaths.clear()
    # It keeps the orders' sweep in motion when something waits.
    world.submit(terms=OUT_OF_REACH)

    pass_slots(world, 15)
    world.watch(timedelta(seconds=5))
    world.run()

    assert statuses(world, order_id)[-1] == "confirmed"
    assert statuses(world, order_id).count("routing") == 1
    assert len(world.landed(order_id)) == 1


def test_order_is_queued_again_soon_when_its_message_is_lost() -> None:
    world = world_of(s2="139")
    order_id = world.submit(terms=stop_below("140"))
    world.outages["order_queue"] = UnavailableError("away")
    world.watch(timedelta(seconds=1))
    world.outages.clear()
    assert not world.order_queue.messages

    world.submit(terms=OUT_OF_REACH)
    world.order_queue.messages.clear()
    world.watch(timedelta(seconds=7))

    assert order_id in [message.order_id for message in world.order_queue.messages]
    world.run()
    assert statuses(world, order_id)[-1] == "confirmed"


@pytest.mark.parametrize("away", ["rates.since", "book.state", "book.tick"])
def test_slots_are_looked_at_later_when_something_is_away(away: str) -> None:
    world = world_of(s3="139")
    order_id = world.submit(terms=stop_below("140"))
    world.watch(timedelta(milliseconds=100))

    world.outages[away] = UnavailableError("away")
    world.clock.at += timedelta(milliseconds=1)
    with suppress(UnavailableError):
        world.watch(timedelta(seconds=3))
    assert statuses(world, order_id) == ["open"]
    world.outages.clear()
    pass_slots(world, 10)
    world.watch()

    assert statuses(world, order_id) == ["open", "routing"]


def test_watcher_returns_at_once_when_nothing_waits() -> None:
    world = world_of()
    world.submit()
    started_at = world.clock.at

    world.watch(timedelta(hours=1))

    assert world.clock.at == started_at
    assert not world.calls("book.tick")


def test_watcher_ends_when_nothing_has_waited_for_a_while() -> None:
    world = world_of(s2="139")
    world.submit(terms=stop_below("140"))
    started_at = world.clock.at

    world.watch(timedelta(hours=1))

    assert timedelta(seconds=10) < world.clock.at - started_at < timedelta(seconds=20)
    assert not world.book.state().is_watched


def test_watcher_goes_on_when_an_order_comes_as_it_ends() -> None:
    world = world_of(s2="139", s60="139")
    world.submit(terms=stop_below("140"))
    late: list[OrderId] = []
    # It sees a watcher at work, and leaves the order to that.
    world.meanwhile("book.release", lambda: late.append(world.submit(terms=stop_below("140"))))

    world.watch(timedelta(seconds=40))

    assert len(world.calls("starter.start")) == 1
    assert world.order(late[0]).status is OrderStatus.ROUTING


def test_watcher_is_started_by_the_first_order_that_waits() -> None:
    world = world_of()

    world.submit()
    assert not world.calls("starter.start")
    world.submit(terms=stop_below("140"))
    assert len(world.calls("starter.start")) == 1
    world.watch(timedelta(milliseconds=100))
    world.book.leased_until = world.clock.at + timedelta(seconds=1)
    world.submit(terms=stop_below("140"))

    assert len(world.calls("starter.start")) == 1


@pytest.mark.parametrize("away", ["starter", "book"])
def test_order_is_accepted_though_no_watcher_can_be_started(away: str) -> None:
    world = world_of()
    world.outages[away] = UnavailableError("away")

    order_id = world.submit(terms=stop_below("140"))

    assert world.order(order_id).status is OrderStatus.OPEN


@pytest.mark.parametrize("stands_by", [True, False])
def test_second_watcher_stands_by_when_it_is_told_to(stands_by: bool) -> None:
    world = world_of(s5="139")
    order_id = world.submit(terms=stop_below("140"))
    world.watch(timedelta(milliseconds=100))
    world.book.holder, world.book.leased_until = "other", world.clock.at + timedelta(seconds=4)
    until = world.clock.at + timedelta(seconds=8)

    world.deployment.watcher.watch(
        "second", has_time=lambda: world.clock.at < until, stands_by=stands_by
    )

    assert statuses(world, order_id) == (["open", "routing"] if stands_by else ["open"])


def test_what_was_lost_is_queued_with_the_first_look_of_the_next_watcher() -> None:
    world = world_of(s2="139")
    order_id = world.submit(terms=stop_below("140"))
    world.submit(terms=OUT_OF_REACH)
    world.outages["order_queue"] = UnavailableError("away")
    world.watch(timedelta(seconds=1))
    world.outages.clear()
    world.order_queue.messages.clear()
    world.clock.at += timedelta(seconds=3)

    world.watch(timedelta(milliseconds=100))

    assert [message.order_id for message in world.order_queue.messages] == [order_id]


def test_sweep_looks_at_the_slots_that_nobody_watches() -> None:
    world = world_of(s3="139")
    order_id = world.submit(terms=stop_below("140"))
    pass_slots(world, 10)

    world.deployment.watcher.catch_up("sweep")

    assert statuses(world, order_id) == ["open", "routing"]
    assert not world.book.state().is_watched


def test_service_is_not_ready_when_nobody_has_looked_for_minutes() -> None:
    world = world_of()
    world.submit(terms=stop_below("140"))
    world.watch(timedelta(seconds=1))
    check_watcher(world.book.state())

    world.clock.at += timedelta(minutes=3)

    with pytest.raises(UnavailableError, match="no slot was looked at"):
        check_watcher(world.book.state())


def test_order_expires_and_its_followers_are_told() -> None:
    world = world_of(s40="139")
    expires_at = world.clock.at + timedelta(seconds=10)
    order_id = world.submit(terms=stop_below("140"), expires_at=expires_at)
    world.connect("follower", order_id)

    world.watch(timedelta(seconds=20))
    world.run()
    world.publish()

    assert [update["status"] for update in world.updates("follower")] == ["open", "expired"]
    assert world.order(order_id).updated_at >= expires_at
    assert world.store.watches == {}


@pytest.mark.parametrize(
    "terms",
    [stop_below("150"), stop_below("151"), OcoTerms(take_profit=dollars("149"), stop=dollars("1"))],
    ids=repr,
)
def test_order_is_refused_when_its_trigger_is_met_unless_that_is_wanted(terms: OcoTerms) -> None:
    world = world_of()

    with pytest.raises(WouldTriggerImmediatelyError):
        world.submit(terms=terms)
    assert not world.store.orders

    order_id = world.submit(terms=terms, trigger_if_met=True)
    pass_slots(world, 2)
    world.watch()
    assert statuses(world, order_id) == ["open", "routing"]


def test_stop_below_is_open_when_it_is_placed_above() -> None:
    world = world_of()

    order_id = world.submit(terms=stop_below("140"))
    world.watch(timedelta(seconds=5))

    assert statuses(world, order_id) == ["open"]


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_order_is_refused_when_it_would_end_before_it_begins_or_too_late(days: int) -> None:
    world = world_of()

    with pytest.raises(InvalidExpiryError):
        world.submit(terms=stop_below("140"), expires_at=world.clock.at + timedelta(days=days))

    assert not world.store.orders


def test_order_waits_for_ninety_days_when_it_does_not_say_for_how_long() -> None:
    world = world_of()

    order = world.order(world.submit(terms=TrailingStopTerms(trailing_bps=100)))

    assert order.expires_at == order.created_at + timedelta(days=90)
    assert order.armed_slot == world.rates.first_slot


def test_orders_are_refused_when_too_many_wait() -> None:
    world = world_of()
    for _ in range(1_000):
        world.submit(terms=stop_below("140"))

    with pytest.raises(TooManyWaitingError):
        world.submit(terms=stop_below("140"))
    world.submit()
