"""How deploying and the local stack fail; each message says why."""


class DeploymentError(Exception):
    """The deployment was refused or failed."""


class StackStartError(Exception):
    """The local stack, or a part of it, does not start."""


class StackNotRunningError(Exception):
    """A command needs the stack that `make dev` keeps up, and there is none."""
