"""Operators to engine: what a deployment and the commands on a stage ask of it, wherever its
database is. Only who may invoke the function may ask.

A request is a JSON object whose `do` names one of ACTIONS; an answer is one too. What is refused is
answered with its `code` and `detail`, and changes nothing.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.errors import CodedError, InvalidRequestError
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.identity import ApiKey, KeyStore, Scope
from chalicelib.engine.ports.book import WatchBook
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.halts import HaltSwitch

log = logging.getLogger(__name__)

OWNER_CHARACTERS_MAX = 64

Request = Mapping[str, Any]


class Stage(Protocol):
    """What operators look at, and change."""

    @property
    def key_store(self) -> KeyStore: ...

    @property
    def halt_switch(self) -> HaltSwitch: ...

    @property
    def watch_book(self) -> WatchBook: ...

    @property
    def clock(self) -> Clock: ...

    def migrate(self) -> list[str]:
        """Bring the database to the schema of this code; return what was applied."""

    def schema(self) -> str:
        """Return the newest migration that the database has seen."""


def operate(request: Request, stage: Stage) -> dict[str, Any]:
    """Carry out a request and answer it."""
    name = str(request.get("do"))
    try:
        if name not in ACTIONS:
            raise InvalidRequestError(f"do must be one of {', '.join(ACTIONS)}")
        answer = ACTIONS[name](request, stage)
    except CodedError as error:
        log.warning("operation_refused", extra={"operation": name, "code": error.code})
        return {"code": error.code, "detail": error.detail}
    log.info("operated", extra={"operation": name})
    return answer


def is_owner(text: object) -> bool:
    """Tell whether an owner of keys can be named so."""
    is_short = isinstance(text, str) and 1 <= len(text) <= OWNER_CHARACTERS_MAX
    return is_short and str(text).isprintable()


def write_key(key: ApiKey) -> dict[str, Any]:
    """A key as it is added and listed: what is kept of it, which opens nothing."""
    return {
        "keyId": key.key_id,
        "owner": key.owner_id,
        "scope": key.scope,
        "secretHash": key.secret_hash.hex(),
        "createdAt": key.created_at.isoformat(),
        "revokedAt": _text(key.revoked_at),
    }


def read_key(document: object) -> ApiKey:
    """The key of such a document. Raises InvalidRequestError."""
    try:
        fields: Mapping[str, Any] = dict(document)  # type: ignore[call-overload]
        revoked_at = fields["revokedAt"]
        key = ApiKey(
            key_id=str(fields["keyId"]),
            owner_id=OwnerId(fields["owner"]),
            scope=Scope(fields["scope"]),
            secret_hash=bytes.fromhex(fields["secretHash"]),
            created_at=datetime.fromisoformat(fields["createdAt"]),
            revoked_at=revoked_at and datetime.fromisoformat(revoked_at),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRequestError("key is no key") from error
    if not is_owner(key.owner_id):
        raise InvalidRequestError(f"owner must be 1 to {OWNER_CHARACTERS_MAX} printable characters")
    return key


def _migrate(_: Request, stage: Stage) -> dict[str, Any]:
    """Bring the database to the schema of this code."""
    return {"migrations": stage.migrate()}


def _add_key(request: Request, stage: Stage) -> dict[str, Any]:
    key = read_key(request.get("key"))
    stage.key_store.add(key)
    return {"keyId": key.key_id}


def _revoke_key(request: Request, stage: Stage) -> dict[str, Any]:
    key_id = str(request.get("keyId", ""))
    return {"revoked": stage.key_store.revoke(key_id, stage.clock.now())}


def _list_keys(_: Request, stage: Stage) -> dict[str, Any]:
    return {"keys": [write_key(key) for key in stage.key_store.all()]}


def _halt(_: Request, stage: Stage) -> dict[str, Any]:
    return {"haltedSince": _text(stage.halt_switch.halt(stage.clock.now()))}


def _resume(_: Request, stage: Stage) -> dict[str, Any]:
    return {"wasHalted": stage.halt_switch.resume(stage.clock.now())}


def _status(_: Request, stage: Stage) -> dict[str, Any]:
    """The schema, whether the stage is halted, and where its watchers are."""
    book = stage.watch_book.state()
    return {
        "schema": stage.schema(),
        "haltedSince": _text(stage.halt_switch.halted_since()),
        "ordersWait": book.is_needed,
        "slot": book.slot,
        "behindSeconds": book.behind and book.behind.total_seconds(),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


ACTIONS: Mapping[str, Callable[[Request, Stage], dict[str, Any]]] = {
    "migrate": _migrate,
    "addKey": _add_key,
    "revokeKey": _revoke_key,
    "listKeys": _list_keys,
    "halt": _halt,
    "resume": _resume,
    "status": _status,
}
