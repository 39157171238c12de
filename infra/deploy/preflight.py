"""What must be true before a stage on AWS is changed; each objection is one line."""

import sys

from infra.deploy.change_sets import describe_stack, outputs_of
from infra.deploy.target import Target
from infra.deploy.template import RUNTIME
from infra.errors import DeploymentError

# What Lambda runs.
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")


def current_runtime() -> str:
    """Return the runtime that code packaged here needs: that of this Python."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def require_runtime(target: Target, *, may_change: bool) -> None:
    """Raise DeploymentError unless Lambda has this Python, and the stage has it already.

    A stage's Python changes only when somebody says so: it must not follow a laptop's.
    """
    runtime = current_runtime()
    if runtime not in RUNTIMES:
        known = ", ".join(each.removeprefix("python") for each in RUNTIMES)
        reason = f"Lambda has no {runtime}: run `make clean setup PYTHON=…` with one of {known}"
        raise DeploymentError(reason)
    deployed = outputs_of(describe_stack(target)).get(RUNTIME, runtime)
    if deployed != runtime and not may_change:
        raise DeploymentError(
            f"{target.stack_name} runs {deployed}, and this is {runtime}: run "
            f"`make clean setup PYTHON={deployed}`, or add DEPLOY_ARGS=--change-runtime"
        )
