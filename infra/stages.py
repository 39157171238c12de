"""From the name of a stage to where it is deployed: `local` is the running `make dev`, any other
name is a stack on AWS."""

import re
from argparse import ArgumentTypeError

from infra.deploy.clients import aws_clients
from infra.deploy.target import Target
from infra.local.description import running

LOCAL = "local"
# The name of a CloudFormation stack has at most 128 characters; this one begins with `orders-`.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,120}", re.ASCII)


def stage_name(text: str) -> str:
    """Return the name of a stage. Raises ArgumentTypeError when no stack can have it."""
    if not NAME.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is not 1 to 121 letters, digits and hyphens")
    return text


def target_of(stage: str) -> Target:
    """Return the stage as a target; on AWS without what only a deployment needs.

    Raises StackNotRunningError when the local stage is asked for and not up, and DeploymentError
    without what AWS wants to know of its caller.
    """
    return running().target() if stage == LOCAL else Target(clients=aws_clients(), stage=stage)
