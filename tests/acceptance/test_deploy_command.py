"""`make deploy` to AWS as its caller sees it: what it refuses before anything is changed, in one
line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from infra.deploy.change_sets import describe_stack
from infra.deploy.clients import LOCAL_ENVIRONMENT
from infra.paths import ROOT
from tests.outside import Outside

KEY = "correct-horse-battery"
DATABASE = f"postgresql://orders:{KEY}@db.example:5432/orders"


Deploy = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def deploy(outside: Outside) -> Iterator[Deploy]:
    """What the command leaves with, the lines that it says on the way, and its last one."""
    endpoint = f"http://{outside.description.emulator_host}"

    def run(*arguments: str, **variables: str) -> tuple[int, list[str], str]:
        done = subprocess.run(
            [sys.executable, "-m", "infra.deploy", "--stage=nobodys", *arguments],
            cwd=ROOT,
            env=os.environ | {"AWS_ENDPOINT_URL": endpoint, **LOCAL_ENVIRONMENT, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout == ""
        assert KEY not in done.stderr
        *said, last = done.stderr.splitlines()
        return done.returncode, said, last

    yield run
    # Nothing of it was carried out.
    assert describe_stack(replace(outside.description.target(), stage="nobodys")) is None


def test_nothing_is_created_before_somebody_agrees(deploy: Deploy) -> None:
    status, said, last = deploy(DATABASE_URL=DATABASE)

    assert status == 1
    assert [line.split()[0] for line in said] == ["preflight"]
    assert "account 000000000000, us-east-1" in said[0]
    assert last == (
        "this would create orders-nobodys in account 000000000000, us-east-1: "
        "set CONFIRM=yes to let it"
    )


def test_new_stage_gets_a_database_of_its_own_and_says_what_that_costs(deploy: Deploy) -> None:
    _, _, last = deploy()

    assert "and its database (a PostgreSQL and a NAT gateway: about 50 $ a month" in last


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"no JSON: {KEY}", "is not a JSON object"),
        ({"database_url": KEY}, "has no database_url, like postgresql://user@host/name"),
        ({"database_url": DATABASE}, "has no signing_secret of 32 characters or more"),
    ],
)
def test_secret_that_is_broken_is_named_before_anything_is_packaged(
    deploy: Deploy, outside: Outside, content: object, reason: str
) -> None:
    secrets: Any = outside.description.client("secretsmanager")
    text = content if isinstance(content, str) else json.dumps(content)
    arn = secrets.create_secret(Name=f"broken-{uuid4()}", SecretString=text)["ARN"]

    status, said, last = deploy("--yes", SETTINGS_SECRET_ARN=arn)

    assert status == 1
    assert [line.split()[0] for line in said] == ["preflight"]
    assert last.startswith(f"the secret {arn} {reason}")


def test_stage_that_is_too_large_for_the_account_is_refused(deploy: Deploy) -> None:
    status, said, last = deploy("--parameter=WorkerConcurrency=600", DATABASE_URL=DATABASE)

    assert (status, said) == (1, [])
    assert "the stage needs 1210" in last
    assert "--parameter WorkerConcurrency=" in last


def test_logging_of_requests_needs_a_role_of_the_account(deploy: Deploy) -> None:
    status, _, last = deploy("--parameter=AccessLogs=on", DATABASE_URL=DATABASE)

    assert status == 1
    assert last.startswith("AccessLogs=on needs a role with which API Gateway writes logs")
