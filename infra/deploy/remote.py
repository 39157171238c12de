"""Ports of a deployed stage, through its function for operators: for commands that cannot reach its
database."""

from datetime import datetime

from chalicelib.engine.admission.identity import ApiKey
from chalicelib.entrypoints.operations import read_key, write_key
from infra.deploy.operator import Operator


class RemoteKeyStore:
    """The KeyStore port of a stage. Raises DeploymentError when out of reach."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def add(self, key: ApiKey) -> None:
        self._operator.ask("addKey", key=write_key(key))

    def find(self, key_id: str) -> ApiKey | None:
        return next((key for key in self.all() if key.key_id == key_id), None)

    def revoke(self, key_id: str, at: datetime) -> bool:
        """Revoke the key by the stage's own clock."""
        return bool(self._operator.ask("revokeKey", keyId=key_id)["revoked"])

    def all(self) -> list[ApiKey]:
        return [read_key(document) for document in self._operator.ask("listKeys")["keys"]]


class RemoteHaltSwitch:
    """The HaltSwitch port of a stage, by the stage's own clock. Raises DeploymentError when out of
    reach."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def halted_since(self) -> datetime | None:
        since = self._operator.ask("status")["haltedSince"]
        return datetime.fromisoformat(since) if since else None

    def halt(self, at: datetime) -> datetime:
        return datetime.fromisoformat(self._operator.ask("halt")["haltedSince"])

    def resume(self, at: datetime) -> bool:
        return bool(self._operator.ask("resume")["wasHalted"])
