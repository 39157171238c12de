"""Orders submitted at a steady rate, each followed over its WebSocket to its end."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from aiohttp import ClientError

from infra.verify.chaos.snipes import snipe
from orders_client import FINAL_STATUSES, Document, OrdersClient, ProblemError
from orders_client.cli.bench import EventCounter
from orders_client.cli.trades import DOLLARS, random_trades

SUBMIT_SECONDS = 40
# Who waits for an answer submits nothing else. Who gives up leaves the server at work.
SUBMITTERS = 8
FOLLOW_AGAIN_SECONDS = 1.0
# So many of the orders are cancelled, within so long of their acceptance.
CANCELLED_SHARE, CANCEL_WITHIN_SECONDS = 0.1, 4.0
# So many wait for a price, or until their time is up: soon, for all of them must come to an end.
WAITING_SHARE, WAIT_SECONDS = 0.3, (1.0, 8.0)
# So many wait for a new pool instead: for one of the last ones, all of which live long enough.
SNIPING_SHARE, LAUNCHES = 0.1, "20"
# So many trade over time: a few slices, soon one after the other.
OVER_TIME_SHARE, SLICES_MAX, INTERVAL_SECONDS_MAX = 0.1, 3, 2
# So many of the others sell again what they buy, after so long at the latest.
EXIT_SHARE, HOLD_SECONDS = 0.2, (1, 8)
# How far from the rough price of a token their prices lie at most.
DISTANCE, FAR = 0.03, 10
# What still comes after the load: an order whose message was lost goes along with later ones.
AFTERWARDS_PER_SECOND = 1.0


@dataclass(slots=True)
class Followed:
    """One order, as its client saw it."""

    #: What came over the streams of all orders.
    counter: EventCounter
    #: The body of the request, without the time until which it waits.
    wanted: Document
    #: How long it waits for a price; None when it trades at once.
    wait_seconds: float | None = None
    #: When it shall be cancelled after its acceptance; None for never.
    cancel_after_seconds: float | None = None
    #: The status that it was answered with; empty while that is not known.
    cancel_answer: str = ""
    order_id: str = ""
    refusal: str = ""
    accepted_at: float = 0.0
    final_at: float = 0.0
    # Each event once and in order, as the client hands them on.
    events: list[Document] = field(default_factory=list)
    # (sequence, status) of every frame, as it came.
    frames: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.order_id or self.refusal}  {self.wanted}  {self.frames}"

    @property
    def is_over(self) -> bool:
        return bool(self.events) and self.events[-1]["status"] in FINAL_STATUSES

    @property
    def child_ids(self) -> list[str]:
        """The orders that have come from it, as its events name them."""
        exits = [event["exitOrderId"] for event in self.events if event.get("exitOrderId")]
        slices = [event["slice"] for event in self.events if "slice" in event]
        return exits + [each["orderId"] for each in slices if each["status"] == "begun"]

    def connection_opened(self) -> None:
        """Its client opened a connection."""
        self.counter.connection_opened()

    def connection_broke(self) -> None:
        """Its client lost a connection."""
        self.counter.connection_broke()

    def event_received(self, event: Document) -> None:
        """Its client received a frame."""
        self.frames.append((event["sequence"], event["status"]))
        self.counter.event_received(event)


class Load:
    """Submits orders at a rate for so many seconds, then one a second until it is stopped, and
    follows each to its end.

    `orders` grows meanwhile. The rate falls while many wait for their answer.
    """

    def __init__(self, base_url: str, random: Random, *, per_second: float, seconds: float) -> None:
        self.orders: list[Followed] = []
        self.counter = EventCounter()
        self._base_url = base_url
        self._random = random
        self._per_second, self._seconds = per_second, seconds
        self._is_stopped = False
        self._launches: list[Document] = []

    @property
    def accepted(self) -> list[Followed]:
        """The orders whose client got an id."""
        return [order for order in self.orders if order.order_id]

    def stop(self) -> None:
        """Submit no more; any thread may say so."""
        self._is_stopped = True

    async def run(self) -> None:
        """Submit and follow; returns when every accepted order was followed to its end."""
        started_at = next_at = time.monotonic()
        turns = asyncio.Semaphore(SUBMITTERS)
        async with OrdersClient(self._base_url) as client, asyncio.TaskGroup() as tasks:
            self._launches = (await client.launches(limit=LAUNCHES))["launches"]
            for trade in random_trades(self._random):
                await turns.acquire()
                await asyncio.sleep(next_at - time.monotonic())
                if self._is_stopped:
                    break
                order = self._order(*trade)
                self.orders.append(order)
                tasks.create_task(self._carry(client, order, turns))
                next_at += 1 / self._per_second
                if time.monotonic() - started_at >= self._seconds:
                    next_at = time.monotonic() + 1 / AFTERWARDS_PER_SECOND

    async def _carry(
        self, client: OrdersClient, followed: Followed, turns: asyncio.Semaphore
    ) -> None:
        """Submit an order and follow it to its end, and then those that have come from it."""
        await _submit_and_follow(client, followed, turns)
        children = [self._child(followed, order_id) for order_id in followed.child_ids]
        self.orders += children
        await asyncio.gather(*(_follow(client, child.order_id, child) for child in children))

    def _child(self, parent: Followed, order_id: str) -> Followed:
        """An exit or a slice; a slice goes with its parent when that is cancelled."""
        is_exit = "exit" in parent.wanted
        return Followed(
            self.counter,
            {"parentId": parent.order_id},
            cancel_after_seconds=None if is_exit else parent.cancel_after_seconds,
            order_id=order_id,
            accepted_at=time.monotonic(),
        )

    def _order(self, token_in: str, token_out: str, amount: str) -> Followed:
        if self._random.random() < SNIPING_SHARE:
            return self._waiting(snipe(self._random, self._launches))
        wanted = {"tokenIn": token_in, "tokenOut": token_out, "amount": amount}
        price = DOLLARS[token_in] / DOLLARS[token_out]
        kind = self._random.random()
        if kind < WAITING_SHARE:
            return self._waiting(wanted | waiting_terms(self._random, price))
        is_over_time = kind < WAITING_SHARE + OVER_TIME_SHARE
        terms = (schedule_terms if is_over_time else market_terms)(self._random, price)
        return Followed(
            self.counter,
            wanted | terms,
            cancel_after_seconds=self._cancel_after_seconds(),
        )

    def _waiting(self, wanted: Document) -> Followed:
        """An order that waits for a while."""
        return Followed(
            self.counter,
            wanted,
            wait_seconds=self._random.uniform(*WAIT_SECONDS),
            cancel_after_seconds=self._cancel_after_seconds(),
        )

    def _cancel_after_seconds(self) -> float | None:
        is_cancelled = self._random.random() < CANCELLED_SHARE
        return self._random.uniform(0, CANCEL_WITHIN_SECONDS) if is_cancelled else None


def market_terms(random: Random, _price: float) -> Document:
    """Return what an order says that trades at once; some are sold again soon."""
    if random.random() >= EXIT_SHARE:
        return {"type": "MARKET"}
    legs = {"takeProfitBps": 30, "stopLossBps": 30, "trailingBps": random.randint(1, 30)}
    some = random.sample(sorted(legs), random.randint(0, len(legs)))
    held = {"maxHoldSeconds": random.randint(*HOLD_SECONDS)}
    return {"type": "MARKET", "exit": {name: legs[name] for name in some} | held}


def schedule_terms(random: Random, price: float) -> Document:
    """Return what an order may say that trades over time: its price is far enough from any that it
    is through within seconds."""
    slices, interval = random.randint(1, SLICES_MAX), random.randint(1, INTERVAL_SECONDS_MAX)
    on_missed = {"slices": slices, "onMissed": random.choice(["skip", "catchUp"])}
    if random.random() < 0.5:
        band = {"maxPrice": f"{price * FAR:.12f}"} if random.random() < 0.5 else {}
        return {"type": "DCA", "intervalSeconds": interval} | on_missed | band
    limit = {"limitPrice": f"{price / FAR:.12f}"} if random.random() < 0.5 else {}
    return {"type": "TWAP", "durationSeconds": slices * interval} | on_missed | limit


def waiting_terms(random: Random, price: float) -> Document:
    """Return what an order may wait for whose token costs about so much: it comes, or does not."""

    def near() -> str:
        return f"{price * (1 + random.uniform(-DISTANCE, DISTANCE)):.12f}"

    low, high = sorted((near(), near()), key=float)
    trailing = {"type": "TRAILING_STOP", "trailingBps": random.randint(1, 10)}
    limit = {"type": "LIMIT", "limitPrice": near(), "timeInForce": "GTT"}
    condition = random.choice(["above", "below"])
    stop = {"type": "STOP", "triggerPrice": near(), "triggerCondition": condition}
    oco = {"type": "OCO", "takeProfitPrice": high, "stopPrice": low}
    if_met = {"triggerIfMet": True}
    return random.choice([trailing, limit, stop | if_met, oco | if_met])


def _expiry(wait_seconds: float | None) -> Document:
    if wait_seconds is None:
        return {}
    return {"expiresAt": (datetime.now(UTC) + timedelta(seconds=wait_seconds)).isoformat()}


async def _submit_and_follow(
    client: OrdersClient, followed: Followed, turns: asyncio.Semaphore
) -> None:
    order = await _submit(client, followed)
    turns.release()
    if order is not None:
        followed.order_id = order["orderId"]
        followed.accepted_at = time.monotonic()
        await asyncio.gather(_cancel(client, followed), _follow(client, order, followed))


async def _submit(client: OrdersClient, followed: Followed) -> Document | None:
    try:
        async with asyncio.timeout(SUBMIT_SECONDS):
            return await client.place(followed.wanted | _expiry(followed.wait_seconds))
    except ProblemError as refusal:
        followed.refusal = str(refusal.problem.get("code") or refusal.status)
    except (ClientError, TimeoutError, ValueError) as error:
        # The order may have been stored; the client was promised nothing.
        followed.refusal = type(error).__name__
    return None


async def _cancel(client: OrdersClient, followed: Followed) -> None:
    """Cancel the order if it shall be; a service that is busy may never have heard of it."""
    if followed.cancel_after_seconds is None:
        return
    await asyncio.sleep(followed.cancel_after_seconds)
    try:
        async with asyncio.timeout(SUBMIT_SECONDS):
            order = await client.cancel(followed.order_id)
    except ProblemError as refusal:
        order = refusal.problem.get("order", {})
    except (ClientError, TimeoutError, ValueError):
        return
    followed.cancel_answer = order.get("status", "")


async def _follow(client: OrdersClient, order: Document | str, followed: Followed) -> None:
    while not followed.is_over:
        with contextlib.suppress(ClientError, OSError, ProblemError, ValueError):
            async for event in client.follow(order, after=len(followed.events), observer=followed):
                followed.events.append(event)
        if not followed.is_over:
            await asyncio.sleep(FOLLOW_AGAIN_SECONDS)
    followed.final_at = time.monotonic()
