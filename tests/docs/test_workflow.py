"""The workflow for those who deploy from GitHub: what it runs is there, and only what deploys gets
at AWS."""

import json
from typing import Any

import pytest
import yaml

from tests.docs.markdown import of_kind, source

FILE = ".github/workflows/deploy.yml"


@pytest.fixture
def workflow() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(source(FILE))
    return found


def runs(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_each_stage_is_released_after_the_one_before(workflow: dict[str, Any]) -> None:
    jobs = workflow["jobs"]

    assert runs(jobs["test"]) == ["make check", "make test"]
    assert (jobs["staging"]["needs"], jobs["production"]["needs"]) == ("test", "staging")
    assert runs(jobs["staging"]) == ["make deploy STAGE=staging"]
    assert runs(jobs["production"]) == ["make deploy STAGE=prod"]
    # Who releases to production is the environment's matter.
    assert jobs["production"]["environment"] == "production"


def test_targets_are_there(workflow: dict[str, Any]) -> None:
    targets = {command.split()[1] for job in workflow["jobs"].values() for command in runs(job)}

    assert all(f"\n{target}:" in source("Makefile") for target in targets)


def test_only_what_deploys_may_ask_for_credentials(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        may_ask = job.get("permissions", {}).get("id-token") == "write"
        assert may_ask == (name != "test")
        assert may_ask == any("configure-aws-credentials" in str(step) for step in job["steps"])


def test_nothing_of_a_push_is_read_by_a_shell(workflow: dict[str, Any]) -> None:
    assert not any("${{" in command for job in workflow["jobs"].values() for command in runs(job))


def test_one_release_runs_at_a_time_and_to_its_end(workflow: dict[str, Any]) -> None:
    assert workflow["concurrency"] == {"group": "deploy", "cancel-in-progress": False}


def test_confirmation_is_given_where_something_is_deployed(workflow: dict[str, Any]) -> None:
    deploying = [
        step
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith("make deploy")
    ]

    assert [step["env"] for step in deploying] == [{"CONFIRM": "yes"}] * 2


def test_role_trusts_the_environment_that_deploys(workflow: dict[str, Any]) -> None:
    [block] = of_kind("policy")
    [statement] = json.loads(block.text)["Statement"]

    subject = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert subject.endswith(f":environment:{workflow['jobs']['production']['environment']}")
