"""API keys in PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.postgres.database import PostgresDatabase, load_queries
from chalicelib.adapters.postgres.rows import Row
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import ApiKey, Scope


class PostgresKeyStore:
    """The KeyStore port."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def add(self, key: ApiKey) -> None:
        self._run(
            "add_api_key",
            key_id=key.key_id,
            owner_id=key.owner_id,
            scope=key.scope,
            secret_hash=key.secret_hash,
            created_at=key.created_at,
        )

    def find(self, key_id: str) -> ApiKey | None:
        rows = self._run("find_api_key", key_id=key_id)
        return _key(rows[0]) if rows else None

    def revoke(self, key_id: str, at: datetime) -> bool:
        return bool(self._run("revoke_api_key", key_id=key_id, at=at))

    def all(self) -> list[ApiKey]:
        return [_key(row) for row in self._run("list_api_keys")]

    def _run(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        return self._database.execute(load_queries()[query], parameters)


def _key(row: Row) -> ApiKey:
    revoked_at = row["revoked_at"]
    return ApiKey(
        key_id=row["key_id"],
        owner_id=OwnerId(row["owner_id"]),
        scope=Scope(row["scope"]),
        secret_hash=bytes(row["secret_hash"]),
        created_at=row["created_at"].astimezone(UTC),
        revoked_at=revoked_at and revoked_at.astimezone(UTC),
    )
