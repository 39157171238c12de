"""Where a stage is deployed, and what its stack is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.deploy.clients import Clients

APP_NAME = "orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A stage in an account: the account's clients, and what the stage's stack is given.

    Only a deployment needs the secrets and the parameters.
    """

    clients: Clients
    stage: str
    #: Of a stack beside the stage's: what it holds.
    part: str = ""
    #: The Secrets Manager secret that holds the settings, and that of the wallet.
    settings_secret_arn: str = ""
    wallet_secret_arn: str = ""
    #: The template's parameters to set; the others stay as they are in the stack.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: The pause between two questions to CloudFormation; an emulator is done almost at once.
    poll_seconds: float = 5.0

    @property
    def stack_name(self) -> str:
        return "-".join(filter(None, (APP_NAME, self.stage, self.part)))
