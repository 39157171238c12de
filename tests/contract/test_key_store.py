"""What every KeyStore answers, and whom a key identifies."""

from datetime import UTC, datetime

import pytest

from chalicelib.adapters.memory.ports import MemoryKeyStore
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.keys import PostgresKeyStore
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import Caller, KeyStore, Scope, identify, make_key
from chalicelib.engine.errors import ForbiddenError, UnauthorizedError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = OwnerId("alice")


@pytest.fixture(params=["memory", "postgres"])
def keys(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "memory":
        return MemoryKeyStore()
    database: PostgresDatabase = request.getfixturevalue("database")
    return PostgresKeyStore(database)


@pytest.mark.parametrize("scope", Scope)
def test_key_identifies_its_owner(keys: KeyStore, scope: Scope) -> None:
    text, kept = make_key(ALICE, scope, NOW)
    keys.add(kept)

    assert identify(text, keys) == Caller(owner_id=ALICE, scope=scope)
    assert keys.find(kept.key_id) == kept


def test_key_is_refused_when_it_is_unknown_changed_or_malformed(keys: KeyStore) -> None:
    text, kept = make_key(ALICE, Scope.TRADE, NOW)
    keys.add(kept)
    stranger, _ = make_key(ALICE, Scope.TRADE, NOW)
    changed = text[:-2] + ("AA" if text[-2:] != "AA" else "BB")
    swapped = f"oe_{kept.key_id}_{stranger.split('_', 2)[2]}"

    for wrong in (stranger, changed, swapped, "", text + "A", text.upper(), f" {text}", "oe__"):
        with pytest.raises(UnauthorizedError):
            identify(wrong, keys)


def test_key_is_refused_when_it_was_revoked(keys: KeyStore) -> None:
    text, kept = make_key(ALICE, Scope.TRADE, NOW)
    keys.add(kept)

    revoked = [keys.revoke(kept.key_id, NOW), keys.revoke(kept.key_id, NOW)]

    assert revoked == [True, False]
    assert not keys.revoke("0" * 12, NOW)
    with pytest.raises(UnauthorizedError):
        identify(text, keys)


def test_keys_are_listed_without_their_secrets(keys: KeyStore) -> None:
    made = [make_key(ALICE, scope, NOW) for scope in Scope]
    for _, kept in made:
        keys.add(kept)

    listed = keys.all()

    assert {key.key_id for key in listed} == {kept.key_id for _, kept in made}
    assert all(text.split("_", 2)[2] not in repr(listed) for text, _ in made)


def test_reader_must_not_trade() -> None:
    reader = Caller(owner_id=ALICE, scope=Scope.READ)

    reader.must(Scope.READ)
    with pytest.raises(ForbiddenError):
        reader.must(Scope.TRADE)
