import asyncio
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest

from infra.local.functions import function_names
from infra.local.stack import LocalStack
from orders_client import OrdersClient

ORDERS = 30
TIME_MAX = timedelta(seconds=30)
WORKERS = ("Execute", "Publish")
LAST_END = "SELECT max(updated_at) FROM orders"
STARTED = "SELECT count(*) FROM orders WHERE status NOT IN ('pending', 'confirmed', 'failed')"
SWAPS = """
    SELECT split_part(memo, ':', 1), count(*)
      FROM chain.transactions
     WHERE amount_out IS NOT NULL
     GROUP BY 1
"""


@pytest.fixture(scope="module")
def stack():
    # Not below pytest's own folder: every run closes that to other users, and PostgreSQL is one.
    with (
        tempfile.TemporaryDirectory(prefix="orders-killed-") as folder,
        LocalStack(Path(folder)) as running,
    ):
        yield running


def workers_of(stack):
    names = [function_names(stack.description)[function] for function in WORKERS]
    roots = [psutil.Process(process_id) for process_id in stack.process_ids()]
    children = [child for root in roots for child in root.children(recursive=True)]
    return [c for c in children if c.environ().get("AWS_LAMBDA_FUNCTION_NAME") in names]


async def wait_until_all_are_under_way(connection):
    while connection.execute(STARTED).fetchone() != (ORDERS,):
        await asyncio.sleep(0.02)


async def follow(client, order):
    events = [event async for event in client.follow(order)]
    return [event["sequence"] for event in events], events[-1]["status"]


async def kill_all_workers_under_way(stack, connection):
    """Return what each follower saw, how many workers there were, and when they died."""
    async with OrdersClient(stack.description.base_url) as client, asyncio.timeout(150):
        submissions = (client.submit("SOL", "USDC", "1") for _ in range(ORDERS))
        orders = await asyncio.gather(*submissions)
        followers = asyncio.gather(*(follow(client, order) for order in orders))
        await wait_until_all_are_under_way(connection)
        victims = workers_of(stack)
        for process in victims:
            process.kill()
        killed_at = datetime.now(UTC)
        return await followers, len(victims), killed_at


def test_orders_end_soon_and_swap_once_when_all_workers_were_killed(stack):
    with psycopg.connect(stack.description.database_url, autocommit=True) as connection:
        seen, victims, killed_at = asyncio.run(kill_all_workers_under_way(stack, connection))
        swaps = Counter(dict(connection.execute(SWAPS).fetchall()))
        [last_end] = connection.execute(LAST_END).fetchone()

    assert victims >= 3
    assert last_end - killed_at < TIME_MAX
    assert seen == [([1, 2, 3, 4, 5], "confirmed")] * ORDERS
    assert len(swaps) == ORDERS
    assert set(swaps.values()) == {1}
