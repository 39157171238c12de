"""Orders over time: their slices on the grid, each once, whatever dies, fails or is missed."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.schedules import slice_id
from chalicelib.domain.orders.terms import AT_ONCE, DcaTerms, OnMissed, TwapTerms
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.admission.edit import Edit
from chalicelib.engine.errors import (
    InvalidScheduleError,
    SliceTooSmallError,
    UnavailableError,
)
from chalicelib.simulation.launches import LIFE_SLOTS
from tests.launches import buying, go_to, honest
from tests.unit.engine.scripted_rates import ScriptedRates, dollars
from tests.world import ONE_SOL, World, ticks

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def dca(slices: int = 3, **more: Any) -> DcaTerms:
    fields: dict[str, Any] = {"on_missed": OnMissed.SKIP, "start_at": AT_ONCE, **more}
    return DcaTerms(slices=slices, span=slices * MINUTE, **fields)


def twap(slices: int = 3, **more: Any) -> TwapTerms:
    fields: dict[str, Any] = {"on_missed": OnMissed.CATCH_UP, "start_at": AT_ONCE, **more}
    return TwapTerms(slices=slices, span=slices * MINUTE, **fields)


def sleep(world: World, span: timedelta) -> None:
    """Let nobody be at work for so long."""
    world.clock.at += span


def slices_of(world: World, parent_id: OrderId) -> list[Order]:
    orders = [o for o in world.store.orders.values() if o.parent_id == parent_id]
    return sorted(orders, key=lambda order: order.created_at)


def happenings(world: World, parent_id: OrderId) -> list[str]:
    """The kinds of the order's events."""
    return [type(event.details).__name__ for event in world.store.history[parent_id]]


def test_slices_trade_one_after_the_other_until_the_order_is_completed() -> None:
    world = World()
    parent_id = world.submit(amount_in=ONE_SOL + 1, terms=dca())
    world.connect("follower", parent_id)
    start = world.clock.at

    world.pass_time(4 * MINUTE)
    world.publish()

    slices = slices_of(world, parent_id)
    assert [s.order_id for s in slices] == [slice_id(parent_id, number) for number in range(3)]
    assert [s.status for s in slices] == [OrderStatus.CONFIRMED] * 3
    assert [s.trade.amount for s in slices] == [333_333_333, 333_333_333, 333_333_335]
    late = [s.created_at - (start + number * MINUTE) for number, s in enumerate(slices)]
    assert max(late) <= SECOND
    parent = world.order(parent_id)
    assert parent.status is OrderStatus.COMPLETED
    assert parent.transaction is None
    assert happenings(world, parent_id) == [
        "OrderOpened",
        *["SliceBegun", "SliceConfirmed"] * 3,
        "OrderCompleted",
    ]
    paid = sum(world.landed(s.order_id)[0].amount_in or 0 for s in slices)
    received = sum(world.landed(s.order_id)[0].amount_out or 0 for s in slices)
    assert parent.progress is not None
    assert (parent.progress.spent, parent.progress.received) == (paid, received)
    assert paid == ONE_SOL + 1
    assert world.sequences("follower") == [*range(1, 9)]
    assert [update["status"] for update in world.updates("follower")] == ["open"] * 7 + [
        "completed"
    ]
    assert world.store.watches == {}


def test_first_slice_waits_for_its_time() -> None:
    world = World()
    start_at = world.clock.at + 5 * MINUTE
    parent_id = world.submit(terms=dca(start_at=start_at))

    world.pass_time(4 * MINUTE)
    assert slices_of(world, parent_id) == []
    world.pass_time(2 * MINUTE)

    assert slices_of(world, parent_id)[0].created_at - start_at <= SECOND


def test_at_most_one_overdue_slice_runs_after_an_outage() -> None:
    world = World()
    parent_id = world.submit(terms=dca(slices=4))
    start = world.clock.at
    world.pass_time(30 * SECOND)

    sleep(world, 3 * MINUTE)
    world.pass_time(10 * SECOND)

    assert len(slices_of(world, parent_id)) == 2
    assert "SlicesMissed" in happenings(world, parent_id)
    world.pass_time(3 * MINUTE)
    # The grid has got longer by the two that were missed, and nothing drifts.
    slices = slices_of(world, parent_id)
    assert [round((s.created_at - start) / MINUTE) for s in slices] == [0, 4, 4, 5]
    assert sum(s.trade.amount for s in slices) == ONE_SOL
    assert world.order(parent_id).status is OrderStatus.COMPLETED


def test_slices_begin_however_late_the_workers_are() -> None:
    world = World()
    parent_id = world.submit(terms=dca(slices=3))

    while world.order(parent_id).status is OrderStatus.OPEN:
        # What a watcher asks, workers hear of only after the next slice is due.
        world.watch(SECOND)
        sleep(world, 70 * SECOND)
        world.run()
        assert world.clock.at - world.order(parent_id).created_at < timedelta(hours=1)

    slices = slices_of(world, parent_id)
    assert [s.status for s in slices] == [OrderStatus.CONFIRMED] * 3
    assert sum(s.trade.amount for s in slices) == ONE_SOL


