"""Many orders at once: submitted as earlier ones end, and followed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from orders_client import FINAL_STATUSES, Document, OrdersClient, ProblemError
from orders_client.cli.trades import Trade
from orders_client.errors import TRANSPORT_ERRORS
from orders_client.fields import swap_fields

# When no event has arrived for so long, the bench stops following.
IDLE_SECONDS_MAX = 120.0
NO_END = "no end"


@dataclass(slots=True)
class EventCounter:
    """Counts connections, and events as they arrive. It is an Observer."""

    connections: int = 0
    events: int = 0
    holes: int = 0
    _highest: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    @property
    def duplicates(self) -> int:
        """How many events repeated an earlier one."""
        return self.events - len(self._seen)

    def connection_broke(self) -> None:
        """Nothing: what was missed is counted when it comes."""

    def connection_opened(self) -> None:
        """Count a connection."""
        self.connections += 1

    def event_received(self, event: Document) -> None:
        """Count an event, and a hole when events are missing before it."""
        order_id, sequence = event["orderId"], event["sequence"]
        highest = self._highest.get(order_id, 0)
        self.events += 1
        self.holes += sequence > highest + 1
        self._highest[order_id] = max(highest, sequence)
        self._seen.add((order_id, sequence))


class Bench:
    """Runs trades against a deployment, at most `concurrency` at a time.

    They are followed over few connections, or with `orders_per_connection` over more.

    `trades` and `counter` are up to date at any time. `started_at` and `ended_at` are times of the
    event loop's clock.
    """

    def __init__(
        self,
        client: OrdersClient,
        trades: Sequence[Trade],
        concurrency: int,
        *,
        orders_per_connection: int | None = None,
    ) -> None:
        self.trades = trades
        self.counter = EventCounter()
        self.started_at = self.ended_at = 0.0
        self._client, self._orders_per_connection = client, orders_per_connection
        self._slots = asyncio.Semaphore(concurrency)
        self._by_id: dict[str, Trade] = {}
        # None comes after the last order.
        self._accepted: asyncio.Queue[Document | None] = asyncio.Queue()

    async def run(self) -> None:
        """Run all trades until each is finished, or IDLE_SECONDS_MAX pass without an event.

        Raises ProblemError and aiohttp's errors when the service refuses this client or is not
        reached; when it refuses a single order, the trade has the error.
        """
        await self._client.tokens()
        self.started_at = self._now()
        submitting = asyncio.create_task(self._submit_all())
        try:
            async with asyncio.timeout(IDLE_SECONDS_MAX) as timeout:
                async for event in self._client.follow_many(
                    self._orders(),
                    observer=self.counter,
                    orders_per_connection=self._orders_per_connection,
                ):
                    timeout.reschedule(self._now() + IDLE_SECONDS_MAX)
                    self._record(event)
            await submitting
        except TimeoutError:
            self._mark_unfinished()
        finally:
            submitting.cancel()
            await asyncio.gather(submitting, return_exceptions=True)
            self.ended_at = self._now()

    async def _submit_all(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for trade in self.trades:
                    await self._slots.acquire()
                    tasks.create_task(self._submit(trade))
        finally:
            self._accepted.put_nowait(None)

    async def _submit(self, trade: Trade) -> None:
        trade.started_at = self._now()
        try:
            order = await self._place(trade)
        except ProblemError as refusal:
            self._finish(trade, str(refusal.problem.get("code") or refusal.status))
        except TRANSPORT_ERRORS as error:
            self._finish(trade, type(error).__name__)
        else:
            trade.order_id, trade.answered_at = order["orderId"], self._now()
            self._by_id[trade.order_id] = trade
            self._accepted.put_nowait(order)
            if trade.cancel_after_seconds is not None:
                await asyncio.sleep(trade.cancel_after_seconds)
                await self._client.cancel(trade.order_id)

    async def _place(self, trade: Trade) -> Document:
        swap = trade.token_in, trade.token_out, trade.amount
        if not trade.terms:
            return await self._client.submit(*swap)
        return await self._client.place(swap_fields(*swap) | trade.terms)

    async def _orders(self) -> AsyncIterator[Document]:
        while (order := await self._accepted.get()) is not None:
            yield order

    def _record(self, event: Document) -> None:
        trade = self._by_id[event["orderId"]]
        trade.events.append(event)
        if event["status"] in FINAL_STATUSES:
            self._finish(trade)

    def _finish(self, trade: Trade, error: str = "") -> None:
        trade.error, trade.ended_at = error, self._now()
        self._slots.release()

    def _mark_unfinished(self) -> None:
        for trade in self.trades:
            if not trade.is_finished:
                trade.error = NO_END

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
