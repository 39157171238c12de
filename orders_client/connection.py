"""One WebSocket at a time, and the orders that are followed over it until each is final."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiohttp import (
    ClientConnectionError,
    ClientSession,
    ClientWebSocketResponse,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
)

from orders_client.backoff import Backoff
from orders_client.errors import (
    RETRYABLE_STATUSES,
    TRANSPORT_ERRORS,
    ProblemError,
    StreamBrokenError,
)
from orders_client.events import FINAL_STATUSES, Document, Observer
from orders_client.subscription import Subscription

# API Gateway closes a connection that is idle for ten minutes.
PING_SECONDS = 180.0
# The service allows so many subscriptions in a WebSocket's life; most are kept for repeated ones.
SUBSCRIPTIONS_MAX = 1_000
ORDERS_MAX = 250
# The service starts a function for each frame: a pause leaves room for those of other clients.
SUBSCRIBE_PAUSE_SECONDS = 0.005

# Statuses of a refused handshake after which another ticket may help.
HANDSHAKE_REFUSED = frozenset({401, 403, 404})
# Codes of error frames: another ticket may help, or looking the order up tells what is wrong.
SUBSCRIPTION_REFUSED = frozenset({"UNAUTHORIZED", "FORBIDDEN", "ORDER_NOT_FOUND"})
# Codes of error frames after which only another WebSocket helps.
CONNECTION_LOST = frozenset({"CONNECTION_GONE", "TOO_MANY_SUBSCRIPTIONS"})
# Code of the error frame for a subscription that has a field that the service does not know.
NOT_UNDERSTOOD = "INVALID_REQUEST"
PING = json.dumps({"action": "ping"})


class ConnectionExpiredError(Exception):
    """The WebSocket has reached a limit and is replaced, which counts as no failure.

    The service closed it after its idle time or its lifetime, it has no subscriptions left, or no
    event has arrived over it for long.
    """


class Connection:
    """Follows some orders over one WebSocket, and opens another when that breaks."""

    def __init__(
        self,
        first: Subscription,
        session: ClientSession,
        fetch_stream_url: Callable[[str], Awaitable[str]],
        emit: Callable[[Document], None],
        observer: Observer | None,
        orders_max: int | None = None,
    ) -> None:
        """Follow the order `first` with `run`.

        `fetch_stream_url` takes an order id and returns a `streamUrl` with a new ticket; `emit`
        takes each new event. There is room for `orders_max` orders, ORDERS_MAX if it is None.
        """
        self._orders_max = ORDERS_MAX if orders_max is None else orders_max
        self._session, self._fetch_stream_url = session, fetch_stream_url
        self._emit, self._observer = emit, observer
        self._backoff = Backoff()
        self._subscriptions: dict[str, Subscription] = {}
        # Orders whose subscribe frame has yet to be sent over the open WebSocket.
        self._requests: asyncio.Queue[Subscription] = asyncio.Queue()
        self._requests_left = 0
        self._last_event_at = 0.0
        self._now = asyncio.get_running_loop().time
        self.add(first)

    @property
    def is_finished(self) -> bool:
        """Tell whether every order is final; a finished connection takes no more."""
        return not self._subscriptions

    @property
    def has_capacity(self) -> bool:
        """Tell whether the connection takes one more order."""
        return 0 < len(self._subscriptions) < self._orders_max

    def add(self, subscription: Subscription) -> None:
        """Follow one more order."""
        self._subscriptions[subscription.order_id] = subscription
        self._request(subscription)

    async def run(self) -> None:
        """Follow all orders until each is final.

        Raises StreamBrokenError when WebSockets fail again and again without a new event, and
        ProblemError when the service does not show one of the orders to this client.
        """
        while not self.is_finished:
            try:
                await self._follow_over_one_socket()
            except ConnectionExpiredError:
                await self._backoff.wait()
            except TRANSPORT_ERRORS as error:
                await self._handle_failure(error)

    async def _handle_failure(self, error: Exception) -> None:
        if self._observer is not None:
            self._observer.connection_broke()
        if isinstance(error, WSServerHandshakeError) and error.status in HANDSHAKE_REFUSED:
            self._first.refusals += 1
        await self._backoff.wait_after_failure()
        if self._backoff.is_exhausted:
            raise StreamBrokenError("the stream kept breaking") from error

    @property
    def _first(self) -> Subscription:
        return next(iter(self._subscriptions.values()))

    async def _follow_over_one_socket(self) -> None:
        """Connect with the first order, subscribe to the others, and read until the end."""
        first, *others = self._subscriptions.values()
        self._requests = asyncio.Queue()
        for other in others:
            self._request(other)
        await self._renew_if_refused(first)
        async with self._session.ws_connect(first.connect_url) as socket:
            self._last_event_at = self._now()
            self._requests_left = SUBSCRIPTIONS_MAX - 1
            for subscription in self._subscriptions.values():
                subscription.hole_requested_after = -1
            first.request_at = self._last_event_at + first.silence_seconds
            if self._observer is not None:
                self._observer.connection_opened()
            await _run_until_one_ends(self._receive(socket), self._send(socket))

    async def _receive(self, socket: ClientWebSocketResponse) -> None:
        """Handle frames until all orders are final, or the WebSocket closes."""
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            self._handle_frame(message.json())
            if self.is_finished:
                return
        if socket.close_code == WSCloseCode.GOING_AWAY:
            raise ConnectionExpiredError
        raise ClientConnectionError(f"closed with {socket.close_code}")

    def _handle_frame(self, frame: Document) -> None:
        # API Gateway reports its own errors in frames without a type: the order that one concerns
        # falls silent, and is requested again for that.
        match frame.get("type"):
            case "update":
                self._handle_event(frame["data"])
            case "updates":
                for event in frame["data"]["events"]:
                    self._handle_event(event)
            case "error":
                self._handle_error(frame["error"])

    def _handle_event(self, event: Document) -> None:
        self._last_event_at = self._now()
        if self._observer is not None:
            self._observer.event_received(event)
        subscription = self._subscriptions.get(event["orderId"])
        if subscription is None:
            return
        if event["sequence"] == subscription.after + 1:
            self._advance(subscription, event)
        elif subscription.shows_new_hole(event["sequence"]):
            self._request(subscription)

    def _advance(self, subscription: Subscription, event: Document) -> None:
        subscription.after += 1
        subscription.refusals = 0
        subscription.request_at = self._last_event_at + subscription.silence_seconds
        self._backoff.reset()
        self._emit(event)
        if event["status"] in FINAL_STATUSES:
            del self._subscriptions[subscription.order_id]

    def _handle_error(self, error: Document) -> None:
        """Act on codes that need another WebSocket, ticket or request.

        After any other the order falls silent, and is requested again for that.
        """
        if error["code"] in CONNECTION_LOST:
            raise ClientConnectionError(error["code"])
        subscription = self._subscriptions.get(error.get("orderId", ""))
        if subscription is None:
            return
        if error["code"] in SUBSCRIPTION_REFUSED:
            subscription.refusals += 1
            if subscription.refusals > 1:
                raise ClientConnectionError(error["code"])
            self._request(subscription)
        elif error["code"] == NOT_UNDERSTOOD and subscription.takes_batches:
            # The service is of a version that has no batches.
            subscription.takes_batches = False
            self._request(subscription)

    async def _send(self, socket: ClientWebSocketResponse) -> None:
        """Send subscribe frames as they are queued, request silent orders again, and ping."""
        ping_at = self._now() + PING_SECONDS
        while True:
            due_at = min([ping_at, *(s.request_at for s in self._subscriptions.values())])
            try:
                async with asyncio.timeout_at(due_at):
                    subscription = await self._requests.get()
            except TimeoutError:
                self._request_silent()
            else:
                await self._subscribe(subscription, socket)
            if self._now() >= ping_at:
                await socket.send_str(PING)
                ping_at = self._now() + PING_SECONDS

    def _request_silent(self) -> None:
        """Request orders again that had no event for long.

        Raises ConnectionExpiredError when no other order had one either.
        """
        silent = [s for s in self._subscriptions.values() if s.request_at <= self._now()]
        for subscription in silent:
            others_had_events = self._last_event_at > self._now() - subscription.silence_seconds
            subscription.extend_silence()
            if not others_had_events:
                raise ConnectionExpiredError
            self._request(subscription)

    def _request(self, subscription: Subscription) -> None:
        subscription.request_at = math.inf
        self._requests.put_nowait(subscription)

    async def _subscribe(self, subscription: Subscription, socket: ClientWebSocketResponse) -> None:
        if subscription.order_id not in self._subscriptions:
            return
        if not self._requests_left:
            raise ConnectionExpiredError
        self._requests_left -= 1
        await self._renew_if_refused(subscription)
        await socket.send_str(subscription.subscribe_frame())
        subscription.request_at = self._now() + subscription.silence_seconds
        await asyncio.sleep(SUBSCRIBE_PAUSE_SECONDS)

    async def _renew_if_refused(self, subscription: Subscription) -> None:
        """Fetch another ticket for an order that was refused.

        Raises ProblemError when the service does not show the order to this client.
        """
        if subscription.refusals:
            try:
                subscription.stream_url = await self._fetch_stream_url(subscription.order_id)
            except ProblemError as refusal:
                if refusal.status not in RETRYABLE_STATUSES:
                    raise
                raise ClientConnectionError(str(refusal)) from refusal


async def _run_until_one_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, cancel the others, and raise what any raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
