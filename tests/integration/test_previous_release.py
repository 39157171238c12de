"""The code before the newest migration works on the schema after it: a deployment migrates first,
and the old functions serve until the new ones are there, or again when they fail."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.paths import ROOT
from tests.releases import MIGRATIONS, unpack_release_before
from tests.unit.functions import captured

LIFE = """
import json, sys
import app
from chalicelib.engine.messages import ExecuteOrder, encode

class Context:
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    def get_remaining_time_in_millis(self):
        return 60_000

def call(event, **changes):
    answer = app.app(event | changes, Context())
    assert answer["statusCode"] < 300, answer
    return json.loads(answer["body"])

post, get, batch, minute = json.load(sys.stdin)
market = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
limit = market | {"type": "LIMIT", "limitPrice": "1000000"}
found = {}
for fields in (market, limit):
    order_id = call(post, body=json.dumps(fields))["orderId"]
    for _ in range(5):
        batch["Records"] = batch["Records"][:1]
        batch["Records"][0]["body"] = encode(ExecuteOrder(order_id=order_id))
        failed = app.execute(batch, Context())
        assert failed == {"batchItemFailures": []}, failed
    get["resource"] = get["requestContext"]["resourcePath"] = "/api/orders/{order_id}"
    get["pathParameters"] = {"order_id": order_id}
    found[fields["type"]] = call(get)["status"]
app.sweep(minute, Context())
print(json.dumps(found))
"""


@pytest.fixture(scope="session")
def previous_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it was before the newest migration came."""
    folder = tmp_path_factory.mktemp("previous-release")
    unpack_release_before(folder, "app.py", "chalicelib")
    return folder


@pytest.fixture
def environment(deployed_environment: Mapping[str, str]) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | deployed_environment | {"LOG_LEVEL": "ERROR"}


def test_previous_release_takes_and_executes_orders_when_the_schema_is_new(
    previous_release: Path, environment: Mapping[str, str]
) -> None:
    newest = sorted(path.name for path in (ROOT / MIGRATIONS).iterdir())[-1]
    assert not (previous_release / MIGRATIONS / newest).exists()

    done = subprocess.run(
        [sys.executable, "-c", LIFE],
        input=json.dumps(
            [captured(name) for name in ("http_post", "http_get", "sqs_standard", "schedule")]
        ),
        cwd=previous_release,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"MARKET": "confirmed", "LIMIT": "open"}
