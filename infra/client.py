"""A client of the engine's API: submit, read, list, and follow an order to its end."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, WSMsgType

FINAL = frozenset({"confirmed", "failed"})
EXECUTE = "/api/orders/execute"
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

    async def follow(self, order: Mapping[str, Any], *, after: int = 0) -> AsyncIterator[Document]:
        """Yield the order's events after `after`, each once and in order, up to its final one.

        When the connection breaks or falls silent, or a sequence is missing, it connects again and
        asks for what it has not seen. Raises ConnectionError when it breaks again and again.
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
            except SilenceError:
                silence = min(2 * silence, SILENCE_SECONDS_MOST)
            except ClientError:
                breaks += 1
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(2 * pause, RECONNECT_SECONDS_MOST)
        raise ConnectionError(f"the stream of {order['orderId']} broke {RECONNECTS_MOST} times")

    async def _stream(self, url: str, after: int, silence: float) -> AsyncIterator[Document]:
        address = f"{url}&after={after}" if after else url
        async with self._session.ws_connect(address) as socket:
            while True:
                try:
                    message = await socket.receive(timeout=silence)
                except TimeoutError as error:
                    raise SilenceError from error
                if message.type is not WSMsgType.TEXT:
                    return
                frame = message.json()
                if frame["type"] == "update":
                    yield frame["data"]

    async def _call(self, method: str, path: str, **options: Any) -> Document:
        async with self._session.request(method, self._base_url + path, **options) as answer:
            document: Document = await answer.json(content_type=None)
            if answer.status >= 400:
                retry_after = answer.headers.get("Retry-After", "")
                seconds = float(retry_after) if retry_after.isdigit() else 0
                raise ProblemError(answer.status, document, seconds)
            return document
