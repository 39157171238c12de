"""CloudFormation: bring a stack to a template by a change set, and read what the stack has."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError, WaiterError

from infra.deploy.progress import Report
from infra.deploy.target import APP_NAME, Target
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


def apply_template(
    target: Target,
    template: Template,
    parameters: Parameters,
    *,
    report: Report = lambda _: None,
) -> None:
    """Create the target's stack, or update it when there is one, and wait for the end of that.

    `parameters` has each parameter of the template without a default. A template that changes
    nothing is carried out by doing nothing. What fails to be created leaves no stack behind. What
    comes of each resource is reported as it comes.
    Raises DeploymentError when the stack cannot be changed now, when the change is refused, or when
    a resource fails.
    """
    cloudformation = target.clients.client("cloudformation")
    kind = "CREATE" if changeable(target) is None else "UPDATE"
    text = json.dumps(template, separators=(",", ":"))
    created = cloudformation.create_change_set(
        StackName=target.stack_name,
        ChangeSetName=f"deploy-{os.urandom(6).hex()}",
        ChangeSetType=kind,
        TemplateURL=Bucket.of(target).upload_template(text),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=parameters,
        # CloudFormation hands them on to every resource that takes some.
        Tags=[{"Key": key, "Value": value} for key, value in tags_of(target).items()],
        **({"OnStackFailure": "DELETE"} if kind == "CREATE" else {}),
    )
    if _has_changes(cloudformation, target, created["Id"]):
        # By its id a stack can be asked about after it was deleted.
        change = Change(cloudformation, created["StackId"], target.stack_name)
        cloudformation.execute_change_set(ChangeSetName=created["Id"])
        change.finish(target, report, good_end=f"{kind}_COMPLETE")


def tags_of(target: Target) -> Mapping[str, str]:
    """Return the tags of all that a stage consists of: for bills, and for policies."""
    return {"application": APP_NAME, "stage": target.stage}


def delete_stack(target: Target, report: Report = lambda _: None) -> None:
    """Delete the target's stack, if there is one, and wait for the end of that. Raises
    DeploymentError when a resource stays that should not."""
    stack = describe_stack(target)
    if stack is None:
        return
    cloudformation = target.clients.client("cloudformation")
    change = Change(cloudformation, stack["StackId"], target.stack_name)
    cloudformation.delete_stack(StackName=stack["StackId"])
    change.finish(target, report, good_end="DELETE_COMPLETE")


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


def resource_id(target: Target, name: str) -> str | None:
    """Return the id of a resource of the target's stack by its name in the template, or None when
    there is none."""
    if describe_stack(target) is None:
        return None
    # Page by page: a description of all has a hundred at most.
    pages = target.clients.client("cloudformation").get_paginator("list_stack_resources")
    resources = pages.paginate(StackName=target.stack_name).search("StackResourceSummaries")
    ids = {each["LogicalResourceId"]: each.get("PhysicalResourceId") for each in resources}
    return ids.get(name)


def parameters_before(target: Target, template: Template) -> Mapping[str, str]:
    """Return what the target's stack has for the parameters that the template still has."""
    stack = describe_stack(target) or {}
    before = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    return {name: value for name, value in before.items() if name in template["Parameters"]}


def parameters_to_set(before: Mapping[str, str], named: Mapping[str, str]) -> Parameters:
    """Return, as CloudFormation takes them, the parameters that are named, and that all others
    which the stack has keep their values.

    A deployment that only updates the code must not open a service that asks for keys.
    """
    kept = [{"ParameterKey": k, "UsePreviousValue": True} for k in before if k not in named]
    return [*kept, *({"ParameterKey": k, "ParameterValue": v} for k, v in named.items())]


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


def changeable(target: Target) -> Mapping[str, Any] | None:
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


def _wait(cloudformation: BaseClient, target: Target, waiter: str, **names: str) -> None:
    pace = {"Delay": target.poll_seconds, "MaxAttempts": POLLS_MAX}
    cloudformation.get_waiter(waiter).wait(WaiterConfig=pace, **names)


class Change:
    """A change of a stack that is under way: its resources, as they come, and its end."""

    def __init__(self, cloudformation: BaseClient, stack_id: str, name: str) -> None:
        self._cloudformation, self._stack_id, self._name = cloudformation, stack_id, name
        self._changed: list[dict[str, Any]] = []
        self._seen = {event["EventId"] for event in self._events()}

    def finish(self, target: Target, report: Report, *, good_end: str) -> None:
        """Wait for the end. Raises DeploymentError unless it is the good one."""
        for _ in range(POLLS_MAX):
            # In this order: what comes before the end is told.
            state = self._state()
            self._tell(report)
            if not state.endswith("_IN_PROGRESS"):
                break
            time.sleep(target.poll_seconds)
        if state != good_end:
            raise DeploymentError(f"{self._name}: {self._why_failed() or f'it is {state}'}")

    def _state(self) -> str:
        [stack] = self._cloudformation.describe_stacks(StackName=self._stack_id)["Stacks"]
        return str(stack["StackStatus"])

    def _tell(self, report: Report) -> None:
        for event in reversed(self._events()):
            if event["EventId"] not in self._seen:
                self._seen.add(event["EventId"])
                self._changed.append(event)
                if not event["ResourceStatus"].endswith("_IN_PROGRESS"):
                    report(f"{event['ResourceStatus']:<16}  {event['LogicalResourceId']}")

    def _events(self) -> list[dict[str, Any]]:
        """What has happened to the stack, the latest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events")
        return [*pages.paginate(StackName=self._stack_id).search("StackEvents")]

    def _why_failed(self) -> str:
        failures = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in self._changed
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        # Of the others, CloudFormation says that it gave them up.
        return "; ".join(failure for failure in failures if "cancelled" not in failure)
