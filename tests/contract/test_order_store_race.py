"""One writer wins in PostgreSQL, between connections that write at the same moment."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.owners import ANONYMOUS
from tests.contract.samples import accepted, order_id, put, started, way

PATIENCE_SECONDS = 10
WAITING = "SELECT count(*) AS many FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

Connect = Callable[[], PostgresDatabase]


@pytest.fixture
def connect(database_url: str) -> Iterator[Connect]:
    with ExitStack() as stack:

        def open_one() -> PostgresDatabase:
            opened = PostgresDatabase(database_url)
            stack.callback(opened.close)
            return opened

        yield open_one


@pytest.fixture
def until_waiting(connect: Connect) -> Callable[[int], None]:
    # A connection of its own: inside a transaction the view of the others stands still.
    watcher = connect()

    def wait(many: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while watcher.execute(WAITING)[0]["many"] < many:
            assert time.monotonic() < deadline, f"there never were {many} writers waiting"

    return wait


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
def test_save_lets_one_writer_win_when_another_is_not_done(
    connect: Connect, until_waiting: Callable[[int], None], ending: str
) -> None:
    one, other = connect(), connect()
    store, other_store = PostgresOrderStore(one), PostgresOrderStore(other)
    routing = started(accepted())
    put(store, accepted(), routing)
    [building], [failed] = way(routing, OrderStatus.BUILDING), way(routing, OrderStatus.FAILED)

    one.execute("BEGIN")
    store.save([building])
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(other_store.save, [failed])
        until_waiting(1)
        one.execute(ending)

    winner = building if ending == "COMMIT" else failed
    assert second.result() == ({} if winner is building else {order_id(1): 2})
    assert store.get(order_id(1), ANONYMOUS).order == winner.order
    assert [event.sequence for event in store.get(order_id(1), ANONYMOUS).events] == [1, 2, 3]


def test_add_stores_one_first_event_when_another_adds_the_same_order(
    connect: Connect, until_waiting: Callable[[int], None]
) -> None:
    one, other = connect(), connect()
    store, other_store = PostgresOrderStore(one), PostgresOrderStore(other)
    pending = accepted()

    one.execute("BEGIN")
    store.add(pending)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(other_store.add, pending)
        until_waiting(1)
        one.execute("COMMIT")

    assert second.exception() is None
    assert store.get(order_id(1), ANONYMOUS).events == (pending.event,)


def test_each_order_moves_once_when_two_workers_save_the_same_batches(connect: Connect) -> None:
    stores = [PostgresOrderStore(connect()), PostgresOrderStore(connect())]
    pending = [accepted(number) for number in range(1, 41)]
    for p in pending:
        stores[0].add(p)
    start = Barrier(len(stores), timeout=PATIENCE_SECONDS)

    def work(store: PostgresOrderStore) -> list[OrderId]:
        won: list[OrderId] = []
        for first in range(0, len(pending), 4):
            start.wait()
            won += store.save([started(p) for p in pending[first : first + 4]])
        return won

    with ThreadPoolExecutor(len(stores)) as pool:
        wins = [*pool.map(work, stores)]

    assert sorted(wins[0] + wins[1]) == [order_id(number) for number in range(1, 41)]
    assert all(len(stores[0].get(order_id(n), ANONYMOUS).events) == 2 for n in range(1, 41))


def test_one_worker_wins_when_two_hold_the_same_orders_in_opposite_order(
    connect: Connect, until_waiting: Callable[[int], None]
) -> None:
    one, other, holder = connect(), connect(), connect()
    moves = [started(accepted(number)) for number in (1, 2, 3)]
    for number in (1, 2, 3):
        put(PostgresOrderStore(holder), accepted(number))
    for database in (one, other):
        # The plan of a big table: each order of the batch is looked up, one after the other.
        database.execute("SET enable_hashjoin = off")
        database.execute("SET enable_mergejoin = off")
        database.execute("SET enable_seqscan = off")

    holder.execute("BEGIN")
    holder.execute("SELECT 1 FROM orders WHERE order_id = %s FOR UPDATE", [order_id(2)])
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(PostgresOrderStore(one).save, moves)
        second = pool.submit(PostgresOrderStore(other).save, moves[::-1])
        until_waiting(2)
        holder.execute("COMMIT")

    everything = {order_id(1), order_id(2), order_id(3)}
    assert sorted([{*first.result()}, {*second.result()}], key=len) == [set(), everything]
