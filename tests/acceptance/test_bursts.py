import asyncio
import json
import time

import pytest
from websockets.asyncio.client import connect

from chalicelib.adapters.aws.dynamodb import CONNECTION_LIFE
from orders_client import OrdersClient
from tests.outside import STATUSES

NUMBERED = list(enumerate(STATUSES, 1))


async def submit_and_follow(client, turns):
    async with turns, asyncio.timeout(120):
        order = await client.submit("SOL", "USDC", "1")
        seen = []
        async with connect(order["streamUrl"], open_timeout=60) as socket:
            while not seen or seen[-1][1] not in ("confirmed", "failed"):
                event = json.loads(await socket.recv())["data"]
                seen.append((event["sequence"], event["status"]))
    return seen


async def burst(base_url, orders, submitters):
    turns = asyncio.Semaphore(submitters)
    async with OrdersClient(base_url) as client:
        return await asyncio.gather(*(submit_and_follow(client, turns) for _ in range(orders)))


@pytest.mark.parametrize(("orders", "submitters"), [(100, 100), (150, 25)])
def test_every_follower_sees_five_statuses_once_in_order_when_orders_come_at_once(
    outside, orders, submitters
):
    streams = asyncio.run(burst(outside.base_url, orders, submitters))

    assert streams == [NUMBERED] * orders


def test_ledger_shows_one_swap_for_each_confirmed_order_when_all_is_quiet(outside):
    asyncio.run(burst(outside.base_url, 20, 20))

    mismatches = outside.sql(
        """
        SELECT orders.order_id, count(swap.signature)
          FROM orders
          LEFT JOIN chain.transactions AS swap
            ON swap.memo LIKE orders.order_id || ':%' AND swap.amount_out IS NOT NULL
         GROUP BY orders.order_id
        HAVING count(swap.signature) <> (orders.status = 'confirmed')::integer
        """
    )
    holes = outside.sql(
        """
        SELECT order_id FROM order_events
         GROUP BY order_id HAVING count(*) <> max(sequence) OR min(sequence) <> 1
        """
    )

    assert mismatches == []
    assert holes == []


def test_followers_that_have_left_expire_with_all_that_stands_about_them(outside):
    asyncio.run(burst(outside.base_url, 5, 5))
    table = outside.description.outputs["ConnectionsTable"]
    client = outside.description.target().clients.client("dynamodb")

    items = client.scan(TableName=table)["Items"]

    entries = [v["M"] for item in items for name, v in item.items() if name.startswith("c:")]
    latest = time.time() + CONNECTION_LIFE.total_seconds()
    assert all(int(each["expires_at"]["N"]) <= latest for each in [*items, *entries])
