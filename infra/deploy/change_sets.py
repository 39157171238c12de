"""CloudFormation: bring a stack to a template by a change set, and read what the stack has."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError, WaiterError

from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.deploy.upload import Bucket
from infra.errors import DeploymentError

POLLS_MAX = 600
# In the form of CloudFormation: a ParameterKey, and its ParameterValue or UsePreviousValue.
Parameters = Sequence[Mapping[str, Any]]

# States that a stack leaves only by being deleted: it was never whole, or is half gone.
DEAD_STATES = frozenset(("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"))
# A first change set that was never carried out leaves a stack that only a CREATE may touch.
UNBORN = "REVIEW_IN_PROGRESS"


def apply_template(target: Target, template: Template, parameters: Parameters) -> None:
    """Create the target's stack, or update it when there is one, and wait for the end of that.

    `parameters` has each parameter of the template without a default. A template that changes
    nothing is carried out by doing nothing. What fails to be created leaves no stack behind.
    Raises DeploymentError when the stack cannot be changed now, when the change is refused, or when
    a resource fails.
    """
    cloudformation = target.clients.client("cloudformation")
    is_new = _changeable(target) is None
    text = json.dumps(template, separators=(",", ":"))
    created = cloudformation.create_change_set(
        StackName=target.stack_name,
        ChangeSetName=f"deploy-{os.urandom(6).hex()}",
        ChangeSetType="CREATE" if is_new else "UPDATE",
        TemplateURL=Bucket.of(target).upload_template(text),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=parameters,
        **({"OnStackFailure": "DELETE"} if is_new else {}),
    )
    if _has_changes(cloudformation, target, created["Id"]):
        cloudformation.execute_change_set(ChangeSetName=created["Id"])
        waiter = "stack_create_complete" if is_new else "stack_update_complete"
        _finish(cloudformation, target, created["StackId"], waiter)


def describe_stack(target: Target) -> Mapping[str, Any] | None:
    """Return the target's stack as CloudFormation describes it, or None when there is none yet."""
    try:
        answer = target.clients.client("cloudformation").describe_stacks(
            StackName=target.stack_name
        )
    except ClientError as error:
        # Any other refusal is none of an empty account: a new stack would lose all parameters.
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    stack: Mapping[str, Any] = answer["Stacks"][0]
    return None if stack["StackStatus"] == UNBORN else stack


def outputs(target: Target) -> Mapping[str, str]:
    """Return the outputs of the target's stack by name. Raises DeploymentError without a stack."""
    stack = describe_stack(target)
    if stack is None:
        raise DeploymentError(f"there is no stack {target.stack_name}")
    return outputs_of(stack)


def outputs_of(stack: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Return the outputs of a stack by name, none without one."""
    described = stack.get("Outputs", []) if stack else []
    return {output["OutputKey"]: output["OutputValue"] for output in described}


def _changeable(target: Target) -> Mapping[str, Any] | None:
    """Return the stack, or None when there is none yet. Raises DeploymentError when it takes no
    change now."""
    stack = describe_stack(target)
    state = stack["StackStatus"] if stack else ""
    name = target.stack_name
    if state in DEAD_STATES:
        advice = f"run `aws cloudformation delete-stack --stack-name {name}`, then deploy again"
        raise DeploymentError(f"{name} is {state}: {advice}")
    if state.endswith("_IN_PROGRESS"):
        raise DeploymentError(f"{name} is {state}: wait for the change that is under way")
    if state == "UPDATE_ROLLBACK_FAILED":
        advice = f"run `aws cloudformation continue-update-rollback --stack-name {name}`"
        raise DeploymentError(f"{name} is {state}: {advice}, then deploy again")
    return stack


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


def _finish(cloudformation: BaseClient, target: Target, stack_id: str, waiter: str) -> None:
    try:
        # By its id a stack can be asked about after it was deleted.
        _wait(cloudformation, target, waiter, StackName=stack_id)
    except WaiterError as error:
        reason = _why_failed(cloudformation, stack_id)
        raise DeploymentError(f"{target.stack_name}: {reason}") from error


def _wait(cloudformation: BaseClient, target: Target, waiter: str, **names: str) -> None:
    pace = {"Delay": target.poll_seconds, "MaxAttempts": POLLS_MAX}
    cloudformation.get_waiter(waiter).wait(WaiterConfig=pace, **names)


def _why_failed(cloudformation: BaseClient, stack_id: str) -> str:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    failures = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in pages.search("StackEvents")
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    # What others were given up for comes first.
    causes = [failure for failure in reversed(failures) if "cancelled" not in failure]
    return "; ".join(causes) or "no failed resource was reported"
