import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import SETTINGS

ROOT = Path(__file__).parents[2]
# The worker's own; boto3 is what every cold start with a queue or a table has to pay for.
HEAVY = (
    "solders",
    "chalicelib.entrypoints.contract",
    "chalicelib.domain.routing.best_route",
    "chalicelib.engine.execution.executor",
)
PRINT_MODULES = """
import sys
import app
app.deployment.configure_logging()
getattr(app.deployment, sys.argv[1])
print("\\n".join(sys.modules))
"""


def environment() -> dict[str, str]:
    """What a function finds when it starts."""
    aws = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    return {**os.environ, **aws, **{name.upper(): value for name, value in SETTINGS.items()}}


def loaded_modules(use_case: str) -> set[str]:
    answer = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, use_case],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(answer.stdout.split())


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
