import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.http_endpoint import Endpoint, reply, serving
from tests.world import SETTINGS

ROOT = Path(__file__).parents[2]
# The worker's own.
HEAVY = (
    "solders",
    "chalicelib.entrypoints.contract",
    "chalicelib.domain.routing.best_route",
    "chalicelib.engine.execution.executor",
)
STREAMING = ("following", "publisher")
PRINT_MODULES = """
import sys
import app
app.deployment.configure_logging()
for part in sys.argv[1:]:
    getattr(app.deployment, part)
print("\\n".join(sys.modules))
"""

COUNT_WHAT_IS_KEPT = """
import gc, json
from types import SimpleNamespace
import app
context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 9_000)
is_enabled = [gc.isenabled()]
kept = [gc.get_freeze_count()]
for _ in range(2):
    app.publish({"Records": []}, context)
    is_enabled.append(gc.isenabled())
    kept.append(gc.get_freeze_count())
print(json.dumps([is_enabled, *kept, len(gc.get_objects())]))
"""


def environment() -> dict[str, str]:
    """What a function finds when it starts."""
    aws = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    return {**os.environ, **aws, **{name.upper(): value for name, value in SETTINGS.items()}}


def said_by(program: str, *arguments: str, **variables: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment() | variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def loaded_modules(*parts: str, **variables: str) -> set[str]:
    return set(said_by(PRINT_MODULES, *parts, **variables).split())


@pytest.mark.parametrize(
    ("use_case", "needed"),
    [
        ("submitter", "admission.submit"),
        ("following", "streaming.follow"),
        ("publisher", "streaming.publish"),
    ],
    ids=["accept", "connect", "publish"],
)
def test_cold_start_loads_nothing_of_the_worker(use_case: str, needed: str) -> None:
    loaded = loaded_modules(use_case)

    assert f"chalicelib.engine.{needed}" in loaded
    assert not loaded.intersection(HEAVY)


@pytest.mark.parametrize("use_case", ["following", "publisher", "executor", "rescuer", "sweeper"])
def test_cold_start_loads_no_pydantic_where_no_request_is_read(use_case: str) -> None:
    loaded = loaded_modules("settings", "gate", use_case)

    assert f"chalicelib.engine.{'streaming' if use_case in STREAMING else 'execution'}" in loaded
    assert not loaded.intersection({"pydantic", "pydantic_core"})


def test_no_function_loads_boto3_although_its_settings_are_in_a_secret() -> None:
    use_cases = ("submitter", "following", "publisher", "executor", "rescuer", "sweeper")
    secret = json.dumps({"database_url": SETTINGS["database_url"]})
    document = json.dumps({"SecretString": secret}).encode()

    with serving(Endpoint(lambda _: reply(document))) as endpoint:
        loaded = loaded_modules(
            *use_cases, "status_feed", AWS_ENDPOINT_URL=endpoint.url, SETTINGS_SECRET_ID="settings"
        )

    assert [r.headers["X-Amz-Target"] for r in endpoint.requests] == [
        "secretsmanager.GetSecretValue"
    ]
    assert "chalicelib.adapters.aws.api_gateway" in loaded
    assert not loaded.intersection({"boto3", "botocore", "s3transfer", "urllib3"})


def test_first_event_leaves_what_it_loaded_to_itself() -> None:
    is_enabled, before, first, second, looked_through = json.loads(said_by(COUNT_WHAT_IS_KEPT))

    assert is_enabled == [False, True, True]
    assert before < second <= first
    assert first > 10 * looked_through
