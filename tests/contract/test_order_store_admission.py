"""An order is stored once under a key, and not beyond its owner's limit."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.engine.errors import IdempotencyKeyReusedError, RateLimitedError
from chalicelib.engine.limits import IdempotencyKey, RateLimit
from chalicelib.engine.ports.orders import OrderFilter, OrderStore
from tests.contract.samples import START, accepted, order_id, put, way, way_to_confirmed

KEY = IdempotencyKey(value="key", fingerprint=b"a" * 32)
OTHER_KEY = replace(KEY, value="other")
ALICE, BOB = OwnerId("alice"), OwnerId("bob")
TWO = RateLimit(orders_max=2)
MANY = 50


def owned(owner_id: OwnerId, number: int, after: timedelta = timedelta(0)) -> Transition:
    transition = accepted(number, at=START + after)
    return replace(transition, order=replace(transition.order, owner_id=owner_id))


def numbers_of(store: OrderStore, owner_id: OwnerId) -> list[str]:
    page = store.page(OrderFilter(owner_id=owner_id), limit=100, after=None)
    return [record.order.order_id for record in page]


def test_order_is_admitted_once_when_its_key_comes_again(store: OrderStore) -> None:
    first = store.add(owned(ALICE, 1), key=KEY)
    second = store.add(owned(ALICE, 2), key=KEY)

    assert (first.is_replay, second.is_replay) == (False, True)
    assert second.order == first.order
    assert numbers_of(store, ALICE) == [order_id(1)]


def test_replay_is_the_order_as_it_was_accepted_when_it_is_over(store: OrderStore) -> None:
    pending = owned(ALICE, 1)
    store.add(pending, key=KEY)
    for transition in way_to_confirmed(pending):
        store.save([transition])

    again = store.add(owned(ALICE, 2), key=KEY)

    assert again.order == pending.order
    assert store.get(order_id(1), ALICE).order.status is OrderStatus.CONFIRMED


def test_key_is_refused_when_it_named_another_order(store: OrderStore) -> None:
    store.add(owned(ALICE, 1), key=KEY)
    other = replace(KEY, fingerprint=b"b" * 32)

    with pytest.raises(IdempotencyKeyReusedError):
        store.add(owned(ALICE, 2), key=other)
    with pytest.raises(IdempotencyKeyReusedError):
        store.replay(ALICE, other)

    assert numbers_of(store, ALICE) == [order_id(1)]


def test_keys_of_two_owners_are_two_keys(store: OrderStore) -> None:
    admissions = [store.add(owned(owner, n), key=KEY) for n, owner in ((1, ALICE), (2, BOB))]

    assert [admission.is_replay for admission in admissions] == [False, False]


def test_nothing_is_stored_twice_when_the_same_order_is_added_again(store: OrderStore) -> None:
    admissions = [store.add(owned(ALICE, 1), key=KEY, limit=TWO) for _ in range(2)]

    assert [admission.is_replay for admission in admissions] == [False, False]
    assert len(store.get(order_id(1), ALICE).events) == 1
    assert store.add(owned(ALICE, 2), limit=TWO).used == 2


def test_order_is_refused_whole_when_its_owner_has_placed_enough(store: OrderStore) -> None:
    used = [store.add(owned(ALICE, n), limit=TWO).used for n in (1, 2)]

    with pytest.raises(RateLimitedError) as refusal:
        store.add(owned(ALICE, 3, after=timedelta(seconds=20)), key=KEY, limit=TWO)

    assert used == [1, 2]
    assert timedelta(0) < refusal.value.retry_after <= TWO.window
    assert store.load({order_id(3): 1}) == []
    assert store.replay(ALICE, KEY) is None
    assert store.add(owned(BOB, 4), limit=TWO).used == 1


def test_owner_may_place_orders_again_when_the_next_window_begins(store: OrderStore) -> None:
    for number in (1, 2):
        store.add(owned(ALICE, number), limit=TWO)
    left = TWO.window_left(START)

    admission = store.add(owned(ALICE, 3, after=left), limit=TWO)

    assert admission.used == 1


def test_replay_costs_nothing_of_the_limit(store: OrderStore) -> None:
    for number in (1, 2):
        store.add(owned(ALICE, number), key=KEY if number == 1 else OTHER_KEY, limit=TWO)

    assert store.add(owned(ALICE, 3), key=KEY, limit=TWO).is_replay


def test_old_keys_are_forgotten_and_the_young_kept(store: OrderStore) -> None:
    for number, key in enumerate((KEY, OTHER_KEY, replace(KEY, value="young")), 1):
        placed = owned(ALICE, number, after=timedelta(minutes=number))
        store.add(placed, key=key)
        store.save(way(placed, OrderStatus.FAILED))
    unfinished = replace(KEY, value="unfinished")
    store.add(owned(ALICE, 4), key=unfinished)
    before = START + timedelta(minutes=3)

    pruned = [store.prune_keys(before=before, limit=1) for _ in range(3)]

    assert pruned == [1, 1, 0]
    assert store.replay(ALICE, unfinished) is not None
    assert store.replay(ALICE, KEY) is None
    assert store.replay(ALICE, replace(KEY, value="young")) is not None


def test_order_of_another_owner_does_not_exist(store: OrderStore) -> None:
    put(store, owned(ALICE, 1))

    assert store.exists(order_id(1), ALICE)
    assert not store.exists(order_id(1), BOB)
    assert not store.exists(order_id(1), ANONYMOUS)
    assert numbers_of(store, BOB) == []
    with pytest.raises(OrderNotFoundError):
        store.get(order_id(1), BOB)


def test_one_order_is_stored_when_fifty_come_at_once_under_one_key(
    database: PostgresDatabase, database_url: str
) -> None:
    def place(number: int) -> str:
        connection = PostgresDatabase(database_url)
        try:
            admission = PostgresOrderStore(connection).add(
                owned(ALICE, number), key=KEY, limit=RateLimit(orders_max=1)
            )
            return admission.order.order_id
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = [*pool.map(place, range(1, MANY + 1))]

    assert len({*answers}) == 1
    assert numbers_of(PostgresOrderStore(database), ALICE) == [answers[0]]


def test_no_more_orders_are_stored_than_the_limit_when_fifty_come_at_once(
    database: PostgresDatabase, database_url: str
) -> None:
    limit = RateLimit(orders_max=20)

    def place(number: int) -> bool:
        connection = PostgresDatabase(database_url)
        try:
            return bool(PostgresOrderStore(connection).add(owned(ALICE, number), limit=limit))
        except RateLimitedError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(place, range(1, MANY + 1))) == 20

    assert len(numbers_of(PostgresOrderStore(database), ALICE)) == 20
