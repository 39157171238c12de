"""How a deployment fails."""


class DeploymentError(Exception):
    """The deployment was refused or failed; the message names the reason."""
