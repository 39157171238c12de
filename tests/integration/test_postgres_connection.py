"""The database adapter when its connection breaks."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from chalicelib.adapters.postgres import database as adapter
from chalicelib.adapters.postgres.database import (
    CONNECT_TIMEOUT_SECONDS,
    PREPARED_AFTER,
    PostgresDatabase,
)
from chalicelib.adapters.postgres.migrate import migrate
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.orders import OrderFilter
from infra.local.processes import LOOPBACK, free_port
from tests.contract.samples import START, accepted, order_id, put, started

BACKEND = "SELECT pg_backend_pid() AS pid"

Use = Callable[[PostgresOrderStore], object]


def terminate_backend(database: PostgresDatabase, url: str) -> int:
    """End the session behind the database's back, and return once it is gone."""
    pid: int = database.execute(BACKEND)[0]["pid"]
    with psycopg.connect(url, autocommit=True) as other:
        # With a timeout the server waits until the process has ended.
        ended = other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchall()
    assert ended == [(True,)]
    return pid


@pytest.fixture
def unreachable() -> PostgresDatabase:
    return PostgresDatabase(f"postgresql://postgres@{LOOPBACK}:{free_port()}/postgres")


def test_database_raises_unavailable_once_and_reconnects_when_its_backend_was_terminated(
    database: PostgresDatabase, database_url: str
) -> None:
    pid = terminate_backend(database, database_url)

    with pytest.raises(UnavailableError):
        database.execute(BACKEND)

    assert database.execute(BACKEND)[0]["pid"] != pid


def test_database_uses_one_connection_when_nothing_breaks(database: PostgresDatabase) -> None:
    pids = {database.execute(BACKEND)[0]["pid"] for _ in range(3)}

    assert len(pids) == 1


def test_database_reconnects_when_it_was_closed(database: PostgresDatabase) -> None:
    pid = database.execute(BACKEND)[0]["pid"]

    database.close()
    database.close()

    assert database.execute(BACKEND)[0]["pid"] != pid


def test_database_keeps_its_connection_when_a_statement_is_wrong(
    database: PostgresDatabase,
) -> None:
    pid = database.execute(BACKEND)[0]["pid"]

    with pytest.raises(psycopg.errors.UndefinedTable):
        database.execute("SELECT 1 FROM no_such_table")

    assert database.execute(BACKEND)[0]["pid"] == pid


def test_database_raises_unavailable_when_a_statement_takes_too_long(
    database: PostgresDatabase,
) -> None:
    database.execute("SET statement_timeout = 20")

    with pytest.raises(UnavailableError):
        database.execute("SELECT pg_sleep(30)")

    assert database.execute("SELECT 1 AS answer") == [{"answer": 1}]


def test_database_raises_unavailable_when_server_is_out_of_reach(
    unreachable: PostgresDatabase,
) -> None:
    with pytest.raises(UnavailableError):
        unreachable.execute("SELECT 1")


def test_database_is_given_up_when_it_says_nothing_any_more(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "ANSWER_SECONDS", 0.2)
    with pooler(database_url) as url, closing(PostgresDatabase(url)) as database:
        pid = database.execute(BACKEND)[0]["pid"]
        with pytest.raises(UnavailableError, match="timeout"):
            database.execute("SELECT pg_sleep(20)")

        assert database.execute(BACKEND)[0]["pid"] != pid


def test_only_the_first_waits_when_a_server_does_not_answer() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        url = f"postgresql://postgres@{LOOPBACK}:{silent.getsockname()[1]}/postgres"
        database = PostgresDatabase(url)
        took = []
        for _ in range(5):
            began_at = time.monotonic()
            with pytest.raises(UnavailableError):
                database.execute("SELECT 1")
            took.append(time.monotonic() - began_at)

    first, *others = took
    assert CONNECT_TIMEOUT_SECONDS - 0.5 < first < CONNECT_TIMEOUT_SECONDS + 1
    assert sum(others) < 0.1


