"""Where everything of a running local stack is, kept in a file for the commands that come later."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.deploy.clients import local_clients
from infra.deploy.target import Target
from infra.paths import ROOT

LOCAL_FOLDER = ROOT / ".local"
DESCRIPTION = "stack.json"
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Where everything of a running stack is; kept in a file for `make deploy` and `make local`."""

    base_url: str
    database_url: str
    emulator_host: str
    settings_secret_arn: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    def target(self) -> Target:
        """The stack as a deployment target."""
        return Target(
            clients=local_clients(self.emulator_host),
            stage="local",
            settings_secret_arn=self.settings_secret_arn,
            parameters=self.parameters,
            poll_seconds=POLL_SECONDS,
        )

    def write(self, folder: Path) -> None:
        """Keep it where the front door and other commands look; whole at every moment."""
        draft = folder / f"{DESCRIPTION}.new"
        draft.write_text(json.dumps(asdict(self), indent=2))
        draft.replace(folder / DESCRIPTION)


def running() -> Description:
    """Return the stack that `make dev` keeps up. Raises FileNotFoundError when there is none."""
    return Description(**json.loads((LOCAL_FOLDER / DESCRIPTION).read_text()))
