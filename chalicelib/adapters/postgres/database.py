"""PostgreSQL: one connection a process, and the named statements of adapters/sql."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from chalicelib.engine.errors import UnavailableError

SQL_FOLDER = Path(__file__).parents[1] / "sql"
CONNECT_TIMEOUT_SECONDS = 2
# What the URL does not say otherwise. Not as `options`, which poolers refuse. A server that has
# gone silently is found out within seconds; one that became a replica, at the next connection.
CONNECTION: Mapping[str, str | int] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "tcp_user_timeout": 3_000,
    "keepalives_idle": 5,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "target_session_attrs": "read-write",
}
# The server ends a statement before that (STATEMENT_TIMEOUT in migrate.py): what takes longer is no
# slow statement, but one whose answer does not come any more.
ANSWER_SECONDS = 7.0
# A refusal comes sooner.
LONG_SECONDS = 0.5
# How long after the secret was read it is not read again.
RENEWAL_SECONDS = 1.0
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


class _Connection(psycopg.Connection[dict[str, Any]]):
    """Waits for no answer for ever."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Return what the server answers. Raises psycopg.OperationalError when it does not."""
        return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)


class PostgresDatabase:
    """A connection that is opened when first needed, and again after it broke.

    What it took long to find out of reach is not tried again for as long: of those who wait for a
    silent server, only the first does.
    """

    def __init__(self, url: str, *, renewed_url: Callable[[], str] | None = None) -> None:
        """`renewed_url` looks the URL up again: the password may be another one by now."""
        self._url, self._renewed_url = url, renewed_url
        self._renewed_at = -RENEWAL_SECONDS
        self._rests_until = 0.0
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
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.ReadOnlySqlTransaction):
            # A migration has changed what a prepared statement returns, or this server is a replica
            # by now: the statement did not run.
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
        began_at = time.monotonic()
        if began_at < self._rests_until:
            raise psycopg.OperationalError("out of reach a moment ago")
        try:
            return self._admitted()
        except psycopg.OperationalError:
            failed_at = time.monotonic()
            if failed_at - began_at >= LONG_SECONDS:
                self._rests_until = failed_at + (failed_at - began_at)
            raise

    def _admitted(self) -> psycopg.Connection[dict[str, Any]]:
        try:
            return _open(self._url)
        except psycopg.OperationalError as error:
            if not (_is_password_refused(error) and self._has_renewed_url()):
                raise
        return _open(self._url)

    def _has_renewed_url(self) -> bool:
        """Look the URL up again, unless that was done just now; tell whether it is another."""
        before, now = self._url, time.monotonic()
        if self._renewed_url is not None and now - self._renewed_at >= RENEWAL_SECONDS:
            self._renewed_at = now
            self._url = self._renewed_url()
        return self._url != before


def _open(url: str) -> psycopg.Connection[dict[str, Any]]:
    try:
        # Parameters that are not text (the timeouts) are numbers in the URL as well.
        given: dict[str, Any] = {**CONNECTION, **conninfo_to_dict(url)}
        return _Connection.connect(
            "", autocommit=True, prepare_threshold=None, row_factory=dict_row, **given
        )
    except psycopg.ProgrammingError:
        # libpq quotes what it cannot read: the password, perhaps.
        raise ValueError("the database's URL is malformed") from None


def _is_password_refused(error: psycopg.OperationalError) -> bool:
    # libpq has no code for what fails before a connection is there; servers and poolers say these.
    text = str(error)
    return "authentication failed" in text or "no credentials" in text


def _is_direct(connection: psycopg.Connection[dict[str, Any]]) -> bool:
    """Tell whether no pooler stands between: it gives its own number for the session. One in
    transaction mode would lose prepared statements, or run somebody else's."""
    session = connection.execute("SELECT pg_backend_pid() AS pid").fetchone()
    return session is not None and session["pid"] == connection.info.backend_pid
