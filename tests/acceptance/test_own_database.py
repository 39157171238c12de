"""A stage's own database on the emulator: made, changed, and deleted with the stage."""

import io
import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from infra.deploy import database
from infra.deploy.change_sets import describe_stack
from infra.deploy.database import (
    StageDatabase,
    bring_up_database,
    database_target,
    database_template,
    has_database,
)
from infra.deploy.progress import Progress
from infra.deploy.target import Target
from infra.deploy.template import Template, merge_template
from infra.errors import DeploymentError
from infra.operate.destroy import destroy
from tests.outside import Outside

TOPIC = "arn:aws:sns:us-east-1:123456789012:pager"
# What the emulator does not make; moto does.
WAY_OUT = ("Gateway", "GatewayAddress", "PrivateRoute")


@pytest.fixture
def target(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A stage that nobody else has."""
    monkeypatch.setattr(database, "database_template", without_way_out)
    return replace(outside.description.target(), stage=f"own-{uuid4().hex[:8]}")


def without_way_out() -> Template:
    template = database_template()
    for name in WAY_OUT:
        del template["Resources"][name]
    return template


def bring_up(target: Target, **parameters: str) -> tuple[StageDatabase, list[str]]:
    said: list[str] = []
    return bring_up_database(target, parameters, said.append), said


def progress() -> Progress:
    return Progress(Console(file=io.StringIO()))


def test_database_is_made_once_and_keeps_its_owner_when_it_is_changed(target: Target) -> None:
    first, said = bring_up(target)
    second, _ = bring_up(target, AlarmTopic=TOPIC)

    assert second == first
    assert any(line.split() == ["CREATE_COMPLETE", "Database"] for line in said)
    stack = describe_stack(database_target(target)) or {}
    assert {"ParameterKey": "AlarmTopic", "ParameterValue": TOPIC} in stack["Parameters"]


def test_its_owner_has_a_password_that_nobody_chose(target: Target) -> None:
    own, _ = bring_up(target)

    secrets: Any = target.clients.client("secretsmanager")
    name = database_target(target).stack_name
    owner = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    found = conninfo_to_dict(own.url)
    assert (found["user"], found["password"]) == (owner["username"], owner["password"])
    assert len(owner["password"]) == 48
    assert own.parameters.keys() <= merge_template()["Parameters"].keys()


def test_stage_is_deleted_only_when_its_name_is_said(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_up(target)
    monkeypatch.setenv("CONFIRM", "yes")
    with pytest.raises(DeploymentError, match=f"set CONFIRM={target.stage} to let it"):
        destroy(target, progress())
    assert has_database(target)

    monkeypatch.setenv("CONFIRM", target.stage)
    destroy(target, progress())

    assert not has_database(target)
    with pytest.raises(DeploymentError, match=f"there is no stack {target.stack_name}"):
        destroy(target, progress())
