"""A stage's own database: PostgreSQL on RDS, in a network that the functions run in, too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from infra.deploy.change_sets import (
    apply_template,
    describe_stack,
    outputs,
    parameters_before,
    parameters_to_set,
)
from infra.deploy.progress import Report
from infra.deploy.secrets import database_owner
from infra.deploy.target import Target
from infra.deploy.template import Template
from infra.paths import ROOT

PART = "database"
DATABASE_TEMPLATE = ROOT / "infra" / "templates" / "database.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDatabase:
    """Where a stage's database is, and the parameters that bring the functions to it."""

    url: str
    parameters: Mapping[str, str]


def database_template() -> Template:
    """Return the template of a stage's database."""
    template: Template = json.loads(DATABASE_TEMPLATE.read_text())
    return template


def database_target(target: Target) -> Target:
    """Return the target of a stage's database: a stack beside the stage's."""
    return replace(target, part=PART)


def has_database(target: Target) -> bool:
    """Tell whether the stage has a database of its own."""
    return describe_stack(database_target(target)) is not None


def bring_up_database(
    target: Target, parameters: Mapping[str, str], report: Report
) -> StageDatabase:
    """Create the stage's database and its network, or bring them up to date; the first time takes
    about ten minutes. Raises DeploymentError."""
    of, template = database_target(target), database_template()
    secret_arn, owner = database_owner(of)
    named = {**parameters, "DatabaseSecretArn": secret_arn}
    before = parameters_before(of, template)
    apply_template(of, template, parameters_to_set(before, named), report=report)
    found = outputs(of)
    name, password = (quote(str(owner[key]), safe="") for key in ("username", "password"))
    return StageDatabase(
        url=f"postgresql://{name}:{password}@{found['Host']}:{found['Port']}/orders",
        parameters={
            "SubnetIds": found["SubnetIds"],
            "SecurityGroupIds": found["SecurityGroupIds"],
            "DatabaseRoots": "rds",
        },
    )
