"""Bring a database to the newest schema: numbered files, forward only, one at a time."""

from collections.abc import Callable

import psycopg
from psycopg import sql

from chalicelib.adapters.postgres.database import SQL_FOLDER, PostgresDatabase

# What the server lets a statement of the service take, before or behind a pooler, in this database
# only. Below ANSWER_SECONDS of the clients.
STATEMENT_TIMEOUT = "5s"
# A migration that waits for a table holds up all that come after it: it gives up, and tries again.
LOCK_TIMEOUT = "3s"
TRIES = 10
_LOCK_KEY = 7_203_519_004


def migrate(database_url: str, report: Callable[[str], None] = lambda _: None) -> list[str]:
    """Apply the migrations that the database has not seen and return their names.

    All of them in one transaction, under an advisory lock: two deployments at once are safe. Raises
    psycopg.errors.LockNotAvailable when others use the tables all the time.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            return _apply(database_url)
        except psycopg.errors.LockNotAvailable:
            if not tries_left:
                raise
            report("a table is in use; trying again")
    raise AssertionError("unreachable")


def newest(database: PostgresDatabase) -> str:
    """Return the name of the newest migration that the database has seen. Raises
    UnavailableError."""
    [row] = database.execute("SELECT max(name) AS name FROM migrations")
    return str(row["name"])


def _apply(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        # The role's own limit is for the service.
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_KEY])
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)")
        applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
        new = [
            p for p in sorted((SQL_FOLDER / "migrations").glob("*.sql")) if p.stem not in applied
        ]
        for path in new:
            connection.execute(path.read_bytes())
            connection.execute("INSERT INTO migrations (name) VALUES (%s)", [path.stem])
        _limit_statements(connection)
        return [path.stem for path in new]


def _limit_statements(connection: psycopg.Connection) -> None:
    # A pooler may have a name of its own for the database.
    [name] = connection.execute("SELECT current_database()").fetchone() or ("",)
    statement = sql.SQL("ALTER ROLE CURRENT_USER IN DATABASE {} SET statement_timeout = {}")
    connection.execute(statement.format(sql.Identifier(name), STATEMENT_TIMEOUT))
