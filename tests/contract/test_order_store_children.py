"""Orders that come from others: with the move that makes them, or not at all."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import Condition, StatedPrice, StopTerms
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import USDC
from chalicelib.engine.ports.orders import CHILD_MARGIN, OrderFilter, OrderStore
from tests.contract.samples import START, accepted, order_id, put, started, way_to_confirmed

STOP = StopTerms(price=StatedPrice(text="140", price_in=USDC.mint), condition=Condition.BELOW)


def child_of(number: int, parent: Transition, **options: object) -> Transition:
    child = accepted(number, **options)
    return replace(child, order=replace(child.order, parent_id=parent.order.order_id))


def begetting(move: Transition, *children: Transition) -> Transition:
    return replace(move, children=children)


def test_children_are_stored_with_the_move_that_they_come_from(store: OrderStore) -> None:
    parent = accepted(1)
    put(store, parent)
    pending = child_of(2, parent)
    waiting = child_of(3, parent, terms=STOP, wait=timedelta(hours=1))

    moved = store.save([begetting(started(parent), pending, waiting)])

    assert moved.keys() == {order_id(1)}
    for child in (pending, waiting):
        record = store.get(child.order.order_id, ANONYMOUS)
        assert (record.order, record.events) == (child.order, (child.event,))
        assert record.order.parent_id == order_id(1)
    shown = store.page(OrderFilter(owner_id=ANONYMOUS, parent_id=order_id(1)), limit=9, after=None)
    assert sorted(record.order.order_id for record in shown) == [order_id(2), order_id(3)]
    assert store.get(order_id(1), ANONYMOUS).order.parent_id is None


def test_children_come_with_the_last_of_several_moves(store: OrderStore) -> None:
    parent = accepted(1)
    put(store, parent)
    *moves, confirmed = way_to_confirmed(parent)

    store.save([*moves, begetting(confirmed, child_of(2, parent))])

    assert store.get(order_id(1), ANONYMOUS).order.status is OrderStatus.CONFIRMED
    assert store.get(order_id(2), ANONYMOUS).order.status is OrderStatus.PENDING


def test_nobody_comes_from_a_move_that_lost(store: OrderStore) -> None:
    parent, other = accepted(1), accepted(3)
    put(store, parent, started(parent))
    put(store, other)

    moved = store.save(
        [
            begetting(started(parent), child_of(2, parent)),
            begetting(started(other), child_of(4, other)),
        ]
    )

    assert moved.keys() == {order_id(3)}
    assert not store.exists(order_id(2), ANONYMOUS)
    assert store.exists(order_id(4), ANONYMOUS)


def test_child_goes_its_own_way(store: OrderStore) -> None:
    parent = accepted(1)
    child = child_of(2, parent)
    put(store, parent)
    store.save([begetting(started(parent), child)])

    moves = way_to_confirmed(child)
    store.save(moves)

    [found] = store.load({order_id(2): 1})
    assert found.order == moves[-1].order
    assert [event.sequence for pack in found.unannounced for event in pack] == [2, 3, 4, 5]
    late = START + timedelta(days=1)
    assert store.stale(due_before=late, now=START, limit=9).keys() == {order_id(1)}


def test_child_is_stale_soon_unless_somebody_has_taken_it_up_or_it_waits(
    store: OrderStore,
) -> None:
    parent = accepted(1)
    lost, taken = child_of(2, parent), child_of(3, parent)
    waiting = child_of(4, parent, terms=STOP, wait=timedelta(hours=1))
    put(store, parent)
    store.save([begetting(started(parent), lost, taken, waiting)])
    store.save([started(taken)])

    def stale_at(moment: datetime) -> Mapping[OrderId, int]:
        return store.stale(due_before=START, now=moment, limit=9)

    assert stale_at(START + CHILD_MARGIN - timedelta(milliseconds=1)) == {}
    assert stale_at(START + CHILD_MARGIN) == {order_id(2): 1}
