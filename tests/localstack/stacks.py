"""Stacks of the template's own resources, deployed as the project deploys."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from infra.deploy.change_sets import apply_template, outputs
from infra.deploy.clients import Clients
from infra.deploy.target import Target
from infra.deploy.template import Template

ALARM = "AWS::CloudWatch::Alarm"
QUEUE = "AWS::SQS::Queue"
TABLE = "AWS::DynamoDB::Table"
PARAMETERS = [
    {"ParameterKey": name, "ParameterValue": "unused"}
    for name in ("SettingsSecretArn", "WalletSecretArn")
]
POLL_SECONDS = 0.1


def target(clients: Clients) -> Target:
    """A deployment target that nobody else uses."""
    return Target(
        clients=clients,
        stage=f"test-{uuid4().hex[:12]}",
        settings_secret_arn="unused",
        wallet_secret_arn="unused",
        parameters={},
        poll_seconds=POLL_SECONDS,
    )


def only(template: Template, types: Collection[str], without: Collection[str] = ()) -> Template:
    """The template's resources of these types, unchanged, with the outputs that name them."""
    kept = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource.get("Type") in types and name not in without
    }
    kept = {
        name: r for name, r in kept.items() if not refers(r, {*template["Resources"]} - {*kept})
    }
    named = {k: v for k, v in template["Outputs"].items() if refers(v["Value"], kept)}
    rest = {k: v for k, v in template.items() if k != "Globals"}
    return {**rest, "Resources": kept, "Outputs": named}


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack."""

    target: Target

    def apply(self, template: Template) -> Mapping[str, str]:
        """Create or update it; returns its outputs."""
        apply_template(self.target, template, PARAMETERS)
        return outputs(self.target)

    def physical_ids(self) -> Mapping[str, str]:
        """What its resources are called."""
        client: Any = self.target.clients.client("cloudformation")
        answer = client.describe_stack_resources(StackName=self.target.stack_name)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in answer["StackResources"]
        }

    def delete(self) -> None:
        client: Any = self.target.clients.client("cloudformation")
        client.delete_stack(StackName=self.target.stack_name)


def refers(part: object, names: Collection[str]) -> bool:
    """Tell whether this part of a template refers to one of these."""
    return any(f'{{"Ref": "{name}"}}' in json.dumps(part) for name in names)
