import asyncio
import json
import socket
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from orders_client import OrdersClient
from tests.outside import STATUSES

NUMBERED = list(enumerate(STATUSES, 1))
OTHERS = 10


@asynccontextmanager
async def follower_that_never_reads(stream_url):
    address = urlsplit(stream_url)
    narrow = socket.create_connection((address.hostname, address.port))
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    async with connect(
        stream_url,
        sock=narrow,
        # Compressed, all frames fit into the buffers.
        compression=None,
        max_queue=1,
        ping_interval=None,
        open_timeout=60,
        close_timeout=1,
    ) as stalled:
        yield stalled


async def follow(client, order):
    return [(event["sequence"], event["status"]) async for event in client.follow(order)]


async def submit_and_follow(client):
    return await follow(client, await client.submit("SOL", "USDC", "1"))


async def ask_until_closed(stalled, order):
    """Have the order's five frames sent to it again and again: more than the buffers hold."""
    subscription = json.dumps({"action": "subscribe", "orderId": order["orderId"]})
    with suppress(ConnectionClosed):
        while True:
            await stalled.send(subscription)
            await asyncio.sleep(0.02)


def test_others_see_everything_and_the_connection_is_closed_when_a_follower_stops_reading(outside):
    async def run():
        async with asyncio.timeout(120), OrdersClient(outside.base_url) as client:
            order = await client.submit("SOL", "USDC", "1")
            await follow(client, order)
            async with follower_that_never_reads(order["streamUrl"]) as stalled:
                closed = asyncio.create_task(ask_until_closed(stalled, order))
                others = await asyncio.gather(*(submit_and_follow(client) for _ in range(OTHERS)))
                await closed
            return others, await follow(client, order)

    others, again = asyncio.run(run())

    assert others == [NUMBERED] * OTHERS
    assert again == NUMBERED
