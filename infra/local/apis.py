"""Where the two APIs of a running stack are: a deployment may give them other ids."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

STAGE = "live"


class Apis(NamedTuple):
    """The addresses that the front door passes calls on to."""

    http: str
    websocket: str

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> "Apis":
        """Return the APIs of a stack's description."""
        outputs = description["outputs"]
        emulator = f"http://{description['emulator_host']}/_aws/execute-api"
        return cls(
            http=f"{emulator}/{outputs['RestAPIId']}/{STAGE}",
            websocket=f"{emulator}/{outputs['WebsocketAPIId']}/{STAGE}",
        )


class DescribedApis:
    """The APIs as the file with the stack's description says, read again when it was written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._written_at_ns = 0
        self._apis = Apis("", "")

    def __call__(self) -> Apis:
        written_at_ns = self._file.stat().st_mtime_ns
        if written_at_ns != self._written_at_ns:
            self._apis = Apis.of(json.loads(self._file.read_text()))
            self._written_at_ns = written_at_ns
        return self._apis
