"""Bring a database to the newest schema: numbered files, forward only, one at a time."""

import psycopg

from chalicelib.adapters.postgres.database import SQL_FOLDER

_LOCK_KEY = 7_203_519_004


def migrate(database_url: str) -> list[str]:
    """Apply the migrations that the database has not seen and return their names.

    All of them in one transaction, under an advisory lock: two deployments at once are safe.
    """
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_KEY])
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)")
        applied = {row[0] for row in connection.execute("SELECT name FROM migrations")}
        new = [
            p for p in sorted((SQL_FOLDER / "migrations").glob("*.sql")) if p.stem not in applied
        ]
        for path in new:
            connection.execute(path.read_bytes())
            connection.execute("INSERT INTO migrations (name) VALUES (%s)", [path.stem])
        return [path.stem for path in new]
