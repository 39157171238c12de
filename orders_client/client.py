"""The calls of the API, and the orders' streams behind two of the methods."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from aiohttp import (
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)

from orders_client.errors import RETRYABLE_STATUSES, TRANSPORT_ERRORS, ProblemError
from orders_client.events import FINAL_STATUSES, Document, Observer
from orders_client.follower import Follower
from orders_client.subscription import Subscription

EXECUTE_PATH = "/api/orders/execute"
CALL_TIMEOUT_SECONDS = 60
SUBMIT_RETRY_DELAYS_SECONDS = (0.5, 1.0, 2.0)

Order = str | Mapping[str, Any]


class OrdersClient:
    """The API at a base URL, "http://localhost:3000" say. Use as an async context manager."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        submit_retry_delays_seconds: Sequence[float] = SUBMIT_RETRY_DELAYS_SECONDS,
    ) -> None:
        """Call the API with an `api_key` if the service requires one.

        `submit` sends an order again at most once for each of the `submit_retry_delays_seconds`:
        after 50 to 100 % of that delay, or after the service's Retry-After if that is longer.
        Without any, it raises the first refusal of a busy service.
        """
        self._base_url = base_url.rstrip("/")
        self._submit_retry_delays_seconds = submit_retry_delays_seconds
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._session: ClientSession

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=CALL_TIMEOUT_SECONDS),
            headers=self._headers,
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
        exact_out: bool = False,
        slippage_bps: int = 100,
        idempotency_key: str | None = None,
    ) -> Document:
        """Submit a market order that pays exactly `amount`, or, if `exact_out`, receives it.
        Return it with its `orderId` and `streamUrl`.

        When the response is lost, or the service is busy, the order is sent again under the same
        key, which never makes a second order. Raises ProblemError when the service refuses it.
        """
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        order = {"type": "MARKET", **_trade(token_in, token_out, amount, exact_out)}
        order |= {"slippageBps": slippage_bps}
        for delay_seconds in self._submit_retry_delays_seconds:
            delay_seconds *= random.uniform(0.5, 1)
            try:
                return await self._call("POST", EXECUTE_PATH, json=order, headers=headers)
            except ProblemError as refusal:
                if refusal.status not in RETRYABLE_STATUSES:
                    raise
                delay_seconds = max(delay_seconds, refusal.retry_after_seconds)
            except TRANSPORT_ERRORS:
                pass
            await asyncio.sleep(delay_seconds)
        return await self._call("POST", EXECUTE_PATH, json=order, headers=headers)

    async def quote(
        self,
        token_in: str,
        token_out: str,
        amount: str,
        *,
        exact_out: bool = False,
        slippage_bps: int = 100,
    ) -> Document:
        """Return every pool's quote, and the route that an order would take now."""
        query = _trade(token_in, token_out, amount, exact_out)
        query |= {"slippageBps": str(slippage_bps)}
        return await self._call("GET", "/api/quotes", params=query)

    async def tokens(self) -> Document:
        """Return what can be traded."""
        return await self._call("GET", "/api/tokens")

    async def pools(self) -> Document:
        """Return where it can be traded, and at what price now."""
        return await self._call("GET", "/api/pools")

    async def get(self, order_id: str) -> Document:
        """Return an order with its events."""
        return await self._call("GET", f"/api/orders/{quote(order_id, safe='')}")

    async def list(self, **filters: str) -> Document:
        """Return a page of orders, newest first."""
        return await self._call("GET", "/api/orders", params=filters)

    async def list_all(self, **filters: str) -> AsyncIterator[Document]:
        """Yield the orders of all pages, newest first."""
        page = await self.list(**filters)
        while True:
            for order in page["orders"]:
                yield order
            if page["nextCursor"] is None:
                return
            page = await self.list(**filters, cursor=page["nextCursor"])

    def follow(
        self, order: Order, *, after: int = 0, observer: Observer | None = None
    ) -> AsyncIterator[Document]:
        """Yield the events of an order, or of an order id, after `after`: each once and in order,
        up to the final one. It is `follow_many` of one."""
        return self._follow([order], after, observer)

    def follow_many(
        self, orders: Iterable[Order] | AsyncIterable[Order], *, observer: Observer | None = None
    ) -> AsyncIterator[Document]:
        """Yield the events of many orders, told apart by their `orderId`: those of each once and
        in order, up to the final one. More orders may come while the first are followed.

        Some hundred orders share one connection. When it breaks or falls silent, or a sequence is
        missing, it asks for what it has not seen. Raises StreamBrokenError when it breaks again
        and again; that the service closes it in its time does not count. Raises ProblemError when
        there is no such order for this client.
        """
        return self._follow(orders, 0, observer)

    def _follow(
        self,
        orders: Iterable[Order] | AsyncIterable[Order],
        after: int,
        observer: Observer | None,
    ) -> AsyncIterator[Document]:
        follower = Follower(self._session, self._fetch_stream_url, observer)
        return follower.events(self._subscriptions(orders, after))

    async def _subscriptions(
        self, orders: Iterable[Order] | AsyncIterable[Order], after: int
    ) -> AsyncIterator[Subscription]:
        async for order in _each(orders):
            document = await self.get(order) if isinstance(order, str) else order
            # An order that came to its end before that says nothing any more.
            if document.get("status") not in FINAL_STATUSES or document["sequence"] > after:
                yield Subscription(document["orderId"], document["streamUrl"], after)

    async def _fetch_stream_url(self, order_id: str) -> str:
        """Where the order can be followed now: tickets are good for minutes only."""
        url: str = (await self.get(order_id))["streamUrl"]
        return url

    async def _call(self, method: str, path: str, **options: Any) -> Document:
        async with self._session.request(method, self._base_url + path, **options) as answer:
            if answer.status < 400:
                return await _document(answer)
            retry_after = answer.headers.get("Retry-After", "")
            seconds = float(retry_after) if retry_after.isdigit() else 0
            raise ProblemError(answer.status, await _problem(answer), seconds)


def _trade(token_in: str, token_out: str, amount: str, exact_out: bool) -> dict[str, Any]:
    name = "amountOut" if exact_out else "amount"
    return {"tokenIn": token_in, "tokenOut": token_out, name: amount}


async def _each(orders: Iterable[Order] | AsyncIterable[Order]) -> AsyncIterator[Order]:
    if isinstance(orders, AsyncIterable):
        async for order in orders:
            yield order
    else:
        for order in orders:
            yield order


async def _document(answer: ClientResponse) -> Document:
    try:
        document = await answer.json(content_type=None)
    except ValueError as error:
        raise ClientPayloadError(f"{answer.url} does not answer in JSON") from error
    if not isinstance(document, dict):
        raise ClientPayloadError(f"{answer.url} does not answer as the service does")
    return document


async def _problem(answer: ClientResponse) -> Document:
    """The problem document; what stands between may refuse in its own words."""
    try:
        return await _document(answer)
    except ClientPayloadError:
        return {"code": None, "detail": answer.reason}
