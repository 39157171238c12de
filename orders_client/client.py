"""The client: a method for each call of the API, and two that follow orders over their streams."""

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
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

from orders_client.errors import NoSingleOrderError, ProblemError
from orders_client.events import FINAL_STATUSES, Document, Observer
from orders_client.fields import given, swap_fields
from orders_client.follower import Follower
from orders_client.keys import (
    check_api_key,
    check_idempotency_key,
    check_order_id,
    new_idempotency_key,
)
from orders_client.submitting import submit_safely
from orders_client.subscription import Subscription

EXECUTE_PATH = "/api/orders/execute"
CALL_TIMEOUT_SECONDS = 60
# What a list takes: so much of an id, and so many orders.
ID_PREFIX_MAX, PAGE_MAX = 8, 100
_require_accepted = itemgetter("orderId", "status", "sequence", "streamUrl")
SUBMIT_RETRY_DELAYS_SECONDS = (0.5, 1.0, 2.0)

# An order id, or the order's document with `orderId`, `streamUrl` and `sequence`.
Order = str | Mapping[str, Any]


class Answer(dict[str, Any]):
    """A document of the service, or a part of one, which has what the contract says."""

    def __missing__(self, name: str) -> Any:
        raise ClientPayloadError(f"the service's answer has no {name!r}")


