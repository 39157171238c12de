import asyncio
import json
import time
from collections import defaultdict
from random import Random

import pytest
from websockets.asyncio.client import connect

from orders_client import OrdersClient

ORDERS, CONNECTIONS, SHARED_CONNECTIONS = 20, 100, 20
SUBSCRIPTIONS_OF_A_CONNECTION = 9
LAST = 5
# Orders are accepted over the first of these seconds; followers come over all of them.
ACCEPTING_SECONDS, COMING_SECONDS = 3, 6
QUIET_SECONDS = 1


class Crowd:
    """Orders, and followers that come at random instants of their lives."""

    def __init__(self, base_url, seed):
        self.base_url, self.random = base_url, Random(seed)
        self.orders = [asyncio.get_running_loop().create_future() for _ in range(ORDERS)]

    async def come(self):
        """Return, for each follower, the sequences that it asked for and those that it saw."""
        async with OrdersClient(self.base_url) as client, asyncio.timeout(120):
            alone = [self.follow_alone() for _ in range(CONNECTIONS)]
            shared = [self.follow_many() for _ in range(SHARED_CONNECTIONS)]
            submitted = [self.submit(client, order) for order in self.orders]
            followers = await asyncio.gather(*alone, *shared, *submitted)
        return [pair for pairs in followers if pairs for pair in pairs]

    async def submit(self, client, order):
        await asyncio.sleep(self.random.uniform(0, ACCEPTING_SECONDS))
        order.set_result(await client.submit("SOL", "USDC", "1"))

    async def follow_alone(self):
        return await self.follow([self.random.choice(self.orders)])

    async def follow_many(self):
        return await self.follow(self.random.sample(self.orders, SUBSCRIPTIONS_OF_A_CONNECTION + 1))

    async def follow(self, orders):
        """Connect to the first order, subscribe to the others, and read to the end of all."""
        at = sorted(self.random.uniform(0, COMING_SECONDS) for _ in orders)
        began = time.monotonic()
        await asyncio.sleep(at[0])
        first, after = await orders[0], self.random.randrange(LAST)
        asked, seen = {first["orderId"]: after}, defaultdict(list)
        async with connect(f"{first['streamUrl']}&after={after}", open_timeout=60) as socket:
            reading = asyncio.create_task(read(socket, seen, len(orders)))
            for moment, waiting in zip(at[1:], orders[1:], strict=True):
                await asyncio.sleep(began + moment - time.monotonic())
                order_id, after = (await waiting)["orderId"], self.random.randrange(LAST)
                asked[order_id] = after
                frame = {"action": "subscribe", "orderId": order_id, "after": after}
                await socket.send(json.dumps(frame))
            await reading
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), QUIET_SECONDS)
        return [(list(range(asked[o] + 1, LAST + 1)), seen[o]) for o in asked]


async def read(socket, seen, orders):
    """Write down each order's sequences until all are over."""
    over = set()
    while len(over) < orders:
        event = json.loads(await socket.recv())["data"]
        seen[event["orderId"]].append(event["sequence"])
        if event["status"] == "confirmed":
            over.add(event["orderId"])


async def come_together(base_url, seed):
    return await Crowd(base_url, seed).come()


def test_every_follower_sees_every_event_once_in_order_whenever_it_comes(outside):
    seed = time.time_ns()

    followers = asyncio.run(come_together(outside.base_url, seed))

    mistakes = [(asked, seen) for asked, seen in followers if asked != seen]
    assert len(followers) == CONNECTIONS + SHARED_CONNECTIONS * (SUBSCRIPTIONS_OF_A_CONNECTION + 1)
    assert mistakes == [], f"seed {seed}"
