"""Package → CloudFormation → migrate: one code path for AWS and for the local emulator."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from chalicelib.adapters.postgres.migrate import migrate
from infra.deploy.clients import LOCAL_REGION, Clients
from infra.deploy.package import APP_NAME, Artifact, DeploymentError, Template

WAIT_SECONDS = {"AWS": 5.0, "local": 0.2}
WAIT_TRIES = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to deploy: the clients of an account, and the secret that holds the settings."""

    clients: Clients
    stage: str
    settings_secret_arn: str
    parameters: Mapping[str, str]
    wait_seconds: float

    @property
    def stack_name(self) -> str:
        return f"{APP_NAME}-{self.stage}"


def deploy(target: Target, artifact: Artifact) -> Mapping[str, str]:
    """Bring the database up to date, create or update the stack, and return the outputs.

    The database comes first: what a migration adds, the old code does without, and the new needs.
    """
    secret = target.clients.client("secretsmanager").get_secret_value(
        SecretId=target.settings_secret_arn
    )
    migrate(json.loads(secret["SecretString"])["database_url"])
    parameters = parameters_of(target, artifact.template)
    template = _with_code(artifact.template, _upload(target, artifact.archive))
    _apply(target, _with_numbers(template, parameters), parameters)
    return outputs(target)


def parameters_of(target: Target, template: Template) -> Mapping[str, str]:
    """Return the template's parameters as they shall be: what is not named stays as it was, for a
    deployment that only updates the code must not open a service that asks for keys."""
    stack = _describe(target) or {}
    before = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}
    kept = {name: value for name, value in before.items() if name in template["Parameters"]}
    return {**kept, "SettingsSecretArn": target.settings_secret_arn, **target.parameters}


def outputs(target: Target) -> Mapping[str, str]:
    """Return what the stack says of itself."""
    stack = _describe(target)
    if stack is None:
        raise DeploymentError(f"there is no stack {target.stack_name}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _upload(target: Target, archive: Path) -> str:
    """Upload the code and return where it is; a new content is a new key."""
    storage = target.clients.client("s3")
    account = target.clients.client("sts").get_caller_identity()["Account"]
    region = storage.meta.region_name
    bucket = f"{APP_NAME}-artifacts-{account}-{region}"
    try:
        storage.head_bucket(Bucket=bucket)
    except ClientError:
        place = {} if region == LOCAL_REGION else {"LocationConstraint": region}
        options = {"CreateBucketConfiguration": place} if place else {}
        storage.create_bucket(Bucket=bucket, **options)
    key = f"{target.stage}/{hashlib.sha256(archive.read_bytes()).hexdigest()}.zip"
    storage.upload_file(str(archive), bucket, key)
    return f"s3://{bucket}/{key}"


def _with_code(template: Template, code_uri: str) -> Template:
    deployed: Template = json.loads(json.dumps(template))
    for resource in deployed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code_uri
    return deployed


def _with_numbers(template: Template, parameters: Mapping[str, str]) -> Template:
    """Write numeric parameters into the template: emulators hand them on as text."""
    numbers = {
        name: int(parameters.get(name, parameter["Default"]))
        for name, parameter in template["Parameters"].items()
        if parameter["Type"] == "Number"
    }

    def resolve(node: Any) -> Any:
        if isinstance(node, dict):
            if len(node) == 1 and node.get("Ref") in numbers:
                return numbers[node["Ref"]]
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(item) for item in node] if isinstance(node, list) else node

    return {**template, "Resources": resolve(template["Resources"])}


def _apply(target: Target, template: Template, parameters: Mapping[str, str]) -> None:
    cloudformation = target.clients.client("cloudformation")
    kind = "CREATE" if _describe(target) is None else "UPDATE"
    change_set = cloudformation.create_change_set(
        StackName=target.stack_name,
        ChangeSetName=f"deploy-{os.urandom(6).hex()}",
        ChangeSetType=kind,
        TemplateBody=json.dumps(template, separators=(",", ":")),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )["Id"]
    waiting = {"Delay": target.wait_seconds, "MaxAttempts": WAIT_TRIES}
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=change_set, WaiterConfig=waiting
        )
    except WaiterError:
        if _is_empty(cloudformation.describe_change_set(ChangeSetName=change_set)):
            return
        raise
    cloudformation.execute_change_set(ChangeSetName=change_set)
    try:
        cloudformation.get_waiter(f"stack_{kind.lower()}_complete").wait(
            StackName=target.stack_name, WaiterConfig=waiting
        )
    except WaiterError as error:
        raise DeploymentError(
            f"{target.stack_name}: {_why_failed(cloudformation, target)}"
        ) from error


def _is_empty(change_set: Mapping[str, Any]) -> bool:
    reason = change_set.get("StatusReason", "")
    return "didn't contain changes" in reason or "No updates" in reason


def _why_failed(cloudformation: Any, target: Target) -> str:
    events = cloudformation.describe_stack_events(StackName=target.stack_name)["StackEvents"]
    failures = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "; ".join(failures) or "no failed resource was reported"


def _describe(target: Target) -> Mapping[str, Any] | None:
    try:
        answer = target.clients.client("cloudformation").describe_stacks(
            StackName=target.stack_name
        )
    except ClientError:
        return None
    stack: Mapping[str, Any] = answer["Stacks"][0]
    # A first change set that was never carried out leaves a stack that only a CREATE may touch.
    return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else stack
