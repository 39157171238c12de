"""Follow any number of orders, that may come as time goes by, over as few lines as they need."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

from aiohttp import ClientSession

from orders_client.connection import Line
from orders_client.events import Document, Witness
from orders_client.subscription import Subscription


class Follower:
    """Spreads orders over lines, and gathers their events."""

    def __init__(
        self,
        session: ClientSession,
        stream_url: Callable[[str], Awaitable[str]],
        witness: Witness | None,
    ) -> None:
        self._session, self._stream_url, self._witness = session, stream_url, witness
        # None is the end of them.
        self._events: asyncio.Queue[Document | None] = asyncio.Queue()
        self._lines: list[Line] = []

    async def events(self, orders: AsyncIterable[Subscription]) -> AsyncIterator[Document]:
        """Yield the events of these orders until all are final. Raises what a line raises."""
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
        known: set[str] = set()
        try:
            async with asyncio.TaskGroup() as tasks:
                async for order in orders:
                    if order.order_id not in known:
                        known.add(order.order_id)
                        self._add(order, tasks)
        except ExceptionGroup as failed:
            # The first to fail has cancelled the others.
            raise failed.exceptions[0] from None

    def _add(self, order: Subscription, tasks: asyncio.TaskGroup) -> None:
        self._lines = [line for line in self._lines if not line.is_over]
        for line in self._lines:
            if line.has_room:
                line.add(order)
                return
        line = Line(order, self._session, self._stream_url, self._events.put_nowait, self._witness)
        self._lines.append(line)
        tasks.create_task(line.run())
