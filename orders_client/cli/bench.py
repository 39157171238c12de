"""Many orders at once: submitted as others come to their end, and followed over few connections."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from orders_client import FINAL, Document, OrdersClient, ProblemError
from orders_client.cli.trades import Trade
from orders_client.errors import TRANSPORT_ERRORS

# When no order has had news for so long, those that are left are given up.
QUIET_SECONDS = 120.0
NO_END = "no end"


@dataclass(slots=True)
class FrameCounter:
    """Counts connections, and events as they arrive. It is an Observer."""

    connections: int = 0
    frames: int = 0
    holes: int = 0
    _highest: dict[str, int] = field(default_factory=dict)
    _seen: set[tuple[str, int]] = field(default_factory=set)

    @property
    def duplicates(self) -> int:
        """How many frames repeated an earlier one."""
        return self.frames - len(self._seen)

    def connection_opened(self) -> None:
        """Count a connection."""
        self.connections += 1

    def event_received(self, event: Document) -> None:
        """Count an event, and a hole when events are missing before it."""
        order_id, sequence = event["orderId"], event["sequence"]
        highest = self._highest.get(order_id, 0)
        self.frames += 1
        self.holes += sequence > highest + 1
        self._highest[order_id] = max(highest, sequence)
        self._seen.add((order_id, sequence))


class Bench:
    """Runs trades against a deployment, so many at a time. What it knows can be read meanwhile."""

    def __init__(self, client: OrdersClient, trades: Sequence[Trade], concurrency: int) -> None:
        self.trades = trades
        self.counter = FrameCounter()
        self.started_at = self.ended_at = 0.0
        self._client = client
        self._turns = asyncio.Semaphore(concurrency)
        self._by_id: dict[str, Trade] = {}
        # None is the end of them.
        self._accepted: asyncio.Queue[Document | None] = asyncio.Queue()

    async def run(self) -> None:
        """Run all trades to their end.

        Raises what the client raises when the service is not to be reached, or refuses this
        client; what it has against single orders stands in their trades.
        """
        await self._client.tokens()
        self.started_at = self._now()
        submitting = asyncio.create_task(self._submit_all())
        try:
            async with asyncio.timeout(QUIET_SECONDS) as patience:
                async for event in self._client.follow_many(self._orders(), observer=self.counter):
                    patience.reschedule(self._now() + QUIET_SECONDS)
                    self._take(event)
            await submitting
        except TimeoutError:
            self._give_up()
        finally:
            submitting.cancel()
            await asyncio.gather(submitting, return_exceptions=True)
            self.ended_at = self._now()

    async def _submit_all(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for trade in self.trades:
                    await self._turns.acquire()
                    tasks.create_task(self._submit(trade))
        finally:
            self._accepted.put_nowait(None)

    async def _submit(self, trade: Trade) -> None:
        trade.started_at = self._now()
        try:
            order = await self._client.submit(trade.token_in, trade.token_out, trade.amount)
        except ProblemError as refusal:
            self._end(trade, str(refusal.problem.get("code") or refusal.status))
        except TRANSPORT_ERRORS as error:
            self._end(trade, type(error).__name__)
        else:
            trade.order_id = order["orderId"]
            self._by_id[trade.order_id] = trade
            self._accepted.put_nowait(order)

    async def _orders(self) -> AsyncIterator[Document]:
        while (order := await self._accepted.get()) is not None:
            yield order

    def _take(self, event: Document) -> None:
        trade = self._by_id[event["orderId"]]
        trade.events.append(event)
        if event["status"] in FINAL:
            self._end(trade)

    def _end(self, trade: Trade, error: str = "") -> None:
        trade.error, trade.ended_at = error, self._now()
        self._turns.release()

    def _give_up(self) -> None:
        for trade in self.trades:
            if not trade.is_over:
                trade.error = NO_END

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
