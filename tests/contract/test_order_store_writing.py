"""What every OrderStore keeps when it is written to."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.events import (
    AttemptStarted,
    EventDetails,
    Failure,
    OrderFailed,
    TransactionBuilt,
)
from chalicelib.domain.orders.lifecycle import Transition, advance
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import MARKET
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.ports.orders import OrderFilter, OrderStore
from tests.contract.samples import (
    LIMIT,
    OFFER,
    accepted,
    details_of,
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

    record = store.get(pending.order.order_id, ANONYMOUS)
    assert record.order == pending.order
    assert record.events == (pending.event,)


def test_add_changes_nothing_when_repeated(store: OrderStore) -> None:
    pending = accepted()
    store.add(pending)

    store.add(pending)

    assert store.get(pending.order.order_id, ANONYMOUS).events == (pending.event,)


def test_add_changes_nothing_when_order_has_moved_on(store: OrderStore) -> None:
    pending = accepted()
    routing = started(pending)
    put(store, pending, routing)

    store.add(pending)

    record = store.get(pending.order.order_id, ANONYMOUS)
    assert record.order == routing.order
    assert record.events == (pending.event, routing.event)


def test_add_keeps_the_first_when_another_has_its_id(store: OrderStore) -> None:
    first = accepted(amount=1)
    store.add(first)

    store.add(accepted(amount=2))

    assert store.get(first.order.order_id, ANONYMOUS).order == first.order


def test_save_moves_every_order_when_sequences_are_expected(store: OrderStore) -> None:
    pending = [accepted(1), accepted(2), accepted(3)]
    moves = [started(p) for p in pending]
    for p in pending:
        store.add(p)

    moved = store.save(moves)

    assert moved.keys() == {order_id(1), order_id(2), order_id(3)}
    assert [store.get(m.order.order_id, ANONYMOUS).order for m in moves] == [m.order for m in moves]


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

    assert moved.keys() == {order_id(2)}
    assert store.get(order_id(1), ANONYMOUS).events == (pending.event,)
    assert not store.exists(order_id(99), ANONYMOUS)


def test_save_moves_an_order_several_steps_when_they_follow_one_another(store: OrderStore) -> None:
    far, near = accepted(1), accepted(2)
    put(store, far)
    put(store, near)
    steps, step = way_to_confirmed(far), started(near)

    moved = store.save([steps[0], step, *steps[1:]])

    record = store.get(order_id(1), ANONYMOUS)
    assert moved.keys() == {order_id(1), order_id(2)}
    assert record.order == steps[-1].order
    assert record.events == (far.event, *(s.event for s in steps))
    assert store.get(order_id(2), ANONYMOUS).events == (near.event, step.event)


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_save_stores_none_of_an_orders_steps_when_somebody_was_faster(
    store: OrderStore, ahead: int
) -> None:
    raced, other = accepted(1), accepted(2)
    put(store, raced, *way(raced, ROUTING, BUILDING, SUBMITTED)[:ahead])
    put(store, other)
    before = store.get(order_id(1), ANONYMOUS)

    moved = store.save([*way(raced, ROUTING, FAILED), *way(other, ROUTING, FAILED)])

    assert moved.keys() == {order_id(2)}
    assert store.get(order_id(1), ANONYMOUS) == before
    assert len(store.get(order_id(2), ANONYMOUS).events) == 3


def test_save_changes_nothing_when_there_is_nothing(store: OrderStore) -> None:
    put(store, accepted())

    moved = store.save([])

    assert moved == {}
    assert len(store.get(order_id(1), ANONYMOUS).events) == 1


def test_save_lets_first_writer_win_when_two_move_one_order(store: OrderStore) -> None:
    pending = accepted()
    routing = started(pending)
    put(store, pending, routing)
    [building], [failed] = way(routing, BUILDING), way(routing, FAILED)

    winners = [store.save([building]), store.save([failed])]

    assert winners == [{order_id(1): 2}, {}]
    assert store.get(order_id(1), ANONYMOUS).order == building.order
    assert store.get(order_id(1), ANONYMOUS).events[-1] == building.event


RETRIED_ONCE = [ROUTING, BUILDING, SUBMITTED, ROUTING, BUILDING, SUBMITTED, FAILED]


@pytest.mark.parametrize("length", range(1, len(RETRIED_ONCE) + 1))
def test_history_is_gapless_and_ends_with_the_row_when_order_moves(
    store: OrderStore, length: int
) -> None:
    pending = accepted()
    moves = way(pending, *RETRIED_ONCE[:length])

    put(store, pending, *moves)

    record = store.get(order_id(1), ANONYMOUS)
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
    signed_before = store.get(order_id(1), ANONYMOUS).order.transaction

    store.save([again])

    assert signed_before is not None
    assert store.get(order_id(1), ANONYMOUS).order.transaction is None


@pytest.mark.parametrize("mode", SwapMode)
def test_amounts_survive_when_they_fill_u64(store: OrderStore, mode: SwapMode) -> None:
    pending = accepted(mode=mode, amount=U64_MAX)
    full = replace(OFFER, amount_in=U64_MAX - 1, amount_out=U64_MAX)
    built = details_of(OrderStatus.BUILDING)
    assert isinstance(built, TransactionBuilt)
    details = replace(
        built,
        decision=replace(built.decision, quotes=(full,)),
        min_amount_out=None,
        max_amount_in=U64_MAX,
    )

    put(store, pending, *saying(pending, details))

    record = store.get(order_id(1), ANONYMOUS)
    assert record.order.trade == pending.order.trade
    assert record.events[-1].details == details


ODD_TEXTS = {
    "empty": "",
    "unicode": "grüße 日本語 😀 \u202e e\u0301",
    "characters of other languages": "\" \\ ' %s %(x)s {} \n\t",
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_texts_of_an_event_survive_when_saved(store: OrderStore, text: str) -> None:
    pending = accepted()
    details = AttemptStarted(retry_of=Failure(code="ODD", message=text))

    put(store, pending, *saying(pending, details))

    assert store.get(order_id(1), ANONYMOUS).events[-1].details == details


def test_pools_that_refused_survive_when_saved_and_nothing_else_forgets_them(
    store: OrderStore,
) -> None:
    pending, refused_by = accepted(), ("9Jx", "B37", "9Jx")
    routing = started(pending)
    failure = Failure(code="TRANSACTION_FAILED", message="refused")
    again = advance(
        routing.order,
        AttemptStarted(retry_of=failure, refused_by=refused_by),
        at=routing.order.updated_at,
        attempt=2,
        refused_by=refused_by,
    )
    quotes_came_late = advance(
        again.order, AttemptStarted(retry_of=failure), at=again.order.updated_at, attempt=3
    )

    put(store, pending, routing, again, quotes_came_late)

    record = store.get(order_id(1), ANONYMOUS)
    assert record.order.refused_by == refused_by
    assert record.events[-2].details == again.event.details
    assert record.order == quotes_came_late.order


def test_failure_survives_with_what_could_have_been_filled(store: OrderStore) -> None:
    pending = accepted()
    failure = Failure(code="INSUFFICIENT_LIQUIDITY", message="too much", amount_in_max=2**63)

    put(store, pending, *saying(pending, OrderFailed(failure=failure)))

    assert store.get(order_id(1), ANONYMOUS).events[-1].details == OrderFailed(failure=failure)


@pytest.mark.parametrize("status", OrderStatus)
def test_event_survives_whatever_its_kind(store: OrderStore, status: OrderStatus) -> None:
    pending = accepted(terms=LIMIT if status is OrderStatus.OPEN else MARKET)

    put(store, pending, *saying(pending, details_of(status)))

    assert store.get(order_id(1), ANONYMOUS).events[-1].details == details_of(status)


def test_tokens_survive_when_no_list_names_them(store: OrderStore) -> None:
    unlisted = Token(symbol="NEW", mint=Mint("New" + "1" * 40), decimals=3)
    pending = accepted(pair=Pair(token_in=SOL, token_out=unlisted))

    put(store, pending, *way_to_confirmed(pending))

    record = store.get(order_id(1), ANONYMOUS)
    assert record.order.pair == pending.order.pair
    assert {event.pair for event in record.events} == {pending.order.pair}
    assert store.events([order_id(1)])[order_id(1)] == record.events
    [page] = store.page(
        OrderFilter(owner_id=ANONYMOUS, output_mint=unlisted.mint), limit=1, after=None
    )
    assert page.order == record.order


def saying(pending: Transition, details: EventDetails) -> list[Transition]:
    """A move whose event says that; what a real order may do next is not asked."""
    routing = started(pending)
    event = replace(routing.event, details=details)
    signed = way_to_confirmed(pending)[1].order.transaction
    order = replace(routing.order, status=details.status, transaction=signed)
    return [replace(routing, order=order, event=event)]