def test_database_connects_anew_when_its_server_has_become_a_replica(
    database: PostgresDatabase,
) -> None:
    pid = database.execute(BACKEND)[0]["pid"]
    database.execute("SET default_transaction_read_only = on")

    put(PostgresOrderStore(database), accepted(1))

    assert database.execute(BACKEND)[0]["pid"] != pid


def test_database_is_unavailable_when_there_is_only_a_replica(database_url: str) -> None:
    # As a connection's own setting, which a server has for all.
    url = f"{database_url}?options=-c%20default_transaction_read_only%3Don"
    with (
        closing(PostgresDatabase(url)) as database,
        pytest.raises(UnavailableError, match="read-only"),
    ):
        database.execute("SELECT 1")


def test_replica_is_read_when_the_url_says_so(database_url: str) -> None:
    url = f"{database_url}?options=-c%20default_transaction_read_only%3Don"
    with closing(PostgresDatabase(f"{url}&target_session_attrs=any")) as database:
        assert database.execute("SELECT 1 AS one") == [{"one": 1}]


REPEATABLE = [
    pytest.param(lambda s: s.add(accepted(1)), id="add"),
    pytest.param(lambda s: s.load({order_id(1): 1}), id="load"),
    pytest.param(lambda s: s.events([order_id(1)]), id="events"),
    pytest.param(lambda s: s.exists(order_id(1), ANONYMOUS), id="exists"),
    pytest.param(lambda s: s.get(order_id(1), ANONYMOUS), id="get"),
    pytest.param(lambda s: s.page(OrderFilter(owner_id=ANONYMOUS), limit=1, after=None), id="page"),
    pytest.param(lambda s: s.stale(due_before=START, now=START, limit=1), id="stale"),
    pytest.param(lambda s: s.schedule_sweep([order_id(1)], at=START), id="schedule sweep"),
    pytest.param(lambda s: s.check(), id="check"),
]
UNREPEATABLE = [
    pytest.param(lambda s: s.save([started(accepted(1))]), id="save"),
]


@pytest.mark.parametrize("use", REPEATABLE)
def test_store_answers_at_once_when_its_backend_was_terminated(
    database: PostgresDatabase, database_url: str, use: Use
) -> None:
    store = PostgresOrderStore(database)
    put(store, accepted(1))
    expected = use(store)
    terminate_backend(database, database_url)

    answer = use(store)

    assert answer == expected


def test_store_saves_once_when_tried_again_after_its_backend_was_terminated(
    database: PostgresDatabase, database_url: str
) -> None:
    store = PostgresOrderStore(database)
    put(store, accepted(1))
    terminate_backend(database, database_url)

    with pytest.raises(UnavailableError):
        store.save([started(accepted(1))])
    moved = store.save([started(accepted(1))])

    assert moved == {order_id(1): 1}
    assert [event.sequence for event in store.get(order_id(1), ANONYMOUS).events] == [1, 2]


@pytest.mark.parametrize("use", [*REPEATABLE, *UNREPEATABLE])
def test_store_raises_unavailable_when_server_is_out_of_reach(
    unreachable: PostgresDatabase, use: Use
) -> None:
    store = PostgresOrderStore(unreachable)

    with pytest.raises(UnavailableError):
        use(store)


def test_database_raises_unavailable_until_a_connection_is_free_when_all_are_taken(
    database_url: str,
) -> None:
    role = f"limited_{uuid4().hex}"
    limited_url = database_url.replace("postgres@", f"{role}@")
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1")
        first, second = PostgresDatabase(limited_url), PostgresDatabase(limited_url)
        try:
            first.execute(BACKEND)
            with pytest.raises(UnavailableError, match="too many connections"):
                second.execute(BACKEND)
            pid = first.execute(BACKEND)[0]["pid"]
            first.close()
            # The server ends the session a moment after the client has left.
            owner.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            assert second.execute(BACKEND)
        finally:
            first.close()
            second.close()
            owner.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s",
                [role],
            )
            owner.execute(f"DROP ROLE {role}")


