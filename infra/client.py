"""A client of the engine's API: submit, read, list, and follow an order to its end."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
    WSServerHandshakeError,
)

FINAL = frozenset({"confirmed", "failed"})
EXECUTE = "/api/orders/execute"
TICKET_REFUSED = frozenset({401, 403})
BUSY = frozenset({429, 500, 502, 503, 504})
SUBMIT_PAUSES_SECONDS = (0.5, 1.0, 2.0)
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

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after_seconds: float = 0
    ) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem
        self.retry_after_seconds = retry_after_seconds


class SilenceError(Exception):
    """A stream has said nothing for long."""


class GoingAwayError(Exception):
    """The service closed a stream that was idle, or open, for as long as one may be."""


@dataclass(slots=True)
class _Patience:
    """How often a stream broke, and how long to wait for it."""

    breaks: int = 0
    pause_seconds: float = field(default_factory=lambda: RECONNECT_SECONDS)
    silence_seconds: float = field(default_factory=lambda: SILENCE_SECONDS)

    async def resume(self) -> None:
        """Wait before the next connection, which may be silent for longer."""
        self.silence_seconds = min(2 * self.silence_seconds, SILENCE_SECONDS_MOST)
        await self._pause()

    async def retry(self) -> None:
        """Wait after a break, longer each time."""
        self.breaks += 1
        await self._pause()
        self.pause_seconds = min(2 * self.pause_seconds, RECONNECT_SECONDS_MOST)

    async def _pause(self) -> None:
        await asyncio.sleep(self.pause_seconds * random.uniform(0.5, 1))


class OrdersClient:
    """The API at a base URL, "http://localhost:3000" say. Use as an async context manager."""

    def __init__(self, base_url: str, *, api_key: str | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._session: ClientSession

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=TCPConnector(limit=0), timeout=ClientTimeout(total=60), headers=self._headers
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
        self,
        token_in: str,
        token_out: str,
        amount: str,
        *,
        slippage_bps: int = 100,
        idempotency_key: str | None = None,
    ) -> Document:
        """Submit a market order and return it with its `orderId` and `streamUrl`.

        When the answer is lost, or the service is busy, it asks again under the same key: that
        never makes a second order. Raises ProblemError for what is refused.
        """
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        order = {
            "type": "MARKET",
            "tokenIn": token_in,
            "tokenOut": token_out,
            "amount": amount,
            "slippageBps": slippage_bps,
        }
        for pause in SUBMIT_PAUSES_SECONDS:
            try:
                return await self._call("POST", EXECUTE, json=order, headers=headers)
            except ProblemError as refusal:
                if refusal.status not in BUSY:
                    raise
                pause = max(pause, refusal.retry_after_seconds)
            except ClientError:
                pass
            await asyncio.sleep(pause * random.uniform(0.5, 1))
        return await self._call("POST", EXECUTE, json=order, headers=headers)

    async def get(self, order_id: str) -> Document:
        """Return an order with its events."""
        return await self._call("GET", f"/api/orders/{order_id}")

    async def list(self, **filters: str) -> Document:
        """Return a page of orders, newest first."""
        return await self._call("GET", "/api/orders", params=filters)

    async def follow(
        self, order: str | Mapping[str, Any], *, after: int = 0
    ) -> AsyncIterator[Document]:
        """Yield the events of an order, or of an order id, after `after`: each once and in order,
        up to the final one.

        When the connection breaks or falls silent, or a sequence is missing, it connects again and
        asks for what it has not seen. Raises ConnectionError when it breaks again and again; that
        the service closes it in its time does not count. Raises ProblemError when there is no such
        order for this client.
        """
        order_id, url = await self._stream_of(order)
        patience = _Patience()
        while patience.breaks < RECONNECTS_MOST:
            try:
                async for event in self._stream(url, after, patience.silence_seconds):
                    if event["sequence"] > after + 1:
                        break
                    if event["sequence"] == after + 1:
                        after += 1
                        yield event
                        if event["status"] in FINAL:
                            return
                patience.breaks += 1
            except (SilenceError, GoingAwayError):
                await patience.resume()
            except ClientError as error:
                await patience.retry()
                url = await self._renewed(order_id, url, error)
        raise ConnectionError(f"the stream of {order_id} broke {RECONNECTS_MOST} times")

    async def _stream_of(self, order: str | Mapping[str, Any]) -> tuple[str, str]:
        document = await self.get(order) if isinstance(order, str) else order
        return document["orderId"], document["streamUrl"]

    async def _renewed(self, order_id: str, url: str, error: ClientError) -> str:
        """Where the order can be followed now: tickets are good for minutes only."""
        if not isinstance(error, WSServerHandshakeError) or error.status not in TICKET_REFUSED:
            return url
        try:
            return (await self._stream_of(order_id))[1]
        except ClientError:
            return url
        except ProblemError as refusal:
            if refusal.status not in BUSY:
                raise
            return url

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
                retry_after = answer.headers.get("Retry-After", "")
                seconds = float(retry_after) if retry_after.isdigit() else 0
                raise ProblemError(answer.status, document, seconds)
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
