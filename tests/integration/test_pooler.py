"""The database as clouds have it: behind a pooler, with TLS, and with a password that changes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from chalicelib.adapters.postgres import database as adapter
from chalicelib.adapters.postgres import roots
from chalicelib.adapters.postgres.database import PREPARED_AFTER, PostgresDatabase
from chalicelib.adapters.postgres.migrate import STATEMENT_TIMEOUT, migrate
from chalicelib.adapters.postgres.roots import with_roots
from chalicelib.bootstrap import Deployment
from chalicelib.engine.errors import UnavailableError
from chalicelib.settings import settings_of
from infra.local.postgres import LocalPostgres
from tests.pooler import Pooler, pooler, write_certificates
from tests.world import SETTINGS

NEW = "another"


@pytest.fixture(scope="module")
def rotated(postgres: LocalPostgres) -> Iterator[Pooler]:
    """A pooler whose password changes."""
    with pooler(postgres, "first") as started:
        yield started


def test_statements_run_and_none_is_prepared_when_transactions_take_turns(
    pooled_database: PostgresDatabase,
) -> None:
    for _ in range(2 * PREPARED_AFTER):
        assert pooled_database.execute("SELECT count(*) AS n FROM pg_prepared_statements") == [
            {"n": 0}
        ]


def test_statements_are_limited_behind_a_pooler(pooled_database: PostgresDatabase) -> None:
    assert pooled_database.execute("SHOW statement_timeout") == [
        {"statement_timeout": STATEMENT_TIMEOUT}
    ]


def test_database_is_migrated_through_a_pooler(pooled_url: str) -> None:
    assert migrate(pooled_url) == []


@pytest.fixture
def authority(pooler: Pooler, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only one that RDS has certificates from."""
    monkeypatch.setattr(roots, "RDS_ROOTS", pooler.authority)
    return pooler.authority


@pytest.mark.usefixtures("authority")
def test_database_answers_when_its_certificate_is_of_a_known_authority(pooler: Pooler) -> None:
    url = with_roots(pooler.url("first"), "rds")

    with closing(PostgresDatabase(url)) as database:
        assert database.execute("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.usefixtures("authority")
@pytest.mark.parametrize("mode", ["", "&sslmode=disable", "&sslmode=require"])
def test_database_is_refused_when_its_certificate_is_of_another_host(
    pooler: Pooler, mode: str
) -> None:
    url = with_roots(pooler.url("first", host="elsewhere.example") + mode, "rds")

    with (
        closing(PostgresDatabase(url)) as database,
        pytest.raises(UnavailableError, match="does not match host name"),
    ):
        database.execute("SELECT 1")


@pytest.mark.parametrize("known", ["rds", "public"])
def test_database_is_refused_when_nobody_knows_its_authority(pooler: Pooler, known: str) -> None:
    with (
        closing(PostgresDatabase(with_roots(pooler.url("first"), known))) as database,
        pytest.raises(UnavailableError, match="certificate verify failed"),
    ):
        database.execute("SELECT 1")


def test_url_decides_when_it_shall(tmp_path: Path, pooler: Pooler) -> None:
    write_certificates(tmp_path)
    url = pooler.url("first") + "&sslmode=verify-ca&sslrootcert="

    assert with_roots(url + str(tmp_path), "url") == url + str(tmp_path)


def test_password_is_read_again_when_it_has_changed(rotated: Pooler) -> None:
    passwords = iter([NEW])
    rotated.admit("one")
    database = PostgresDatabase(
        rotated.checked_url("one"), renewed_url=lambda: rotated.checked_url(next(passwords))
    )
    with closing(database):
        assert database.execute("SELECT 1 AS one")
        rotated.admit(NEW)
        assert database.execute("SELECT 1 AS one")
        database.close()

        assert database.execute("SELECT 1 AS one")


def test_service_reads_its_secret_again_when_the_password_has_changed(rotated: Pooler) -> None:
    now = {"password": "one"}
    rotated.admit("one")
    deployment = Deployment(
        lambda: settings_of(SETTINGS | {"database_url": rotated.checked_url(now["password"])})
    )
    with closing(deployment.database) as database:
        deployment.order_store.check()
        database.close()
        now["password"] = NEW
        rotated.admit(NEW)

        deployment.order_store.check()


def test_nobody_notices_when_the_password_changes_under_load(
    rotated: Pooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "RENEWAL_SECONDS", 0.0)
    rotated.admit("first")
    now = {"password": "first"}

    def renewed_url() -> str:
        return rotated.checked_url(now["password"])

    def use(database: PostgresDatabase) -> int:
        for _ in range(10):
            database.execute("SELECT 1")
            # As often as functions come and go.
            database.close()
        return 10

    with ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        databases = [PostgresDatabase(renewed_url(), renewed_url=renewed_url) for _ in range(4)]
        for database in databases:
            stack.callback(database.close)
        done = [pool.submit(use, database) for database in databases]
        now["password"] = "second"
        rotated.admit("second")

        assert [each.result(20) for each in done] == [10] * 4


def test_secret_is_read_once_a_while_when_its_password_is_refused(rotated: Pooler) -> None:
    rotated.admit("first")
    read: list[int] = []

    def renewed_url() -> str:
        read.append(1)
        return rotated.checked_url("wrong-as-well")

    with closing(PostgresDatabase(rotated.checked_url("x"), renewed_url=renewed_url)) as database:
        for _ in range(3):
            with pytest.raises(UnavailableError, match="authentication failed"):
                database.execute("SELECT 1")

    assert read == [1]


def test_password_is_not_shown_when_it_is_refused(rotated: Pooler) -> None:
    with (
        closing(PostgresDatabase(rotated.checked_url("hunter2"))) as database,
        pytest.raises(UnavailableError) as refusal,
    ):
        database.execute("SELECT 1")

    assert "hunter2" not in str(refusal.value.detail)


def test_statement_timeout_is_that_of_the_service_in_its_database_only(database_url: str) -> None:
    elsewhere = database_url.rpartition("/")[0] + "/template1"
    found = []
    for url in (database_url, elsewhere):
        with psycopg.connect(url) as connection:
            found.append(connection.execute("SHOW statement_timeout").fetchone())

    assert found == [(STATEMENT_TIMEOUT,), ("0",)]