class OrdersClient:
    """The API at a base URL, "http://localhost:3000" say. Use as an async context manager.

    Methods return the service's JSON documents as they are: amounts are decimal strings of whole
    tokens, times ISO 8601. Methods raise ProblemError when the service refuses a call, and
    aiohttp.ClientError or TimeoutError when it is not reached, or does not answer in time.
    """

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
        Without any, it raises the first refusal of a busy service. Raises ValueError if no header
        can carry the `api_key`.
        """
        self._base_url = base_url.rstrip("/")
        self._submit_retry_delays_seconds = submit_retry_delays_seconds
        self._headers = {"Authorization": f"Bearer {check_api_key(api_key)}"} if api_key else {}
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
        max_price_impact_bps: int | None = None,
        exit: Mapping[str, int] | None = None,
        idempotency_key: str | None = None,
    ) -> Document:
        """Submit a market order that pays exactly `amount`, or, if `exact_out`, receives it.

        Tokens are symbols or mints; `amount` is a decimal of whole tokens. `slippage_bps` is how
        much worse than quoted the swap may be, 0 to 10,000. An order fails, and nothing is swapped,
        when the best route has a price impact above `max_price_impact_bps`, 0 to 10,000, or above
        the service's default (1,500) if none is given: `quote` shows it before. `exit` says when
        what was received is sold again: `takeProfitBps`, `stopLossBps`, `trailingBps` and
        `maxHoldSeconds`, at least one of them; the order that does so is the `exitOrderId` of the
        `confirmed` event. Returns the order with its `orderId`, `status`, `sequence` and
        `streamUrl`.

        When the response is lost, or the service is busy, the order is sent again under the same
        `idempotency_key`, a random one if none is given: that never makes a second order. When it
        stays unknown whether the order arrived, the error, LostAnswerError or ProblemError, has
        the `idempotency_key` to submit it again under. Raises ValueError if the key is unusable.
        """
        swap = swap_fields(token_in, token_out, amount, exact_out=exact_out)
        limits = _limit_fields(slippage_bps, max_price_impact_bps)
        order = {"type": "MARKET", **swap, **limits, **given(exit=exit and dict(exit))}
        return await self.place(order, idempotency_key=idempotency_key)

    async def place(
        self, order: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Document:
        """Place an order of any type: `order` is the body of POST /api/orders/execute.

        One that waits is `open`, and its events end when it is `confirmed`, `failed`, `cancelled`
        or `expired`, or `completed` if it trades over time. A SNIPER need not name a `tokenOut`,
        and its document has none until it has found what it buys: `{"type": "SNIPER", "tokenIn":
        "SOL", "amount": "0.5", "guards": {"minLiquidity": "20", "sellable": True}}`. Returns and
        raises what `submit` does, as safely.
        """
        key = new_idempotency_key() if idempotency_key is None else idempotency_key
        check_idempotency_key(key)
        call = partial(self._place, dict(order), key)
        return await submit_safely(call, key, self._submit_retry_delays_seconds)

    async def quote(
        self,
        token_in: str,
        token_out: str,
        amount: str,
        *,
        exact_out: bool = False,
        slippage_bps: int = 100,
        max_price_impact_bps: int | None = None,
    ) -> Document:
        """Return the `quotes` of all pools, and the `route` that such an order would take now.

        Arguments are those of `submit`. The document has `minAmountOut`, or `maxAmountIn` if
        `exact_out`: the limit that the slippage sets. It has a `warning`, with `code` and
        `message`, when the route's price impact is above `max_price_impact_bps`.
        """
        query = swap_fields(token_in, token_out, amount, exact_out=exact_out)
        limits = _limit_fields(slippage_bps, max_price_impact_bps)
        query |= {name: str(bps) for name, bps in limits.items()}
        return await self._call("GET", "/api/quotes", params=query)

    async def tokens(self) -> Document:
        """Return the `tokens` that can be traded, each with `symbol`, `mint` and `decimals`."""
        return await self._call("GET", "/api/tokens")

    async def pools(self) -> Document:
        """Return the `pools`, each with its tokens, `venue`, `kind` and `price`."""
        return await self._call("GET", "/api/pools")

    async def launches(self, **page: str) -> Document:
        """Return `launches`, pools of new tokens, oldest first, each with its `mint` and what is
        known of it.

        Without `after` they are the last ones; with the `nextCursor` of an earlier answer as
        `after`, those since then. `limit` says how many.
        """
        return await self._call("GET", "/api/launches", params=page)

    async def get(self, order_id: str) -> Document:
        """Return an order with its `events`. Raises ValueError if `order_id` is none."""
        return await self._show(check_order_id(order_id))

    async def find(self, prefix: str) -> Document:
        """Return the only order whose id begins with these four characters or more.

        Raises NoSingleOrderError when there is none, or more than one.
        """
        wanted = prefix.lower()
        page = await self.list(idPrefix=wanted[:ID_PREFIX_MAX], limit=str(PAGE_MAX))
        found = [order for order in page["orders"] if order["orderId"].startswith(wanted)]
        if len(found) != 1:
            raise NoSingleOrderError(prefix, [order["orderId"] for order in found])
        order: Document = found[0]
        return order

    async def cancel(self, order_id: str) -> Document:
        """Cancel an order and return it. Doing so again changes nothing.

        Its `status` is `cancelled`; or it has `cancelRequested`: then its transaction may land yet,
        no other is signed, and it ends `confirmed` or `cancelled`. Raises ProblemError, with status
        409 and the `order` in the problem when that is confirmed or has failed, and ValueError if
        `order_id` is none.
        """
        path = f"/api/orders/{quote(check_order_id(order_id), safe='')}/cancel"
        return await self._call("POST", path)

    async def cancel_many(self, **filters: str) -> Document:
        """Cancel the newest of your orders that are not final, 100 at most, and return their ids.

        Filters are status, waitingFor, type, tokenIn, tokenOut and parentId; without any, all are
        meant. The ids are in `cancelled`, and in `cancelRequested` those that may be confirmed yet;
        `more` tells whether another call would find others.
        """
        return await self._call("POST", "/api/orders/cancel", json=filters)

    async def edit(self, order: Mapping[str, Any], **changes: Any) -> Document:
        """Change an open order and return it: `order` is its document as you have seen it.

        `changes` are fields of its type, `limitPrice` or `slippageBps` say. Raises ProblemError,
        with status 409 when the order is not open, and 412 when it has changed since.
        """
        path = f"/api/orders/{quote(check_order_id(order['orderId']), safe='')}"
        headers = {"If-Match": str(order["sequence"])}
        return await self._call("PATCH", path, json=changes, headers=headers)

    async def list(self, **filters: str) -> Document:
        """Return a page of `orders`, newest first, and the `nextCursor`, None on the last page.

        Filters are the query parameters: status, waitingFor, type, tokenIn, tokenOut, parentId,
        idPrefix, limit and cursor.
        """
        return await self._call("GET", "/api/orders", params=filters)

    async def list_all(self, **filters: str) -> AsyncIterator[Document]:
        """Yield the orders of all pages, newest first. Filters are those of `list`."""
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
        """Yield the events of an order with a sequence above `after`, up to the final one.

        Each comes once and in order. What `follow_many` says holds here too. Raises ValueError if
        `order` is a text that is no order id.
        """
        return self._follow([order], after, observer)

    def follow_many(
        self,
        orders: Iterable[Order] | AsyncIterable[Order],
        *,
        observer: Observer | None = None,
        orders_per_connection: int | None = None,
    ) -> AsyncIterator[Document]:
        """Yield the events of many orders, each with its `orderId`, until all orders are final.

        The events of one order come once each and in order, with `sequence` and `status`. An
        asynchronous iterable may deliver orders while earlier ones are followed.

        Up to 250 orders share a WebSocket, or `orders_per_connection`. When it breaks or no event
        arrives for long, or when a sequence is missing, the client requests the missing events; an
        `observer` sees what really arrived. Raises StreamBrokenError when WebSockets fail again and
        again without a new event, and ProblemError when the service does not show an order to this
        client.
        """
        return self._follow(orders, 0, observer, orders_per_connection)

    def _follow(
        self,
        orders: Iterable[Order] | AsyncIterable[Order],
        after: int,
        observer: Observer | None,
        orders_per_connection: int | None = None,
    ) -> AsyncIterator[Document]:
        follower = Follower(self._session, self._fetch_stream_url, observer, orders_per_connection)
        return follower.events(self._subscriptions(orders, after))

    async def _subscriptions(
        self, orders: Iterable[Order] | AsyncIterable[Order], after: int
    ) -> AsyncIterator[Subscription]:
        async for order in _as_async(orders):
            document = await self.get(order) if isinstance(order, str) else order
            # A final order has no events after its last.
            if document.get("status") not in FINAL_STATUSES or document["sequence"] > after:
                yield Subscription(document["orderId"], document["streamUrl"], after)

    async def _fetch_stream_url(self, order_id: str) -> str:
        """Return the order's stream URL with a new ticket: tickets expire after minutes."""
        url: str = (await self._show(order_id))["streamUrl"]
        return url

    async def _show(self, order_id: str) -> Document:
        return await self._call("GET", f"/api/orders/{quote(order_id, safe='')}")

    async def _place(self, order: Document, key: str) -> Document:
        headers = {"Idempotency-Key": key}
        accepted = await self._call("POST", EXECUTE_PATH, json=order, headers=headers)
        # Without these it is no answer: whether the order was placed is not known.
        _require_accepted(accepted)
        return accepted

    async def _call(self, method: str, path: str, **options: Any) -> Document:
        async with self._session.request(method, self._base_url + path, **options) as response:
            if response.status < 400:
                return await _document(response)
            retry_after = response.headers.get("Retry-After", "")
            seconds = float(retry_after) if retry_after.isdecimal() else 0
            raise ProblemError(response.status, await _problem(response), seconds)


def _limit_fields(slippage_bps: int, max_price_impact_bps: int | None) -> dict[str, Any]:
    return {"slippageBps": slippage_bps, **given(maxPriceImpactBps=max_price_impact_bps)}


async def _as_async(orders: Iterable[Order] | AsyncIterable[Order]) -> AsyncIterator[Order]:
    if isinstance(orders, AsyncIterable):
        async for order in orders:
            yield order
    else:
        for order in orders:
            yield order


_loads = partial(json.loads, object_hook=Answer)


async def _document(response: ClientResponse) -> Document:
    try:
        document = await response.json(content_type=None, loads=_loads)
    except ValueError as error:
        raise ClientPayloadError(f"{response.url} did not answer with JSON") from error
    if not isinstance(document, dict):
        raise ClientPayloadError(f"{response.url} does not answer like this service")
    return document


async def _problem(response: ClientResponse) -> Document:
    """Return the problem document; a proxy's response may be no JSON."""
    try:
        return await _document(response)
    except ClientPayloadError:
        return {"code": None, "detail": response.reason}
