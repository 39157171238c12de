"""From the name of a stage to where it is deployed: `local` is the running `make dev`, any other
name is a stack on AWS."""

from collections.abc import Mapping

from infra.deploy.clients import aws_clients
from infra.deploy.target import Target
from infra.local.description import running

LOCAL = "local"


def target_of(
    stage: str, *, settings_secret_arn: str = "", parameters: Mapping[str, str] | None = None
) -> Target:
    """Return the stage as a deployment target.

    What only a deployment needs may be left out. Raises FileNotFoundError when the local stage is
    asked for and not up.
    """
    if stage == LOCAL:
        return running().target()
    return Target(
        clients=aws_clients(),
        stage=stage,
        settings_secret_arn=settings_secret_arn,
        parameters=parameters or {},
    )
