"""What must be true before a stage on AWS is changed; each objection is one line."""

import sys
from collections.abc import Mapping

from infra.deploy.change_sets import describe_stack, outputs_of
from infra.deploy.target import Target
from infra.deploy.template import RUNTIME
from infra.errors import DeploymentError

# What Lambda runs.
RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
# Functions at once beside those that take batches: requests, watchers, the sweep, dead letters.
OTHERS_AT_ONCE = 10


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


def describe_account(target: Target) -> str:
    """Say in which account and region this is. Raises botocore's errors when neither answers."""
    identity = target.clients.client("sts").get_caller_identity()
    region = target.clients.client("cloudformation").meta.region_name
    return f"account {identity['Account']}, {region}"


def require_concurrency(target: Target, parameters: Mapping[str, str]) -> str:
    """Say how many functions the account runs at once. Raises DeploymentError when the stage needs
    more: its requests would wait for its batches."""
    limits = target.clients.client("lambda").get_account_settings()["AccountLimit"]
    allowed = int(limits["ConcurrentExecutions"])
    # Orders, and their events.
    batches = 2 * int(parameters["WorkerConcurrency"])
    needed = batches + max(OTHERS_AT_ONCE, int(parameters["RequestConcurrency"]))
    if needed > allowed:
        raise DeploymentError(
            f"the account runs {allowed} functions at once, and the stage needs {needed}: ask for "
            "more (Service Quotas, AWS Lambda, Concurrent executions), or add "
            f"--parameter WorkerConcurrency={max(2, (allowed - OTHERS_AT_ONCE) // 2)}"
        )
    return f"{allowed:,} functions at once"


def require_access_log_role(target: Target, parameters: Mapping[str, str]) -> None:
    """Raise DeploymentError when API Gateway is to log requests and may not."""
    if parameters["AccessLogs"] == "on":
        account = target.clients.client("apigateway").get_account()
        if not account.get("cloudwatchRoleArn"):
            raise DeploymentError(
                "AccessLogs=on needs a role with which API Gateway writes logs: "
                "set it for the account (API Gateway, Settings, CloudWatch log role ARN)"
            )
