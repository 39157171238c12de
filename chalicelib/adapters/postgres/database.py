"""PostgreSQL: one connection a process, and the named statements of adapters/sql."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from chalicelib.engine.errors import UnavailableError

SQL_FOLDER = Path(__file__).parents[1] / "sql"
CONNECT_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 5_000
# A connection that has run so many statements will run more: preparing them pays.
PREPARED_AFTER = 5
# As it likes, the server plans a prepared statement anew for each set of parameters, which takes
# longer than to run it. A plan that is kept must not be one for tables that were small: one that
# reads all rows and sorts them to find the newest few, say. And where it has no index to use, it
# must not be compiled for being dear.
KEEP_PLANS = (
    "SET plan_cache_mode = force_generic_plan; "
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off"
)


@cache
def read_queries(path: Path) -> Mapping[str, str]:
    """Read a file's statements by name; before each stands a line `-- name: …`."""
    sections = path.read_text().split("-- name: ")[1:]
    return {name.strip(): _bare(body) for name, _, body in (s.partition("\n") for s in sections)}


def _bare(statement: str) -> str:
    """Return the statement without comments and indentation. Up to 4 KB psycopg remembers how it
    reads one, and takes long to read it again."""
    lines = (line.strip() for line in statement.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))


def load_queries() -> Mapping[str, str]:
    """Return the statements of queries.sql by name."""
    return read_queries(SQL_FOLDER / "queries.sql")


class PostgresDatabase:
    """A connection that is opened when first needed, and again after it broke."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[dict[str, Any]] | None = None
        self._executed = 0

    def execute(
        self,
        statement: str,
        parameters: Sequence[object] | Mapping[str, object] = (),
        *,
        is_planned_anew: bool = False,
    ) -> list[dict[str, Any]]:
        """Run one statement in a transaction of its own and return its rows.

        A statement whose best plan depends on its parameters `is_planned_anew` each time. Raises
        UnavailableError when the database cannot be reached or goes away; whether the statement was
        carried out is then unknown.
        """
        try:
            return self._run(statement, parameters, is_planned_anew)
        except psycopg.errors.FeatureNotSupported:
            # A migration has changed what a prepared statement returns: it did not run.
            self.close()
            return self._run(statement, parameters, is_planned_anew)

    def _run(
        self,
        statement: str,
        parameters: Sequence[object] | Mapping[str, object],
        is_planned_anew: bool,
    ) -> list[dict[str, Any]]:
        prepare = False if is_planned_anew else None
        try:
            cursor = self._connected().execute(statement, parameters, prepare=prepare)
            return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            self.close()
            raise UnavailableError(f"database: {error}") from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection[dict[str, Any]]:
        if self._connection is None or self._connection.closed:
            self._connection, self._executed = self._connect(), 0
        self._executed += 1
        if self._executed == PREPARED_AFTER and _is_direct(self._connection):
            self._connection.execute(KEEP_PLANS)
            self._connection.prepare_threshold = 1
        return self._connection

    def _connect(self) -> psycopg.Connection[dict[str, Any]]:
        try:
            return psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                prepare_threshold=None,
                row_factory=dict_row,
                options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
            )
        except psycopg.ProgrammingError:
            # libpq quotes what it cannot read: the password, perhaps.
            raise ValueError("the database's URL is malformed") from None


def _is_direct(connection: psycopg.Connection[dict[str, Any]]) -> bool:
    """Tell whether no pooler stands between: it gives its own number for the session. One in
    transaction mode would lose prepared statements, or run somebody else's."""
    session = connection.execute("SELECT pg_backend_pid() AS pid").fetchone()
    return session is not None and session["pid"] == connection.info.backend_pid
