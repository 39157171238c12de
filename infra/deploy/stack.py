"""A deployment: migrate the database, upload the code, update the stack; on AWS and locally."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.postgres.migrate import migrate
from infra.deploy.change_sets import (
    Parameters,
    apply_template,
    outputs,
    parameters_before,
    parameters_to_set,
)
from infra.deploy.package import Artifact
from infra.deploy.secrets import require_secrets
from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.deploy.upload import Bucket


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a stack is brought to: its template with the code's address in it, the parameters to
    set, and all that it will have."""

    template: Template
    to_set: Parameters
    parameters: Mapping[str, str]
    code_uri: str


def deploy(target: Target, artifact: Artifact) -> Mapping[str, str]:
    """Migrate the database from here, create or update the stack, and return the stack's outputs
    by name.

    The database comes first: what a migration adds, the old code does without, and the new needs.
    Raises DeploymentError when a secret lacks something, or when CloudFormation cannot carry the
    change out.
    """
    migrate(require_secrets(target, all_parameters(target, artifact.template)))
    prepared = prepare(target, artifact)
    apply_template(target, prepared.template, prepared.to_set)
    return outputs(target)


def prepare(target: Target, artifact: Artifact) -> Prepared:
    """Upload the code; the stack and the database stay as they are."""
    before = parameters_before(target, artifact.template)
    parameters = _all(target, artifact.template, before)
    code_uri = Bucket.of(target).upload_archive(artifact.archive)
    return Prepared(
        template=_with_numbers(_with_code(artifact.template, code_uri), parameters),
        to_set=parameters_to_set(before, _named(target)),
        parameters=parameters,
        code_uri=code_uri,
    )


def all_parameters(target: Target, template: Template) -> Mapping[str, str]:
    """Return what the target's stack will have for each parameter of the template."""
    return _all(target, template, parameters_before(target, template))


def _all(target: Target, template: Template, before: Mapping[str, str]) -> Mapping[str, str]:
    return {**_defaults(template), **before, **_named(target)}


def _named(target: Target) -> Mapping[str, str]:
    secrets = {
        "SettingsSecretArn": target.settings_secret_arn,
        "WalletSecretArn": target.wallet_secret_arn,
    }
    return {**target.parameters, **secrets}


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
