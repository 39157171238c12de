"""Who is calling, by an API key: `oe_<key id>_<secret>`.

The secret is random and long, so that its plain SHA-256 is all that needs to be kept of it.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.engine.errors import ForbiddenError, UnauthorizedError

_KEY = re.compile(r"oe_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_SECRET_BYTES, _KEY_ID_BYTES = 32, 6


class Scope(StrEnum):
    """What a key may do; who may trade may read, and an operator may do all."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


# Each may do what those before it may.
_SCOPES = [*Scope]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who has said who they are."""

    owner_id: OwnerId
    scope: Scope

    def must(self, scope: Scope) -> None:
        """Raise ForbiddenError unless the caller may do that."""
        if _SCOPES.index(self.scope) < _SCOPES.index(scope):
            raise ForbiddenError


ANYBODY = Caller(owner_id=ANONYMOUS, scope=Scope.TRADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key."""

    key_id: str
    owner_id: OwnerId
    scope: Scope
    secret_hash: bytes
    created_at: datetime
    revoked_at: datetime | None = None


class KeyStore(Protocol):
    """Where the keys are. Raises UnavailableError when out of reach."""

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""

    def find(self, key_id: str) -> ApiKey | None:
        """Return the key of that id, revoked or not."""

    def revoke(self, key_id: str, at: datetime) -> bool:
        """Make the key useless from now on; False when there is none that was of use."""

    def all(self) -> list[ApiKey]:
        """Return all keys, the oldest first."""


def make_key(owner_id: OwnerId, scope: Scope, at: datetime) -> tuple[str, ApiKey]:
    """Return a new key as its owner gets it, once, and what is to be kept of it."""
    key_id, secret = secrets.token_hex(_KEY_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    kept = ApiKey(
        key_id=key_id,
        owner_id=owner_id,
        scope=scope,
        secret_hash=_hash(secret),
        created_at=at,
    )
    return f"oe_{key_id}_{secret}", kept


def identify(text: str, keys: KeyStore) -> Caller:
    """Return whose key this is. Raises UnauthorizedError, which does not say what was wrong."""
    spelled = _KEY.fullmatch(text)
    if spelled is None:
        raise UnauthorizedError
    key_id, secret = spelled.groups()
    key = keys.find(key_id)
    kept_hash = key.secret_hash if key else bytes(hashlib.sha256().digest_size)
    is_right = hmac.compare_digest(_hash(secret), kept_hash)
    if key is None or not is_right or key.revoked_at is not None:
        raise UnauthorizedError
    return Caller(owner_id=key.owner_id, scope=key.scope)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
