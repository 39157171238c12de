"""An order over time with a slice each second, while every function is killed each second."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import ClientError

from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.orders.schedules import slice_id
from infra.local.functions import function_processes
from infra.local.stack import LocalStack
from infra.operate.audit import audit
from orders_client import OrdersClient, ProblemError
from tests.outside import Outside

SLICES, AMOUNT = 20, 1_000_000_007
DCA = {
    "type": "DCA",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1.000000007",
    "slices": SLICES,
    "intervalSeconds": 1,
}
# As long as the schedule takes when nothing happens, and what the rest takes at most: what was in
# hand comes again, and the slices that were missed are a second apart.
KILLED_SECONDS, REST_SECONDS_MAX = 20, 120
FAR_STOP = {
    "type": "STOP",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
    "triggerPrice": "0.01",
    "triggerCondition": "below",
}
EVENTS = "SELECT occurred_at, details FROM order_events WHERE order_id = '{}' ORDER BY sequence"
SWAPPED = """
    SELECT order_id::text, status, landed.amount_in, landed.amount_out FROM orders
      LEFT JOIN chain.transactions AS landed
             ON split_part(memo, ':', 1) = order_id::text AND error_code IS NULL
     WHERE parent_id = '{}'
"""


@pytest.fixture
def stack() -> Iterator[LocalStack]:
    # Not below pytest's own folder: every run closes that to other users, and PostgreSQL is one.
    with (
        tempfile.TemporaryDirectory(prefix="orders-killed-") as folder,
        LocalStack(Path(folder), parameters={"LatencyMs": "0"}) as running,
    ):
        yield running


def kill_every_function(stack: LocalStack) -> int:
    killed = 0
    for _, process in [*function_processes(stack.process_ids())]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
            killed += 1
    return killed


async def kill_each_second(stack: LocalStack) -> int:
    begun_at = time.monotonic()
    killed = 0
    for second in range(1, KILLED_SECONDS + 1):
        await asyncio.sleep(max(0.0, begun_at + second - time.monotonic()))
        killed += kill_every_function(stack)
    return killed


async def place_others(client: OrdersClient) -> None:
    """Others place orders that wait, which starts a watcher where none is at work."""
    while True:
        with suppress(ClientError, OSError, ProblemError, ValueError):
            waiting = await client.place(FAR_STOP)
            await client.cancel(waiting["orderId"])
        await asyncio.sleep(1)


async def place_and_kill(stack: LocalStack) -> tuple[str, int]:
    """Return the order when it has ended, and how many processes were killed."""
    async with OrdersClient(stack.description.base_url) as client:
        order_id = (await client.place(DCA))["orderId"]
        others = asyncio.create_task(place_others(client))
        killed = await kill_each_second(stack)
        async with asyncio.timeout(REST_SECONDS_MAX):
            while status_of(stack, order_id) == "open":
                await asyncio.sleep(0.2)
        others.cancel()
        return order_id, killed


def status_of(stack: LocalStack, order_id: str) -> str:
    query = f"SELECT status FROM orders WHERE order_id = '{order_id}'"
    [(status,)] = Outside(stack.description).sql(query)
    return str(status)


def test_slices_come_on_their_grid_once_each_when_every_function_is_killed_each_second(
    stack: LocalStack,
) -> None:
    order_id, killed = asyncio.run(place_and_kill(stack))

    outside = Outside(stack.description)
    assert killed >= KILLED_SECONDS
    assert status_of(stack, order_id) == "completed"
    [(start_at, _), *events] = outside.sql(EVENTS.format(order_id))
    begun = [(at, told) for at, told in events if "due_at" in told]
    swapped = {row[0]: row[1:] for row in outside.sql(SWAPPED.format(order_id))}
    expect_grid(OrderId(order_id), start_at, begun)
    assert {told["order_id"] for _, told in begun} == swapped.keys()
    assert sum(told["amount_in"] for _, told in begun) == AMOUNT
    done = [swap for status, *swap in swapped.values() if status == "confirmed"]
    # One at most can have been in hand until its time was up.
    assert len(done) >= SLICES - 1
    completed = events[-1][1]
    ends = (completed["done"], completed["skipped"])
    assert ends == (len(done), SLICES - len(done))
    sums = (completed["amount_in"], completed["amount_out"])
    assert sums == tuple(map(sum, zip(*done, strict=True)))
    assert audit(stack.description.database_url).findings == {}


def expect_grid(
    parent_id: OrderId, start_at: datetime, begun: list[tuple[datetime, dict[str, Any]]]
) -> None:
    """Each slice is due at a second of its own, and begins no sooner."""
    numbers = [told["slice"] for _, told in begun]
    assert len(numbers) == SLICES
    assert numbers == sorted({*numbers})
    for at, told in begun:
        due_at = datetime.fromisoformat(told["due_at"])
        assert due_at == start_at + timedelta(seconds=told["slice"])
        assert due_at <= at
        assert told["order_id"] == slice_id(parent_id, told["slice"])
