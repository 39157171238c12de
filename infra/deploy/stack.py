"""A deployment: migrate the database, upload the code, update the stack; on AWS and locally."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.postgres.migrate import migrate
from infra.deploy.change_sets import Parameters, apply_template, describe_stack, outputs
from infra.deploy.package import Artifact
from infra.deploy.secrets import require_secrets
from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.deploy.upload import Bucket


def deploy(target: Target, artifact: Artifact) -> Mapping[str, str]:
    """Migrate the database, create or update the stack, and return the stack's outputs by name.

    The database comes first: what a migration adds, the old code does without, and the new needs.
    Raises DeploymentError when a secret lacks something, or when CloudFormation cannot carry the
    change out.
    """
    before = parameters_before(target, artifact.template)
    named = {
        **target.parameters,
        "SettingsSecretArn": target.settings_secret_arn,
        "WalletSecretArn": target.wallet_secret_arn,
    }
    parameters = {**_defaults(artifact.template), **before, **named}
    migrate(require_secrets(target, parameters))
    code_uri = Bucket.of(target).upload_archive(artifact.archive)
    template = _with_numbers(_with_code(artifact.template, code_uri), parameters)
    apply_template(target, template, parameters_to_set(before, named))
    return outputs(target)


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


def _defaults(template: Template) -> Mapping[str, str]:
    declared = template["Parameters"].items()
    return {name: str(each["Default"]) for name, each in declared if "Default" in each}


def _with_code(template: Template, code_uri: str) -> Template:
    deployed: Template = json.loads(json.dumps(template))
    for resource in deployed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code_uri
    return deployed


def _with_numbers(template: Template, parameters: Mapping[str, str]) -> Template:
    """Replace references to numeric parameters by numbers: emulators pass them on as text."""
    numbers = {
        name: int(parameters[name])
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
