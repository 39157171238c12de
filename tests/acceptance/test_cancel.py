"""Orders of the deployed package, cancelled at random instants of their lives."""

import asyncio
from random import Random

import psycopg

from orders_client import OrdersClient, ProblemError

ORDERS = 200
AT_ONCE = 12
# The stack's orders live for about so long; some are final before they are cancelled.
LIFE_SECONDS = 0.6


async def live(client, delay_seconds):
    """Place an order, cancel it then, and follow it; return its id, the answer, its events."""
    order = await client.submit("SOL", "USDC", "1")

    async def cancel():
        await asyncio.sleep(delay_seconds)
        try:
            return await client.cancel(order["orderId"])
        except ProblemError as error:
            refusal = error
        assert (refusal.status, refusal.problem["code"]) == (409, "ALREADY_CONFIRMED")
        return refusal.problem["order"]

    async def follow():
        return [event async for event in client.follow(order)]

    return order["orderId"], *await asyncio.gather(cancel(), follow())


def test_every_cancel_is_answered_truly_whenever_it_comes(outside):
    random = Random(14)
    delays = [random.uniform(0, LIFE_SECONDS) for _ in range(ORDERS)]

    async def run():
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(delay):
            async with turns:
                return await live(client, delay)

        async with asyncio.timeout(300), OrdersClient(outside.base_url) as client:
            return await asyncio.gather(*map(one, delays))

    lives = asyncio.run(run())

    ends = set()
    with psycopg.connect(outside.description.database_url) as connection:
        for order_id, answered, events in lives:
            assert [event["sequence"] for event in events] == [*range(1, len(events) + 1)]
            end = events[-1]["status"]
            if answered["status"] in ("cancelled", "confirmed"):
                assert end == answered["status"]
            else:
                assert answered["cancelRequested"]
                assert answered["status"] in ("building", "submitted")
                assert end in ("cancelled", "confirmed")
            swaps = connection.execute(
                "SELECT count(*) FROM chain.transactions WHERE error_code IS NULL AND memo LIKE %s",
                [f"{order_id}:%"],
            ).fetchone()
            assert swaps == (1 if end == "confirmed" else 0,)
            ends.add(end)
    assert ends == {"cancelled", "confirmed"}
