"""A client of the engine's API: submit, read, list, and follow an order to its end."""

import asyncio
import random
import uuid
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
        if isinstance(order, str):
            order = await self.get(order)
        order_id, url = order["orderId"], order["streamUrl"]
        pause, silence, breaks = RECONNECT_SECONDS, SILENCE_SECONDS, 0
        while breaks < RECONNECTS_MOST:
            try:
                async for event in self._stream(url, after, silence):
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
            except ClientError as error:
                breaks += 1
                if isinstance(error, WSServerHandshakeError) and error.status in TICKET_REFUSED:
                    url = await self._renewed(order_id, url)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(2 * pause, RECONNECT_SECONDS_MOST)
        raise ConnectionError(f"the stream of {order_id} broke {RECONNECTS_MOST} times")

    async def _renewed(self, order_id: str, url: str) -> str:
        """Where the order can be followed now; tickets are good for minutes."""
        try:
            return str((await self.get(order_id))["streamUrl"])
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
