"""The halt switch in PostgreSQL, where the statements that accept and sign look at it."""

from datetime import UTC, datetime

from chalicelib.adapters.postgres.database import PostgresDatabase, load_queries


class PostgresHaltSwitch:
    """The HaltSwitch port in SQL."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def halted_since(self) -> datetime | None:
        rows = self._database.execute(load_queries()["halted_since"])
        return rows[0]["since"].astimezone(UTC) if rows else None

    def halt(self, at: datetime) -> datetime:
        [row] = self._database.execute(load_queries()["halt"], {"at": at})
        since: datetime = row["since"]
        return since.astimezone(UTC)

    def resume(self, at: datetime) -> bool:
        [row] = self._database.execute(load_queries()["resume"], {"at": at})
        return bool(row["was_halted"])
