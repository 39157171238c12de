"""CloudFormation: bring a stack to a template by a change set, and read what the stack has."""

import json
import os
from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError, WaiterError

from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.errors import DeploymentError

POLLS_MAX = 600


def apply_template(target: Target, template: Template, parameters: Mapping[str, str]) -> None:
    """Create the target's stack, or update it when there is one, and wait for the end of that.

    `parameters` has a value, as text, for each parameter of the template without a default. A
    template that changes nothing is carried out by doing nothing.
    Raises DeploymentError when the change is refused, or when a resource fails.
    """
    cloudformation = target.clients.client("cloudformation")
    kind = "CREATE" if describe_stack(target) is None else "UPDATE"
    change_set = cloudformation.create_change_set(
        StackName=target.stack_name,
        ChangeSetName=f"deploy-{os.urandom(6).hex()}",
        ChangeSetType=kind,
        TemplateBody=json.dumps(template, separators=(",", ":")),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )["Id"]
    if _has_changes(cloudformation, target, change_set):
        _execute(cloudformation, target, change_set, f"stack_{kind.lower()}_complete")


def describe_stack(target: Target) -> Mapping[str, Any] | None:
    """Return the target's stack as CloudFormation describes it, or None when there is none yet."""
    try:
        answer = target.clients.client("cloudformation").describe_stacks(
            StackName=target.stack_name
        )
    except ClientError:
        return None
    stack: Mapping[str, Any] = answer["Stacks"][0]
    # A first change set that was never carried out leaves a stack that only a CREATE may touch.
    return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else stack


def outputs(target: Target) -> Mapping[str, str]:
    """Return the outputs of the target's stack by name. Raises DeploymentError without a stack."""
    stack = describe_stack(target)
    if stack is None:
        raise DeploymentError(f"there is no stack {target.stack_name}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _has_changes(cloudformation: BaseClient, target: Target, change_set: str) -> bool:
    """Wait until CloudFormation has compared the change set with the stack."""
    try:
        _wait(cloudformation, target, "change_set_create_complete", ChangeSetName=change_set)
    except WaiterError as error:
        answer = cloudformation.describe_change_set(ChangeSetName=change_set)
        reason = answer.get("StatusReason", "")
        if "didn't contain changes" in reason or "No updates" in reason:
            return False
        raise DeploymentError(f"{target.stack_name}: {reason or error}") from error
    return True


def _execute(cloudformation: BaseClient, target: Target, change_set: str, waiter: str) -> None:
    cloudformation.execute_change_set(ChangeSetName=change_set)
    try:
        _wait(cloudformation, target, waiter, StackName=target.stack_name)
    except WaiterError as error:
        reason = _why_failed(cloudformation, target)
        raise DeploymentError(f"{target.stack_name}: {reason}") from error


def _wait(cloudformation: BaseClient, target: Target, waiter: str, **names: str) -> None:
    pace = {"Delay": target.poll_seconds, "MaxAttempts": POLLS_MAX}
    cloudformation.get_waiter(waiter).wait(WaiterConfig=pace, **names)


def _why_failed(cloudformation: BaseClient, target: Target) -> str:
    events = cloudformation.describe_stack_events(StackName=target.stack_name)["StackEvents"]
    failures = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "; ".join(failures) or "no failed resource was reported"