# BackendKeyData: its length, the session's number; a secret follows.
SESSION = re.compile(rb"(K\0\0\0\x0c.)...", re.DOTALL)
PREPARED = "SELECT count(*) AS n FROM pg_prepared_statements"


def prepared_after_many(database: PostgresDatabase) -> int:
    counts = [database.execute(PREPARED)[0]["n"] for _ in range(2 * PREPARED_AFTER)]
    assert counts[: PREPARED_AFTER - 1] == [0] * (PREPARED_AFTER - 1)
    return int(counts[-1])


def test_statements_are_prepared_when_a_connection_has_run_some(database_url: str) -> None:
    with closing(PostgresDatabase(database_url)) as database:
        assert prepared_after_many(database) == 1


def test_plans_of_prepared_statements_are_kept_and_use_indexes(fresh_database_url: str) -> None:
    # Not a table that others have emptied: where it was vacuumed then, any of its indexes will do.
    migrate(fresh_database_url)
    statement = "SELECT * FROM orders WHERE order_id = ANY(%s::uuid[])"
    with closing(PostgresDatabase(fresh_database_url)) as database:
        for _ in range(3 * PREPARED_AFTER):
            database.execute(statement, [[str(uuid4())]])
        [prepared] = database.execute(
            "SELECT * FROM pg_prepared_statements WHERE statement LIKE 'SELECT * FROM orders%%'"
        )
        plan = database.execute(f"EXPLAIN EXECUTE {prepared['name']}('{{}}')")
    # The first of them is sent before psycopg has the server prepare the statement.
    assert (prepared["custom_plans"], prepared["generic_plans"] > PREPARED_AFTER) == (0, True)
    assert "orders_pkey" in str(plan)


def test_a_page_of_orders_is_planned_for_what_is_asked(database_url: str) -> None:
    with closing(PostgresDatabase(database_url)) as database:
        store = PostgresOrderStore(database)
        for _ in range(3 * PREPARED_AFTER):
            store.page(OrderFilter(owner_id=ANONYMOUS), limit=1, after=None)
        prepared = database.execute("SELECT statement FROM pg_prepared_statements")
    assert [row for row in prepared if "page" in str(row) or "LIMIT" in str(row)] == []


def test_no_statement_is_prepared_when_a_pooler_stands_between(database_url: str) -> None:
    with pooler(database_url) as url, closing(PostgresDatabase(url)) as database:
        assert prepared_after_many(database) == 0


def test_statement_runs_when_a_migration_has_changed_what_it_returns(
    database: PostgresDatabase, database_url: str
) -> None:
    table = f"changing_{uuid4().hex}"
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"CREATE TABLE {table} (a int)")
        try:
            before = [database.execute(f"SELECT * FROM {table}") for _ in range(2 * PREPARED_AFTER)]
            owner.execute(f"INSERT INTO {table} VALUES (1)")
            owner.execute(f"ALTER TABLE {table} ADD COLUMN b int DEFAULT 2")

            assert database.execute(f"SELECT * FROM {table}") == [{"a": 1, "b": 2}]
            assert not any(before)
        finally:
            owner.execute(f"DROP TABLE {table}")


@contextmanager
def pooler(database_url: str) -> Iterator[str]:
    """What the database looks like behind a pooler: sessions have numbers of its own."""
    parts = urlsplit(database_url)
    with ThreadingTCPServer((LOOPBACK, 0), _Pooler) as server:
        server.daemon_threads = True
        server.behind = (parts.hostname, parts.port)  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"{LOOPBACK}:{server.server_address[1]}"
        yield parts._replace(netloc=f"{parts.username}@{address}").geturl()
        server.shutdown()


class _Pooler(BaseRequestHandler):
    def handle(self) -> None:
        behind = self.server.behind  # type: ignore[attr-defined]
        with socket.create_connection(behind) as upstream:
            Thread(target=_relay, args=(self.request, upstream), daemon=True).start()
            _relay(upstream, self.request)


def _relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(SESSION.sub(rb"\1" + bytes(3), data))
        target.shutdown(socket.SHUT_WR)
