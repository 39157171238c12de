"""Where a local stack runs, in a file that later commands read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from botocore.client import BaseClient

from infra.deploy.clients import local_clients
from infra.deploy.target import Target
from infra.errors import StackNotRunningError
from infra.local.lock import is_locked
from infra.paths import ROOT

LOCAL_FOLDER = ROOT / ".local"
DESCRIPTION = "stack.json"
POLL_SECONDS = 0.2


class Apis(NamedTuple):
    """The addresses that the front door passes calls on to."""

    http: str
    websocket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Where the parts of a running stack are, and what it was deployed with."""

    base_url: str
    database_url: str
    emulator_host: str
    settings_secret_arn: str
    wallet_secret_arn: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def stream_url(self) -> str:
        """Where clients reach the WebSocket API."""
        return f"{self.base_url.replace('http', 'ws', 1)}/api/orders/execute"

    def target(self) -> Target:
        """Return the stack as a deployment target."""
        return Target(
            clients=local_clients(self.emulator_host),
            stage="local",
            settings_secret_arn=self.settings_secret_arn,
            wallet_secret_arn=self.wallet_secret_arn,
            parameters=self.parameters,
            poll_seconds=POLL_SECONDS,
        )

    def client(self, service_name: str) -> BaseClient:
        """Return a client of the stack's AWS emulator."""
        return local_clients(self.emulator_host).client(service_name)

    def apis(self) -> Apis:
        """Return where the APIs are; a deployment may give them other ids."""
        base = f"http://{self.emulator_host}/_aws/execute-api"
        return Apis(
            http=f"{base}/{self.outputs['RestAPIId']}/live",
            websocket=f"{base}/{self.outputs['WebsocketAPIId']}/live",
        )

    def write(self, folder: Path) -> None:
        """Write the description to the stack's folder; a reader never sees half of it."""
        draft = folder / f"{DESCRIPTION}.new"
        draft.write_text(json.dumps(asdict(self), indent=2))
        draft.replace(folder / DESCRIPTION)


def read_description(file: Path) -> Description:
    """Read a description from its file."""
    return Description(**json.loads(file.read_text()))


def running(instead: str = "") -> Description:
    """Return the stack that `make dev` keeps up.

    Raises StackNotRunningError when there is none; `instead` is what else its message advises.
    """
    file = LOCAL_FOLDER / DESCRIPTION
    if is_locked(LOCAL_FOLDER) and file.exists():
        return read_description(file)
    hint = "no stack is running: run `make dev` in another terminal"
    raise StackNotRunningError(f"{hint}, or {instead}" if instead else hint)
