"""The CloudFormation template of a stage: its parts, and what must be true of the whole.

A part is a file in templates/orders: one matter with the parameters, resources, outputs and
environment variables that belong to it. Chalice adds the functions, their roles and the APIs.
"""

import json
from collections.abc import Mapping
from typing import Any

from infra.errors import DeploymentError
from infra.paths import ROOT

Template = dict[str, Any]

#: The output of a stack that names the functions' runtime.
RUNTIME = "Runtime"
#: Lambda gives functions in a VPC network interfaces of their own; those have no ARNs beforehand.
JOINING: Template = {
    "Fn::If": [
        "InNetwork",
        {
            "Effect": "Allow",
            "Action": [
                "ec2:CreateNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DeleteNetworkInterface",
            ],
            "Resource": "*",
        },
        {"Ref": "AWS::NoValue"},
    ]
}
PARTS_FOLDER = ROOT / "infra" / "templates" / "orders"


def template_parts() -> Mapping[str, Template]:
    """Return the parts of the template by the names of their files."""
    return {path.name: json.loads(path.read_text()) for path in sorted(PARTS_FOLDER.glob("*.json"))}


def merge_template() -> Template:
    """Return all parts as one template. Raises DeploymentError when two parts set the same key."""
    return merge_parts(template_parts())


def merge_parts(parts: Mapping[str, Template]) -> Template:
    """Return parts, by name, as one template: their objects are joined key by key.

    Raises DeploymentError when two parts set the same key.
    """
    merged: Template = {}
    for name, part in parts.items():
        merged = _merge(merged, part, name)
    return merged


def _merge(template: Template, part: Template, place: str) -> Template:
    merged = dict(template)
    for key, value in part.items():
        if key not in merged:
            merged[key] = value
        elif _has_sections(merged[key]) and _has_sections(value):
            merged[key] = _merge(merged[key], value, f"{place}: {key}")
        else:
            raise DeploymentError(f"{place}: {key} is set by another part of the template as well")
    return merged


def _has_sections(value: object) -> bool:
    """Tell an object from a value; a function such as Ref or Fn::If stands for a value."""
    return isinstance(value, dict) and not any(k == "Ref" or k.startswith("Fn::") for k in value)


def let_websocket_stage_deploy_itself(template: Template) -> None:
    """Remove the WebSocket API's Deployment, which emulators do not know.

    The stage deploys automatically, so it needs none.
    """
    template["Resources"].pop("WebsocketAPIDeployment")
    template["Resources"]["WebsocketAPIStage"]["Properties"].pop("DeploymentId")


def let_roles_join_network(template: Template) -> None:
    """Let each function's role do what Lambda does with it in a VPC, where the stage is in one."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            for policy in resource["Properties"]["Policies"]:
                policy["PolicyDocument"]["Statement"].append(JOINING)


def name_rest_api(template: Template) -> None:
    """Let the REST API have its stack's name: CloudWatch takes those of one name for one API."""
    document = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    document["info"]["title"] = {"Ref": "AWS::StackName"}


def name_runtime(template: Template) -> None:
    """Let the stack say which Python its functions are packaged for: wheels and bytecode fit no
    other."""
    [runtime] = {
        resource["Properties"]["Runtime"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    template["Outputs"][RUNTIME] = {"Value": runtime}


def require_partial_batches(template: Template) -> None:
    """Raise DeploymentError unless every queue's consumer reports the messages that it failed.

    Without that flag Lambda deletes the failed messages of a batch with the others.
    """
    for name, resource in template["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            flags = event["Properties"].get("FunctionResponseTypes", [])
            if event["Type"] == "SQS" and "ReportBatchItemFailures" not in flags:
                raise DeploymentError(
                    f"{name} would lose failed messages: it does not report partial batches"
                )
