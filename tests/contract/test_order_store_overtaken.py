"""With a new order come back those that newer ones have overtaken, and no others."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from chalicelib.adapters.postgres.database import KEEP_PLANS, PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.engine.errors import RateLimitedError
from chalicelib.engine.limits import IdempotencyKey, RateLimit
from chalicelib.engine.ports.orders import BEGUN_MAX, OVERTAKEN_MAX, OrderStore
from tests.contract.samples import (
    START,
    accepted,
    order_id,
    put,
    started,
    way,
    way_to_confirmed,
)

SECOND = timedelta(seconds=1)
NEWER = count(1_000)


def at(seconds: float, number: int = 1) -> Transition:
    return accepted(number, at=START + seconds * SECOND)


def take_up(store: OrderStore, seconds: float) -> None:
    """Accept an order then, which a worker takes up at once."""
    pending = at(seconds, next(NEWER))
    put(store, pending, started(pending))


def brought_back(store: OrderStore, seconds: float) -> list[int]:
    """The numbers of the orders that come back with one accepted then."""
    overtaken = store.add(at(seconds, next(NEWER))).overtaken
    return sorted(int(order_id.replace("-", ""), 16) for order_id in overtaken)


def test_pending_order_comes_back_when_one_of_five_seconds_later_was_taken_up(
    store: OrderStore,
) -> None:
    put(store, at(0))

    take_up(store, 5)
    just_then = brought_back(store, 5.1)
    take_up(store, 5.001)
    after = brought_back(store, 5.2)

    assert (just_then, after) == ([], [1])


def test_nothing_comes_back_when_what_went_on_was_cancelled(store: OrderStore) -> None:
    put(store, at(0))
    newer = at(60, 2)

    put(store, newer, *way(newer, OrderStatus.CANCELLED))

    assert brought_back(store, 61) == []


def test_nothing_comes_back_when_a_long_backlog_is_worked_off_in_order(store: OrderStore) -> None:
    backlog = [at(number / 10, number) for number in range(1, 31)]
    for pending in backlog:
        store.add(pending)

    came_back = []
    for position, pending in enumerate(backlog):
        came_back += brought_back(store, 40 + position)
        store.save([started(pending)])

    assert came_back == []


@pytest.mark.parametrize(
    "status", [OrderStatus.ROUTING, OrderStatus.BUILDING, OrderStatus.SUBMITTED]
)
def test_order_midway_comes_back_when_it_is_overtaken_by_ten_seconds(
    store: OrderStore, status: OrderStatus
) -> None:
    statuses = [OrderStatus.ROUTING, OrderStatus.BUILDING, OrderStatus.SUBMITTED]
    pending = at(0)
    moves = way(pending, *statuses[: statuses.index(status) + 1])
    put(store, pending, *moves)
    due_seconds = (moves[-1].order.due_at - START) / SECOND

    take_up(store, due_seconds + 9.9)
    before = brought_back(store, due_seconds + 9.9)
    take_up(store, due_seconds + 10.1)
    after = brought_back(store, due_seconds + 10.2)

    assert (before, after) == ([], [1])


def test_orders_do_not_come_back_when_they_are_final_or_not_due(store: OrderStore) -> None:
    confirmed, failed, waiting = (at(0, number) for number in (1, 2, 3))
    put(store, confirmed, *way_to_confirmed(confirmed))
    put(store, failed, *way(failed, OrderStatus.ROUTING, OrderStatus.FAILED))
    put(store, waiting)
    store.schedule_sweep([order_id(3)], at=START + 180 * SECOND)
    take_up(store, 100)

    assert brought_back(store, 101) == []


def test_order_comes_back_again_when_it_has_stood_still_about_twice_as_long(
    store: OrderStore,
) -> None:
    put(store, at(0))

    times = []
    for half_seconds in range(240):
        take_up(store, half_seconds / 2)
        if 1 in brought_back(store, half_seconds / 2):
            times.append(half_seconds / 2)

    assert times == [5.5, 11.5, 23.5, 47.5, 95.5]


def test_order_comes_back_anew_when_it_has_moved_and_stands_again(store: OrderStore) -> None:
    pending = at(0)
    put(store, pending)
    take_up(store, 60)
    assert brought_back(store, 60) == [1]

    store.save([started(pending)])
    first = brought_back(store, 60)

    assert first == [1]


def test_oldest_nine_come_back_first_and_the_others_next_when_many_are_overtaken(
    store: OrderStore,
) -> None:
    for number in range(1, 22):
        put(store, at(-number, number))
    take_up(store, 30)

    pages = [brought_back(store, 30) for _ in range(4)]

    assert OVERTAKEN_MAX == 9
    assert pages == [[*range(13, 22)], [*range(4, 13)], [1, 2, 3], []]


def test_newest_order_taken_up_counts_when_old_ones_were_taken_up_after_it(
    store: OrderStore,
) -> None:
    put(store, at(0))
    take_up(store, 30)
    for number in range(2, BEGUN_MAX + 1):
        old = at(0, number)
        begin, *others = way_to_confirmed(old)
        late = replace(begin, event=replace(begin.event, occurred_at=START + 31 * SECOND))
        put(store, old, late, *others)

    assert brought_back(store, 32) == [1]


def test_orders_come_back_with_nobody_when_no_new_order_was_stored(store: OrderStore) -> None:
    key, limit = IdempotencyKey(value="key", fingerprint=b"a" * 32), RateLimit(orders_max=1)
    first = at(30, 2)
    store.add(first, key=key, limit=limit)
    put(store, at(0))
    take_up(store, 30)

    replayed = store.add(at(31, 3), key=key)
    repeated = store.add(first)
    with pytest.raises(RateLimitedError):
        store.add(at(31, 4), limit=limit)

    assert [*replayed.overtaken, *repeated.overtaken] == []
    assert brought_back(store, 31) == [1]


@pytest.fixture
def other(database_url: str) -> Iterator[PostgresDatabase]:
    other = PostgresDatabase(database_url)
    yield other
    other.close()


def test_each_order_comes_back_once_when_two_are_accepted_at_the_same_moment(
    database: PostgresDatabase, other: PostgresDatabase
) -> None:
    stores = [PostgresOrderStore(database), PostgresOrderStore(other)]
    for number in range(1, 37):
        put(stores[0], at(0, number))
    take_up(stores[0], 30)
    begin = Barrier(2, timeout=10)

    def accept_two(store: OrderStore) -> list[int]:
        begin.wait()
        return [number for _ in range(2) for number in brought_back(store, 31)]

    with ThreadPoolExecutor(2) as pool:
        came_back = [*pool.map(accept_two, stores)]

    assert sorted(came_back[0] + came_back[1]) == [*range(1, 37)]


def test_order_is_accepted_without_waiting_when_a_worker_holds_an_overtaken_one(
    database: PostgresDatabase, other: PostgresDatabase
) -> None:
    store = PostgresOrderStore(database)
    for number in (1, 2):
        put(store, at(0, number))
    take_up(store, 30)

    other.execute("BEGIN")
    PostgresOrderStore(other).save([started(at(0, 1))])

    assert brought_back(store, 31) == [2]


def test_overtaken_orders_are_found_by_indexes_in_their_order(
    other: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A plan that was made for small tables is kept when they are large.
    other.execute(KEEP_PLANS)
    plans: list[str] = []
    execute = PostgresDatabase.execute

    def explained(self: PostgresDatabase, statement: str, *given: Any, **options: Any) -> Any:
        plan = execute(self, f"EXPLAIN (FORMAT JSON) {statement}", *given, **options)
        plans.append(json.dumps(plan))
        return execute(self, statement, *given, **options)

    monkeypatch.setattr(PostgresDatabase, "execute", explained)
    PostgresOrderStore(other).add(at(0))

    used = {*re.findall(r'"Index Name": "(\w+)"', plans[0])}
    assert {"orders_in_hand", "order_events_begun"} <= used
    assert re.findall("Seq Scan|Bitmap|Sort", plans[0]) == []