def test_what_is_known_of_an_order_is_told_in_one_statement() -> None:
    world = World()
    parent_id = world.submit(terms=dca(slices=3))
    world.pass_time(SECOND)
    sleep(world, 3 * MINUTE)

    world.watch(SECOND)
    world.execute(world.take())

    told = ["SliceConfirmed", "SlicesMissed", "SliceBegun"]
    pack = world.store.packs[parent_id][-1]
    assert [type(event.details).__name__ for event in pack] == told


def test_what_was_missed_is_spread_over_the_rest_when_it_is_caught_up() -> None:
    world = World()
    parent_id = world.submit(terms=twap(slices=6))
    world.pass_time(30 * SECOND)

    sleep(world, 3 * MINUTE)
    world.pass_time(3 * MINUTE)

    amounts = [s.trade.amount for s in slices_of(world, parent_id)]
    assert sum(amounts) == ONE_SOL
    assert len(amounts) == 4
    assert amounts[1] > amounts[0]
    assert world.order(parent_id).status is OrderStatus.COMPLETED


def test_slice_is_skipped_when_the_price_stays_out_of_the_band() -> None:
    world = World()
    world.rates = ScriptedRates(clock=world.clock, usual="150")
    parent_id = world.submit(terms=dca(slices=2, max_price=dollars("140")))

    world.pass_time(3 * MINUTE)

    assert slices_of(world, parent_id) == []
    assert happenings(world, parent_id) == [
        "OrderOpened",
        "SliceSkipped",
        "SliceSkipped",
        "OrderCompleted",
    ]
    assert world.details(parent_id, 2)["skipped"]["code"] == "PRICE_OUT_OF_BAND"


def test_slice_begins_when_the_price_comes_into_the_band_in_time() -> None:
    world = World()
    world.rates = ScriptedRates(
        clock=world.clock, usual="150", prices=dict.fromkeys(range(20, 60), "139")
    )
    parent_id = world.submit(terms=dca(slices=1, max_price=dollars("140")))
    start = world.clock.at

    world.pass_time(25 * SECOND)

    [only] = slices_of(world, parent_id)
    assert 8 * SECOND <= only.created_at - start <= 12 * SECOND


def test_slices_of_a_limited_schedule_are_held_to_its_price() -> None:
    world = World()
    parent_id = world.submit(terms=twap(slices=2, limit_price=dollars("1000000")))

    world.pass_time(3 * MINUTE)

    assert [s.status for s in slices_of(world, parent_id)] == [OrderStatus.EXPIRED] * 2
    assert world.details(parent_id, 3)["skipped"]["code"] == "SLICE_EXPIRED"
    assert world.order(parent_id).status is OrderStatus.COMPLETED
    assert world.ledger.entries == {}


def test_failed_slice_is_skipped_with_its_reason() -> None:
    world = World(failure_rate_bps=10_000)
    parent_id = world.submit(terms=dca(slices=1))

    world.pass_time(MINUTE)

    assert world.details(parent_id, 3)["skipped"]["code"] == "TRANSACTION_FAILED"
    parent = world.order(parent_id)
    assert parent.progress is not None
    assert (parent.status, parent.progress.done, parent.progress.skipped) == ("completed", 0, 1)


def test_order_fails_once_when_the_pools_of_its_pair_are_gone() -> None:
    world, launch = World(), honest()
    go_to(world, launch.created_slot + LIFE_SLOTS - 100)
    parent_id = world.submit(pair=buying(launch), terms=dca(slices=10), slippage_bps=2_000)

    world.pass_time(3 * MINUTE)

    [begun] = slices_of(world, parent_id)
    assert begun.status is OrderStatus.CONFIRMED
    parent = world.order(parent_id)
    assert parent.progress is not None
    assert (parent.status, parent.progress.done) == (OrderStatus.FAILED, 1)
    assert world.details(parent_id, parent.sequence)["code"] == "UNKNOWN_PAIR"
    assert world.store.watches == {}


def test_nothing_begins_while_the_order_is_paused() -> None:
    world = World()
    parent_id = world.submit(terms=dca(slices=3))
    world.pass_time(30 * SECOND)

    edit(world, parent_id, is_paused=True)
    world.pass_time(3 * MINUTE)
    assert len(slices_of(world, parent_id)) == 1
    edit(world, parent_id, is_paused=False)
    world.pass_time(4 * MINUTE)

    assert len(slices_of(world, parent_id)) == 3
    assert world.order(parent_id).status is OrderStatus.COMPLETED


