"""The deployed stack with AUTH_MODE=api_key, and keys that the command makes."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from infra.local.stack import LocalStack
from infra.paths import ROOT
from orders_client import OrdersClient, ProblemError
from orders_client.cli.app import app

ORDERS_PER_MINUTE = 5


@pytest.fixture(scope="module")
def stack():
    # Not below pytest's own folder: every run closes that to other users, and PostgreSQL is one.
    parameters = {
        "LatencyMs": "0",
        "AuthMode": "api_key",
        "OrdersPerMinute": str(ORDERS_PER_MINUTE),
    }
    with (
        tempfile.TemporaryDirectory(prefix="orders-keys-") as folder,
        LocalStack(Path(folder), parameters=parameters) as running,
    ):
        yield running


def keys(stack, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "infra.operate.keys", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": stack.description.database_url},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def new_key(stack, owner, *options):
    return json.loads(keys(stack, "create", owner, *options))


def orders(stack, key, *arguments):
    environment = {"ORDERS_URL": stack.description.base_url, "ORDERS_API_KEY": key}
    return CliRunner().invoke(app, arguments, env=environment)


async def refused(call):
    with pytest.raises(ProblemError) as refusal:
        await call
    return refusal.value.status, refusal.value.problem["code"]


async def follow(client, order):
    return [event["status"] async for event in client.follow(order)]


async def renew(client, order):
    stale = order | {"streamUrl": order["streamUrl"][:-2] + "AA"}
    return await follow(client, stale)


async def place_follow_and_pry(base_url, alice, bob):
    async with (
        OrdersClient(base_url, api_key=alice) as mine,
        OrdersClient(base_url, api_key=bob) as foreign,
        OrdersClient(base_url) as nobody,
    ):
        order = await mine.submit("SOL", "USDC", "1")
        order_id = order["orderId"]
        assert (await follow(mine, order))[-1] == "confirmed"
        assert await renew(mine, order) == await follow(mine, order_id)
        assert await refused(anext(foreign.follow(order_id))) == (404, "ORDER_NOT_FOUND")
        assert await refused(foreign.get(order_id)) == (404, "ORDER_NOT_FOUND")
        assert (await foreign.list())["orders"] == []
        for call in (nobody.get(order_id), nobody.list(), nobody.submit("SOL", "USDC", "1")):
            assert await refused(call) == (401, "UNAUTHORIZED")
        return order


def opens(url, **headers):
    try:
        with connect(url, additional_headers=headers, open_timeout=30):
            return True
    except InvalidStatus:
        return False


def test_orders_and_streams_are_their_owners_only(stack):
    base_url = stack.description.base_url
    alice, bob = (new_key(stack, owner)["apiKey"] for owner in ("alice", "bob"))

    order = asyncio.run(place_follow_and_pry(base_url, alice, bob))

    stream_url = order["streamUrl"]
    bare, _, ticket = stream_url.partition("&ticket=")
    forged = f"{bare}&ticket={ticket[:-2]}AA"
    assert [opens(stream_url), opens(bare), opens(forged)] == [True, False, False]
    assert opens(bare, Authorization=f"Bearer {alice}")
    assert not opens(bare, Authorization=f"Bearer {bob}")


def test_key_reaches_as_far_as_its_scope_until_it_is_revoked(stack):
    made = new_key(stack, "carol", "--scope", "read")

    async def use():
        async with OrdersClient(stack.description.base_url, api_key=made["apiKey"]) as client:
            placed = await refused(client.submit("SOL", "USDC", "1"))
            listed = (await client.list())["orders"]
            keys(stack, "revoke", made["keyId"])
            return placed, listed, await refused(client.list())

    assert asyncio.run(use()) == ((403, "FORBIDDEN"), [], (401, "UNAUTHORIZED"))
    assert made["apiKey"].split("_", 2)[2] not in keys(stack, "list")


def test_no_more_orders_are_accepted_than_the_limit_when_one_owner_hurries(stack):
    made = new_key(stack, "dave")

    async def hurry():
        async with OrdersClient(
            stack.description.base_url, api_key=made["apiKey"], submit_retry_delays_seconds=()
        ) as client:
            calls = (client.submit("SOL", "USDC", "1") for _ in range(3 * ORDERS_PER_MINUTE))
            return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(hurry())

    refusals = [answer for answer in answers if isinstance(answer, ProblemError)]
    # The minute may end in between: then the next window's orders are accepted as well.
    assert ORDERS_PER_MINUTE <= len(answers) - len(refusals) <= 2 * ORDERS_PER_MINUTE
    assert {refusal.status for refusal in refusals} == {429}
    assert all(0 < refusal.retry_after_seconds <= 60 for refusal in refusals)


def test_command_line_follows_many_with_their_tickets_when_it_has_a_key(stack):
    key = new_key(stack, "erin")["apiKey"]

    result = orders(stack, key, "bench", "--count", "4", "--concurrency", "4", "--json")
    locked_out = orders(stack, None, "list")

    assert (result.exit_code, json.loads(result.stdout)["fiveStatusesInOrder"]) == (0, 4)
    assert locked_out.exit_code == 3
    assert locked_out.stderr.startswith("UNAUTHORIZED: ")
