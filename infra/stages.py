"""From the name of a stage to where it is deployed: `local` is the running `make dev`, any other
name is a stack on AWS."""

from infra.deploy.clients import aws_clients
from infra.deploy.target import Target
from infra.local.description import running

LOCAL = "local"


def target_of(stage: str) -> Target:
    """Return the stage as a target; on AWS without what only a deployment needs.

    Raises StackNotRunningError when the local stage is asked for and not up.
    """
    return running().target() if stage == LOCAL else Target(clients=aws_clients(), stage=stage)
