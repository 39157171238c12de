"""Migrations: forward only, each once, all or none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from chalicelib.adapters.postgres import migrate as migrations
from chalicelib.adapters.postgres.database import SQL_FOLDER
from chalicelib.adapters.postgres.migrate import migrate

NAMES = sorted(path.stem for path in (SQL_FOLDER / "migrations").glob("*.sql"))

AddMigration = Callable[[str, str], None]


@pytest.fixture
def add_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddMigration:
    """Migrations of the test's own instead of the project's."""
    (tmp_path / "migrations").mkdir()
    monkeypatch.setattr(migrations, "SQL_FOLDER", tmp_path)

    def add(name: str, text: str) -> None:
        (tmp_path / "migrations" / f"{name}.sql").write_text(text)

    return add


def tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
            " WHERE table_schema IN ('public', 'chain')"
        ).fetchall()
    return sorted(name for (name,) in rows)


def recorded(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return sorted(name for (name,) in connection.execute("SELECT name FROM migrations"))


def test_migrations_apply_in_order_when_database_is_new(fresh_database_url: str) -> None:
    applied = migrate(fresh_database_url)

    assert applied == NAMES
    assert recorded(fresh_database_url) == NAMES
    assert {"public.orders", "public.order_events", "chain.transactions"} <= {
        *tables(fresh_database_url)
    }


def test_migrations_change_nothing_when_applied_again(fresh_database_url: str) -> None:
    migrate(fresh_database_url)
    before = tables(fresh_database_url)

    applied = migrate(fresh_database_url)

    assert applied == []
    assert tables(fresh_database_url) == before
    assert recorded(fresh_database_url) == NAMES


def test_migrations_apply_once_when_four_deployments_run_at_once(fresh_database_url: str) -> None:
    many = 4
    start = Barrier(many, timeout=10)

    def deploy(_: int) -> list[str]:
        start.wait()
        return migrate(fresh_database_url)

    with ThreadPoolExecutor(many) as pool:
        applied = [*pool.map(deploy, range(many))]

    assert sorted(applied) == [[], [], [], NAMES]
    assert recorded(fresh_database_url) == NAMES


def test_only_new_migration_applies_when_others_were_applied_before(
    fresh_database_url: str, add_migration: AddMigration
) -> None:
    add_migration("0001_first", "CREATE TABLE first (id integer)")
    migrate(fresh_database_url)
    add_migration(
        "0002_second", "CREATE TABLE second (id integer); CREATE TABLE third (id integer)"
    )

    applied = migrate(fresh_database_url)

    assert applied == ["0002_second"]
    assert tables(fresh_database_url) == [
        "public.first",
        "public.migrations",
        "public.second",
        "public.third",
    ]


def test_nothing_is_applied_when_one_migration_fails(
    fresh_database_url: str, add_migration: AddMigration
) -> None:
    add_migration("0001_good", "CREATE TABLE good (id integer)")
    add_migration("0002_bad", "CREATE TABLE bad (id integer); SELECT 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(fresh_database_url)

    assert tables(fresh_database_url) == []


def test_migration_gives_way_and_tries_again_when_its_table_is_in_use(
    fresh_database_url: str, add_migration: AddMigration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "50ms")
    add_migration("0001_first", "CREATE TABLE first (id integer)")
    migrate(fresh_database_url)
    add_migration("0002_second", "ALTER TABLE first ADD COLUMN second integer")
    said: list[str] = []
    with psycopg.connect(fresh_database_url) as other:
        other.execute("SELECT count(*) FROM first")

        def let_go(text: str) -> None:
            said.append(text)
            other.rollback()

        assert migrate(fresh_database_url, let_go) == ["0002_second"]
    assert len(said) == 1


def test_migration_says_so_when_its_table_is_always_in_use(
    fresh_database_url: str, add_migration: AddMigration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", "10ms")
    add_migration("0001_first", "CREATE TABLE first (id integer)")
    migrate(fresh_database_url)
    add_migration("0002_second", "ALTER TABLE first ADD COLUMN second integer")
    with psycopg.connect(fresh_database_url) as other:
        other.execute("SELECT count(*) FROM first")

        with pytest.raises(psycopg.errors.LockNotAvailable):
            migrate(fresh_database_url)

    assert recorded(fresh_database_url) == ["0001_first"]
