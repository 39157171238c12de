"""Follow any number of orders, also later ones, over as few connections as they need."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

from aiohttp import ClientSession

from orders_client.connection import Connection
from orders_client.events import Document, Observer
from orders_client.subscription import Subscription


class Follower:
    """Distributes orders over connections, and collects their events."""

    def __init__(
        self,
        session: ClientSession,
        fetch_stream_url: Callable[[str], Awaitable[str]],
        observer: Observer | None,
        orders_per_connection: int | None = None,
    ) -> None:
        """Open WebSockets in `session`; `fetch_stream_url` takes an order id."""
        self._orders_per_connection = orders_per_connection
        self._session, self._fetch_stream_url = session, fetch_stream_url
        self._observer = observer
        # None comes after the last event.
        self._events: asyncio.Queue[Document | None] = asyncio.Queue()
        self._connections: list[Connection] = []

    async def events(self, orders: AsyncIterable[Subscription]) -> AsyncIterator[Document]:
        """Yield the events of these orders until all are final.

        Raises StreamBrokenError and ProblemError as a connection does, and whatever `orders`
        raises.
        """
        running = asyncio.create_task(self._run(orders))
        running.add_done_callback(lambda _: self._events.put_nowait(None))
        try:
            while (event := await self._events.get()) is not None:
                yield event
            running.result()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self, orders: AsyncIterable[Subscription]) -> None:
        followed_ids: set[str] = set()
        try:
            async with asyncio.TaskGroup() as tasks:
                async for order in orders:
                    if order.order_id not in followed_ids:
                        followed_ids.add(order.order_id)
                        self._follow(order, tasks)
        except ExceptionGroup as failures:
            # The first to fail has cancelled the others.
            raise failures.exceptions[0] from None

    def _follow(self, order: Subscription, tasks: asyncio.TaskGroup) -> None:
        """Add the order to the first connection that has capacity, or to a new one."""
        self._connections = [each for each in self._connections if not each.is_finished]
        for connection in self._connections:
            if connection.has_capacity:
                connection.add(order)
                return
        connection = Connection(
            order,
            self._session,
            self._fetch_stream_url,
            self._events.put_nowait,
            self._observer,
            self._orders_per_connection,
        )
        self._connections.append(connection)
        tasks.create_task(connection.run())
