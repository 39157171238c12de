"""A stage is brought from the release before to this one while orders come in and are followed."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.deploy.package import Artifact, package
from infra.deploy.smoke import smoke_test
from infra.deploy.stack import deploy
from infra.local.description import DESCRIPTION, read_description
from infra.local.stack import LocalStack
from infra.operate.audit import audit
from orders_client import OrdersClient
from tests.releases import unpack_release_before

PER_SECOND, SECONDS = 5, 16
# Some orders are under way, and some wait, when the functions are replaced.
SECONDS_BEFORE = 4
END_SECONDS = 60
LATENCY = {"LatencyMs": "1000-2000"}
PACKAGE = """
import sys
from pathlib import Path
from infra.deploy.package import package
package("local", Path(sys.argv[1]), compressed=False)
"""


@pytest.fixture(scope="module")
def release_before(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """What was deployed before the newest migration came."""
    code, built = (tmp_path_factory.mktemp(name) for name in ("release-before", "built-before"))
    unpack_release_before(code)
    subprocess.run([sys.executable, "-c", PACKAGE, str(built)], cwd=code, check=True)
    template = json.loads((built / "sam.json").read_text())
    return Artifact(template=template, archive=built / "deployment.zip")


@pytest.fixture(scope="module")
def this_release(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return package("local", tmp_path_factory.mktemp("this-release"), compressed=False)


@pytest.fixture
def stack(release_before: Artifact) -> Iterator[LocalStack]:
    # Not below pytest's own folder: every run closes that to other users, and PostgreSQL is one.
    with (
        tempfile.TemporaryDirectory(prefix="orders-update-") as folder,
        LocalStack(Path(folder), parameters=LATENCY) as running,
    ):
        keep_one_secret(running)
        bring_to(running, release_before)
        # As after any release: it serves before the load comes.
        smoke_test(running.description.base_url, None)
        yield running


def keep_one_secret(stack: LocalStack) -> None:
    """Put the wallet's key among the settings, where releases looked that knew one secret."""
    at = stack.description
    secrets: Any = at.client("secretsmanager")
    fields: dict[str, str] = {}
    for arn in (at.wallet_secret_arn, at.settings_secret_arn):
        fields |= json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    secrets.put_secret_value(SecretId=at.settings_secret_arn, SecretString=json.dumps(fields))


def bring_to(stack: LocalStack, artifact: Artifact) -> None:
    """Deploy as `make deploy STAGE=local` does."""
    description = read_description(stack.folder / DESCRIPTION)
    outputs = deploy(description.target(), artifact)
    replace(description, outputs=outputs).write(stack.folder)


async def trade(client: OrdersClient, number: int, delay: float) -> list[dict[str, Any]]:
    """Place an order after a while, and return its events; every fifth waits for its price."""
    await asyncio.sleep(delay)
    order: dict[str, Any] = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
    if number % 5 == 0:
        order |= {"type": "STOP", "triggerPrice": "1000000", "triggerCondition": "below"}
        order |= {"priceIn": "USDC", "triggerIfMet": True}
    accepted = await client.place(order)
    return [event async for event in client.follow(accepted)]


async def trade_while_updating(stack: LocalStack, artifact: Artifact) -> list[list[dict[str, Any]]]:
    # A client that does not try again hears every refusal.
    client = OrdersClient(stack.description.base_url, submit_retry_delays_seconds=())
    async with client, asyncio.timeout(SECONDS + END_SECONDS):
        count = PER_SECOND * SECONDS
        orders = [asyncio.create_task(trade(client, n, n / PER_SECOND)) for n in range(count)]
        await asyncio.sleep(SECONDS_BEFORE)
        await asyncio.to_thread(bring_to, stack, artifact)
        return await asyncio.gather(*orders)


def test_nothing_is_refused_lost_or_done_twice(stack: LocalStack, this_release: Artifact) -> None:
    histories = asyncio.run(trade_while_updating(stack, this_release))

    assert len(histories) == PER_SECOND * SECONDS
    for events in histories:
        assert [event["sequence"] for event in events] == [*range(1, len(events) + 1)]
        assert events[-1]["status"] == "confirmed"
    assert audit(stack.description.database_url, all_final=True).findings == {}
