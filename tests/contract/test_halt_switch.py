"""The halt switch, and the order store that looks at it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.adapters.memory.halts import MemoryHaltSwitch
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.halts import PostgresHaltSwitch
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.lifecycle import cancel
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.errors import HaltedError
from chalicelib.engine.limits import IdempotencyKey
from chalicelib.engine.ports.halts import HaltSwitch
from chalicelib.engine.ports.orders import OrderStore
from tests.contract.samples import START, accepted, order_id, way, way_to_confirmed

KEY = IdempotencyKey(value="key", fingerprint=b"a" * 32)
Parts = tuple[HaltSwitch, OrderStore]


@pytest.fixture(params=["memory", "postgres"])
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    if request.param == "memory":
        store = MemoryOrderStore()
        yield MemoryHaltSwitch(store), store
    else:
        database: PostgresDatabase = request.getfixturevalue("database")
        yield PostgresHaltSwitch(database), PostgresOrderStore(database)


def test_switch_is_thrown_once_until_it_is_taken_back(parts: Parts) -> None:
    switch, _ = parts
    later = START + timedelta(hours=1)

    assert switch.halted_since() is None
    assert switch.halt(START) == START
    assert switch.halt(later) == START
    assert switch.halted_since() == START
    assert [switch.resume(later), switch.resume(later)] == [True, False]
    assert switch.halted_since() is None


def test_no_order_is_stored_while_halted_but_a_repeated_one_is_answered(parts: Parts) -> None:
    switch, store = parts
    store.add(accepted(1), key=KEY)
    switch.halt(START)

    assert store.add(accepted(2), key=KEY).order.order_id == order_id(1)
    with pytest.raises(HaltedError):
        store.add(accepted(3))
    with pytest.raises(HaltedError):
        store.add(accepted(4), key=IdempotencyKey(value="new", fingerprint=b"b" * 32))
    switch.resume(START)

    assert not store.exists(order_id(3), ANONYMOUS)
    store.add(accepted(4), key=IdempotencyKey(value="new", fingerprint=b"b" * 32))
    assert store.exists(order_id(4), ANONYMOUS)


def test_only_what_is_newly_signed_is_refused_while_halted(parts: Parts) -> None:
    switch, store = parts
    for number in (1, 2, 3):
        store.add(accepted(number))
    [signing, unsigned, cancelled] = [accepted(number) for number in (1, 2, 3)]
    routing, building, submitted, confirmed = way_to_confirmed(signing)
    store.save([routing, building])
    [other_routing] = way(unsigned, OrderStatus.ROUTING)
    switch.halt(START)

    assert store.save([other_routing]).keys() == {order_id(2)}
    assert store.save([way(unsigned, OrderStatus.ROUTING, OrderStatus.BUILDING)[1]]) == {}
    # What is signed goes on, with a request to cancel it as well.
    assert store.save([cancel(building.order, at=START)]).keys() == {order_id(1)}
    assert store.save([cancel(cancelled.order, at=START)]).keys() == {order_id(3)}
    assert store.get(order_id(1), ANONYMOUS).order.cancel_requested
    assert submitted.order.status is OrderStatus.SUBMITTED
    assert confirmed.order.status is OrderStatus.CONFIRMED


def test_orders_that_stood_still_are_swept_when_the_stage_goes_on(parts: Parts) -> None:
    switch, store = parts
    pending = accepted(1)
    store.add(pending)
    store.save(way(pending, OrderStatus.ROUTING))
    switch.halt(START)
    early = START - timedelta(days=1)
    assert store.stale(due_before=early, now=START, limit=9) == {}

    switch.resume(START)

    assert store.stale(due_before=early, now=START, limit=9) == {order_id(1): 1}
