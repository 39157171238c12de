"""What every OrderStore keeps when it is written to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.events import Details
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.orders import OrderStore
from tests.contract.samples import (
    START,
    accepted,
    order_id,
    put,
    started,
    way,
    way_to_confirmed,
)

ROUTING, BUILDING, SUBMITTED, FAILED = (
    OrderStatus.ROUTING,
    OrderStatus.BUILDING,
    OrderStatus.SUBMITTED,
    OrderStatus.FAILED,
)


def test_add_stores_order_and_first_event_when_new(store: OrderStore) -> None:
    pending = accepted()

    store.add(pending)

    record = store.get(pending.order.order_id)
    assert record.order == pending.order
    assert record.events == (pending.event,)


def test_add_changes_nothing_when_repeated(store: OrderStore) -> None:
    pending = accepted()
    store.add(pending)

    store.add(pending)

    assert store.get(pending.order.order_id).events == (pending.event,)


def test_add_changes_nothing_when_order_has_moved_on(store: OrderStore) -> None:
    pending = accepted()
    routing = started(pending)
    put(store, pending, routing)

    store.add(pending)

    record = store.get(pending.order.order_id)
    assert record.order == routing.order
    assert record.events == (pending.event, routing.event)


def test_add_keeps_the_first_when_another_has_its_id(store: OrderStore) -> None:
    first = accepted(amount=1)
    store.add(first)

    store.add(accepted(amount=2))

    assert store.get(first.order.order_id).order == first.order


def test_save_moves_every_order_when_sequences_are_expected(store: OrderStore) -> None:
    pending = [accepted(1), accepted(2), accepted(3)]
    moves = [started(p) for p in pending]
    for p in pending:
        store.add(p)

    moved = store.save(moves)

    assert moved == {order_id(1), order_id(2), order_id(3)}
    assert [store.get(m.order.order_id).order for m in moves] == [m.order for m in moves]


def _repeated(pending: Transition) -> Transition:
    return pending


def _of_unknown_order(pending: Transition) -> Transition:
    return started(accepted(99))


def _skipping_one(pending: Transition) -> Transition:
    return way_to_confirmed(pending)[1]


@pytest.mark.parametrize(
    "stray", [_repeated, _of_unknown_order, _skipping_one], ids=lambda stray: stray.__name__
)
def test_save_moves_only_expected_orders_when_one_is_stray(
    store: OrderStore, stray: Callable[[Transition], Transition]
) -> None:
    pending, other = accepted(1), accepted(2)
    put(store, pending)
    put(store, other)

    moved = store.save([stray(pending), started(other)])

    assert moved == {order_id(2)}
    assert store.get(order_id(1)).events == (pending.event,)
    assert not store.exists(order_id(99))


def test_save_changes_nothing_when_there_is_nothing(store: OrderStore) -> None:
    put(store, accepted())

    moved = store.save([])

    assert moved == set()
    assert len(store.get(order_id(1)).events) == 1


def test_save_lets_first_writer_win_when_two_move_one_order(store: OrderStore) -> None:
    pending = accepted()
    routing = started(pending)
    put(store, pending, routing)
    [building], [failed] = way(routing, BUILDING), way(routing, FAILED)

    winners = [store.save([building]), store.save([failed])]

    assert winners == [{order_id(1)}, set()]
    assert store.get(order_id(1)).order == building.order
    assert store.get(order_id(1)).events[-1] == building.event


RETRIED_ONCE = [ROUTING, BUILDING, SUBMITTED, ROUTING, BUILDING, SUBMITTED, FAILED]


@pytest.mark.parametrize("length", range(1, len(RETRIED_ONCE) + 1))
def test_history_is_gapless_and_ends_with_the_row_when_order_moves(
    store: OrderStore, length: int
) -> None:
    pending = accepted()
    moves = way(pending, *RETRIED_ONCE[:length])

    put(store, pending, *moves)

    record = store.get(order_id(1))
    last = record.events[-1]
    assert record.order == moves[-1].order
    assert record.events == (pending.event, *(move.event for move in moves))
    assert [event.sequence for event in record.events] == list(range(1, length + 2))
    assert (last.sequence, last.status, last.attempt, last.occurred_at) == (
        record.order.sequence,
        record.order.status,
        record.order.attempt,
        record.order.updated_at,
    )


def test_save_forgets_transaction_when_next_attempt_begins(store: OrderStore) -> None:
    pending = accepted()
    *until_submitted, again = way(pending, ROUTING, BUILDING, SUBMITTED, ROUTING)
    put(store, pending, *until_submitted)
    signed_before = store.get(order_id(1)).order.transaction

    store.save([again])

    assert signed_before is not None
    assert store.get(order_id(1)).order.transaction is None


@pytest.mark.parametrize("mode", SwapMode)
def test_amounts_survive_when_they_fill_u64(store: OrderStore, mode: SwapMode) -> None:
    pending = accepted(mode=mode, amount=U64_MAX)
    routing = started(pending)
    details: Details = {"amount_out": U64_MAX, "quotes": [{"amount_out": U64_MAX - 1}]}

    put(store, pending, replace(routing, event=replace(routing.event, details=details)))

    record = store.get(order_id(1))
    assert record.order.trade == pending.order.trade
    assert record.events[-1].details == details


@pytest.mark.parametrize(
    "details",
    [
        pytest.param({}, id="empty"),
        pytest.param({"grüße": "日本語 😀 \u202e", "é": "e\u0301"}, id="unicode"),
        pytest.param({"quote": "\" \\ ' %s %(x)s {} \n\t"}, id="characters of other languages"),
        pytest.param({"a": None, "b": [True, False, 0, -1], "c": {"d": [{}]}}, id="every kind"),
    ],
)
def test_details_survive_when_saved(store: OrderStore, details: Details) -> None:
    pending = accepted()
    routing = started(pending)
    put(store, pending)

    store.save([replace(routing, event=replace(routing.event, details=details))])

    assert store.get(order_id(1)).events[-1].details == details


@pytest.mark.parametrize("microsecond", [0, 1, 100_000, 123_450, 999_999])
def test_times_survive_when_fractions_differ(store: OrderStore, microsecond: int) -> None:
    at = START.replace(microsecond=microsecond)
    pending = accepted(at=at)

    store.add(pending)

    [loaded] = store.load([ExecuteOrder(order_id=order_id(1), announced_through=0)])
    assert (loaded.order.created_at, loaded.unannounced[0].occurred_at) == (at, at)
    assert loaded.order.created_at.utcoffset() == timedelta(0)
    assert loaded.unannounced[0].occurred_at.utcoffset() == timedelta(0)