def edit(world: World, parent_id: OrderId, *, is_paused: bool) -> None:
    order = world.order(parent_id)
    assert isinstance(order.terms, DcaTerms)
    edited = Edit(
        terms=replace(order.terms, is_paused=is_paused),
        slippage_bps=order.slippage_bps,
        expires_at=None,
        trigger_if_met=False,
        changed={"paused": is_paused},
    )
    world.deployment.editor.edit(
        parent_id, ANONYMOUS, sequence=order.sequence, edit_of=lambda _: edited
    )


def test_slice_that_is_not_signed_goes_with_its_cancelled_order() -> None:
    world = World()
    parent_id = world.submit(terms=dca())
    world.watch(SECOND)
    world.execute(world.take())
    [slice_order] = slices_of(world, parent_id)

    parent = world.cancel(parent_id)
    in_flight = world.canceller.end_slices(parent)
    world.pass_time(3 * MINUTE)

    assert (parent.status, in_flight) == (OrderStatus.CANCELLED, ())
    assert [s.status for s in slices_of(world, parent_id)] == [OrderStatus.CANCELLED]
    assert world.landed(slice_order.order_id) == []


def test_slice_that_is_signed_runs_to_its_end_when_its_order_is_cancelled() -> None:
    world = World(latency=timedelta(seconds=2))
    parent_id = world.submit(terms=dca())
    world.watch(SECOND)
    world.execute(world.take())
    [begun] = slices_of(world, parent_id)
    while world.order(begun.order_id).transaction is None:
        world.clock.at += timedelta(milliseconds=100)
        world.execute(world.take(), has_time=ticks(1))

    parent = world.cancel(parent_id)
    in_flight = world.canceller.end_slices(parent)
    world.pass_time(3 * MINUTE)

    assert in_flight == (begun.order_id,)
    assert world.order(begun.order_id).status is OrderStatus.CONFIRMED
    assert world.order(parent_id).status is OrderStatus.CANCELLED
    assert len(slices_of(world, parent_id)) == 1


def test_slice_is_never_signed_once_its_order_is_cancelled() -> None:
    world = World()
    parent_id = world.submit(terms=dca())
    world.watch(SECOND)
    world.execute(world.take())
    # The owner cancels while a worker has the slice in hand, and dies before the slice is ended.
    world.meanwhile("wallet.sign_swap", lambda: world.cancel(parent_id))

    world.pass_time(2 * MINUTE)

    [only] = slices_of(world, parent_id)
    assert only.transaction is None
    assert world.ledger.entries == {}


@pytest.mark.parametrize("outage", ["store.save", "store.events", "order_queue", "status_queue"])
def test_schedule_heals_when_a_service_was_away(outage: str) -> None:
    world = World()
    parent_id = world.submit(terms=dca(slices=3))
    for _ in range(6):
        world.outages[outage] = UnavailableError("away")
        world.watch(SECOND)
        with suppress(UnavailableError):
            world.execute(world.take())
        world.outages.clear()
        world.pass_time(30 * SECOND)
    world.pass_time(3 * MINUTE)

    slices = slices_of(world, parent_id)
    assert [s.status for s in slices] == [OrderStatus.CONFIRMED] * 3
    assert sum(s.trade.amount for s in slices) == ONE_SOL
    assert world.order(parent_id).status is OrderStatus.COMPLETED


def test_slice_begins_once_when_two_workers_look_at_its_order() -> None:
    world = World()
    parent_id = world.submit(terms=dca())
    world.watch(SECOND)
    messages = world.take()
    world.meanwhile("store.save", lambda: world.execute(messages))

    world.execute(messages)
    world.run()

    assert len(slices_of(world, parent_id)) == 1
    assert happenings(world, parent_id).count("SliceBegun") == 1


@pytest.mark.parametrize(
    ("slices", "span", "amount", "refusal"),
    [
        (10, 10 * MINUTE, 9, SliceTooSmallError),
        (2, SECOND, 9, InvalidScheduleError),
        (2, timedelta(days=91), 9, InvalidScheduleError),
    ],
    ids=["3 base units for 10", "too near", "too long"],
)
def test_schedule_is_refused_when_it_cannot_be_kept(
    slices: int, span: timedelta, amount: int, refusal: type[Exception]
) -> None:
    world = World()
    terms = DcaTerms(slices=slices, start_at=AT_ONCE, span=span, on_missed=OnMissed.SKIP)

    with pytest.raises(refusal):
        world.submit(amount_in=amount, terms=terms)

    assert world.store.orders == {}


def test_schedule_is_refused_when_it_would_begin_in_the_past() -> None:
    world = World()

    with pytest.raises(InvalidScheduleError):
        world.submit(terms=dca(start_at=world.clock.at - SECOND))


def test_slices_are_at_least_a_minute_apart_where_trading_takes_time() -> None:
    world = World(latency=timedelta(seconds=2))

    with pytest.raises(InvalidScheduleError, match="60 s"):
        world.submit(
            terms=DcaTerms(slices=2, start_at=AT_ONCE, span=118 * SECOND, on_missed=OnMissed.SKIP)
        )
