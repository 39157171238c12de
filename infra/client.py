"""A client of the engine's API: submit, read, list, and follow an order to its end."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from aiohttp import (
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    TCPConnector,
    WSCloseCode,
    WSMsgType,
)

FINAL = frozenset({"confirmed", "failed"})
RECONNECTS_MOST = 20
# Doubled each time it fails, and half of it random: many followers must not come at once.
RECONNECT_SECONDS = 0.2
RECONNECT_SECONDS_MOST = 5.0
# Who hears nothing for so long asks again, twice as long each time: when the last frame was lost,
# no later one shows the hole.
SILENCE_SECONDS = 15.0
SILENCE_SECONDS_MOST = 240.0
# API Gateway closes a connection that is idle for ten minutes.
PING_SECONDS = 180.0

Document = dict[str, Any]


class ProblemError(Exception):
    """The service refused a call; `problem` is its RFC 9457 document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem


class SilenceError(Exception):
    """A stream has said nothing for long."""


class GoingAwayError(Exception):
    """The service closed a stream that was idle, or open, for as long as one may be."""


class OrdersClient:
    """The API at a base URL, "http://localhost:3000" say. Use as an async context manager."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session: ClientSession

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=TCPConnector(limit=0), timeout=ClientTimeout(total=60)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def submit(
        self, token_in: str, token_out: str, amount: str, *, slippage_bps: int = 100
    ) -> Document:
        """Submit a market order and return it with its `orderId` and `streamUrl`."""
        order = {
            "type": "MARKET",
            "tokenIn": token_in,
            "tokenOut": token_out,
            "amount": amount,
            "slippageBps": slippage_bps,
        }
        return await self._call("POST", "/api/orders/execute", json=order)

    async def get(self, order_id: str) -> Document:
        """Return an order with its events."""
        return await self._call("GET", f"/api/orders/{order_id}")

    async def list(self, **filters: str) -> Document:
        """Return a page of orders, newest first."""
        return await self._call("GET", "/api/orders", params=filters)

    async def follow(self, order: Mapping[str, Any], *, after: int = 0) -> AsyncIterator[Document]:
        """Yield the order's events after `after`, each once and in order, up to its final one.

        When the connection breaks or falls silent, or a sequence is missing, it connects again and
        asks for what it has not seen. Raises ConnectionError when it breaks again and again; that
        the service closes it in its time does not count.
        """
        pause, silence, breaks = RECONNECT_SECONDS, SILENCE_SECONDS, 0
        while breaks < RECONNECTS_MOST:
            try:
                async for event in self._stream(order["streamUrl"], after, silence):
                    if event["sequence"] > after + 1:
                        break
                    if event["sequence"] == after + 1:
                        after += 1
                        yield event
                        if event["status"] in FINAL:
                            return
                breaks += 1
            except (SilenceError, GoingAwayError):
                silence = min(2 * silence, SILENCE_SECONDS_MOST)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
            except ClientError:
                breaks += 1
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(2 * pause, RECONNECT_SECONDS_MOST)
        raise ConnectionError(f"the stream of {order['orderId']} broke {RECONNECTS_MOST} times")

    async def _stream(self, url: str, after: int, silence: float) -> AsyncIterator[Document]:
        address = f"{url}&after={after}" if after else url
        clock = asyncio.get_running_loop().time
        async with self._session.ws_connect(address) as socket, _pinged(socket):
            heard_at = clock()
            while True:
                try:
                    async with asyncio.timeout_at(heard_at + silence):
                        message = await socket.receive()
                except TimeoutError as error:
                    raise SilenceError from error
                if socket.close_code == WSCloseCode.GOING_AWAY:
                    raise GoingAwayError
                if message.type is not WSMsgType.TEXT:
                    return
                frame = message.json()
                if frame["type"] == "update":
                    heard_at = clock()
                    yield frame["data"]

    async def _call(self, method: str, path: str, **options: Any) -> Document:
        async with self._session.request(method, self._base_url + path, **options) as answer:
            document: Document = await answer.json(content_type=None)
            if answer.status >= 400:
                raise ProblemError(answer.status, document)
            return document


@asynccontextmanager
async def _pinged(socket: ClientWebSocketResponse) -> AsyncIterator[None]:
    """Keep the connection from being closed as idle."""
    pinging = asyncio.create_task(_ping(socket))
    try:
        yield
    finally:
        pinging.cancel()
        # It ends as it likes: whatever broke it breaks the stream as well.
        await asyncio.gather(pinging, return_exceptions=True)


async def _ping(socket: ClientWebSocketResponse) -> None:
    while True:
        await asyncio.sleep(PING_SECONDS)
        await socket.send_str('{"action":"ping"}')
