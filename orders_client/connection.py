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

from orders_client.backoff import Patience
from orders_client.errors import BUSY, LOST, ProblemError, StreamBrokenError
from orders_client.events import FINAL, Document, Witness
from orders_client.subscription import Subscription

# API Gateway closes a connection that is idle for ten minutes.
PING_SECONDS = 180.0
# A connection can subscribe so often in its life; most of that is kept for asking again.
SUBSCRIPTIONS_MAX = 1_000
ORDERS_MAX = 250
# Each frame is an invocation of its own: a line that takes up hundreds of orders lets others in.
SUBSCRIBE_PAUSE_SECONDS = 0.005

HANDSHAKE_REFUSED = frozenset({401, 403, 404})
# Error frames: another ticket may help, or the order's document says what is wrong.
SUBSCRIPTION_REFUSED = frozenset({"UNAUTHORIZED", "FORBIDDEN", "ORDER_NOT_FOUND"})
CONNECTION_LOST = frozenset({"CONNECTION_GONE", "TOO_MANY_SUBSCRIPTIONS"})
PING = json.dumps({"action": "ping"})


class TimeUpError(Exception):
    """A connection ends as it may: it was open or idle for as long as one can be, has subscribed
    as often as one can, or has been silent for long."""


class Line:
    """Orders that share a connection, and the next one when that breaks."""

    def __init__(
        self,
        first: Subscription,
        session: ClientSession,
        stream_url: Callable[[str], Awaitable[str]],
        tell: Callable[[Document], None],
        witness: Witness | None,
    ) -> None:
        self._session, self._stream_url = session, stream_url
        self._tell, self._witness = tell, witness
        self._patience = Patience()
        self._subscriptions: dict[str, Subscription] = {}
        # Orders that the open connection has yet to be asked for.
        self._waiting: asyncio.Queue[Subscription] = asyncio.Queue()
        self._asks_left = 0
        self._heard_at = 0.0
        self._now = asyncio.get_running_loop().time
        self.add(first)

    @property
    def is_over(self) -> bool:
        """Every order is final; this line takes no more."""
        return not self._subscriptions

    @property
    def has_room(self) -> bool:
        """It takes one more order."""
        return 0 < len(self._subscriptions) < ORDERS_MAX

    def add(self, subscription: Subscription) -> None:
        """Follow one more order."""
        self._subscriptions[subscription.order_id] = subscription
        self._ask(subscription)

    async def run(self) -> None:
        """Follow to the end of all orders. Raises StreamBrokenError, and ProblemError when one of
        them is not to be seen by this client."""
        while not self.is_over:
            try:
                await self._hold()
            except TimeUpError:
                await self._patience.pause()
            except LOST as error:
                await self._mend(error)

    async def _mend(self, error: Exception) -> None:
        if isinstance(error, WSServerHandshakeError) and error.status in HANDSHAKE_REFUSED:
            self._first.refusals += 1
        await self._patience.retry()
        if self._patience.is_at_end:
            raise StreamBrokenError("the stream broke again and again") from error

    @property
    def _first(self) -> Subscription:
        return next(iter(self._subscriptions.values()))

    async def _hold(self) -> None:
        """Open a connection with the first order, ask for the others, and listen to its end."""
        first, *others = self._subscriptions.values()
        self._waiting = asyncio.Queue()
        for other in others:
            self._ask(other)
        await self._renew(first)
        async with self._session.ws_connect(first.address) as socket:
            self._heard_at = self._now()
            self._asks_left = SUBSCRIPTIONS_MAX - 1
            for subscription in self._subscriptions.values():
                subscription.asked_after = -1
            first.ask_at = self._heard_at + first.silence_seconds
            if self._witness is not None:
                self._witness.connected()
            await _first_of(self._listen(socket), self._speak(socket))

    async def _listen(self, socket: ClientWebSocketResponse) -> None:
        """Take what comes until all orders are final, or the connection closes."""
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            frame = message.json()
            # API Gateway has frames of its own, without a type: what they tell of, silence heals.
            match frame.get("type"):
                case "update":
                    self._take(frame["data"])
                case "error":
                    self._refuse(frame["error"])
            if self.is_over:
                return
        if socket.close_code == WSCloseCode.GOING_AWAY:
            raise TimeUpError
        raise ClientConnectionError(f"closed with {socket.close_code}")

    def _take(self, event: Document) -> None:
        self._heard_at = self._now()
        if self._witness is not None:
            self._witness.saw(event)
        subscription = self._subscriptions.get(event["orderId"])
        if subscription is None:
            return
        if event["sequence"] == subscription.after + 1:
            self._advance(subscription, event)
        elif subscription.shows_hole(event["sequence"]):
            self._ask(subscription)

    def _advance(self, subscription: Subscription, event: Document) -> None:
        subscription.after += 1
        subscription.refusals = 0
        subscription.ask_at = self._heard_at + subscription.silence_seconds
        self._patience.renew()
        self._tell(event)
        if event["status"] in FINAL:
            del self._subscriptions[subscription.order_id]

    def _refuse(self, error: Document) -> None:
        """What is refused for other reasons is asked for again when it has been silent for long."""
        if error["code"] in CONNECTION_LOST:
            raise ClientConnectionError(error["code"])
        subscription = self._subscriptions.get(error.get("orderId", ""))
        if subscription is not None and error["code"] in SUBSCRIPTION_REFUSED:
            subscription.refusals += 1
            if subscription.refusals > 1:
                raise ClientConnectionError(error["code"])
            self._ask(subscription)

    async def _speak(self, socket: ClientWebSocketResponse) -> None:
        """Ask for orders, again for those that say nothing for long, and ping in between."""
        ping_at = self._now() + PING_SECONDS
        while True:
            ask_at = min((s.ask_at for s in self._subscriptions.values()), default=ping_at)
            try:
                async with asyncio.timeout_at(min(ask_at, ping_at)):
                    wanted = await self._waiting.get()
            except TimeoutError:
                self._break_silence()
            else:
                await self._subscribe(wanted, socket)
            if self._now() >= ping_at:
                await socket.send_str(PING)
                ping_at = self._now() + PING_SECONDS

    def _break_silence(self) -> None:
        """Ask for the silent ones again; of a connection that is silent as a whole, another."""
        silent = [s for s in self._subscriptions.values() if s.ask_at <= self._now()]
        for subscription in silent:
            heard = self._heard_at > self._now() - subscription.silence_seconds
            subscription.be_patient()
            if not heard:
                raise TimeUpError
            self._ask(subscription)

    def _ask(self, subscription: Subscription) -> None:
        subscription.ask_at = math.inf
        self._waiting.put_nowait(subscription)

    async def _subscribe(self, wanted: Subscription, socket: ClientWebSocketResponse) -> None:
        if wanted.order_id not in self._subscriptions:
            return
        if not self._asks_left:
            raise TimeUpError
        self._asks_left -= 1
        await self._renew(wanted)
        await socket.send_str(wanted.frame())
        wanted.ask_at = self._now() + wanted.silence_seconds
        await asyncio.sleep(SUBSCRIBE_PAUSE_SECONDS)

    async def _renew(self, subscription: Subscription) -> None:
        """Look up where to follow an order that was refused. Raises ProblemError when there is no
        such order for this client."""
        if subscription.refusals:
            try:
                subscription.url = await self._stream_url(subscription.order_id)
            except ProblemError as refusal:
                if refusal.status not in BUSY:
                    raise
                raise ClientConnectionError(str(refusal)) from refusal


async def _first_of(*ways: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, end the others, and raise what it raised."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
