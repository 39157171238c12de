"""A service that answers over real WebSockets as a script says: for each order, one answer to each
request for its events.

In an answer, small numbers are sequences to send, lists of them go in one frame, and texts are
codes of error frames; a number from 400 refuses the handshake with that status, one from 1000
closes the connection with that code.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from infra.paths import ROOT
from orders_client import OrdersClient

GOLDEN_FOLDER = ROOT / "tests" / "golden"
CONFIRMED, FAILED = (
    [frame["data"] for frame in json.loads((GOLDEN_FOLDER / f"{name}_order.json").read_text())]
    for name in ("confirmed", "failed")
)
ALL = [1, 2, 3, 4, 5]
ORDER_ID = "4d3f1a52-6a39-4a8e-9d0a-0b1a5b0c9d11"
ACCEPTED = {
    "type": "MARKET",
    "status": "pending",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
    "slippageBps": 100,
    "maxPriceImpactBps": 1_500,
    "sequence": 1,
    "createdAt": "2026-01-01T00:00:00.000Z",
}
Answer = Sequence[int | str | Sequence[int]]
Script = Mapping[str, Sequence[Answer]]


class FakeService:
    """Orders that the script does not name do not exist.

    A service that does not know batches refuses frames that ask for them.
    """

    knows_batches = True

    def __init__(self, script: Script, events: Sequence[Mapping[str, Any]] = CONFIRMED) -> None:
        self._events = events
        self._answers: dict[str, list[Answer]] = {}
        self._sockets: list[web.WebSocketResponse] = []
        self.base_url = ""
        # (number of the connection, order id, after), in the order of the requests
        self.requests: list[tuple[int, str, int]] = []
        self.batches: list[object] = []
        self.tickets: dict[str, list[str | None]] = defaultdict(list)
        self.pings = 0
        self.renewals: Counter[str] = Counter()
        for order_id, answers in script.items():
            self.add_order(order_id, answers)

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def add_order(self, order_id: str, answers: Sequence[Answer]) -> None:
        self._answers[order_id] = list(answers)

    def order(self, order_id: str, ticket: str | None = None) -> dict[str, Any]:
        suffix = f"&ticket={ticket}" if ticket else ""
        url = f"{self.base_url}/stream?orderId={order_id}{suffix}"
        return ACCEPTED | {"orderId": order_id, "streamUrl": url}

    def event(self, order_id: str, sequence: int) -> dict[str, Any]:
        return {**self._events[sequence - 1], "orderId": order_id}

    def next_answer(self, order_id: str, after: int) -> Answer:
        if order_id not in self._answers:
            return ["ORDER_NOT_FOUND"]
        answers = self._answers[order_id]
        return answers.pop(0) if answers else []

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/stream", self.stream),
            web.get("/api/orders/{order_id}", self.get_order),
        ]

    async def get_order(self, request: web.Request) -> web.Response:
        order_id = request.match_info["order_id"]
        if order_id not in self._answers:
            return web.json_response({"code": "ORDER_NOT_FOUND", "detail": "no"}, status=404)
        self.renewals[order_id] += 1
        return web.json_response(self.order(order_id, f"renewed-{self.renewals[order_id]}"))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        answer = self._answer(len(self._sockets), query["orderId"], query.get("after", 0), query)
        if answer and isinstance(answer[0], int) and 400 <= answer[0] < 1000:
            return web.Response(status=answer[0])
        socket = web.WebSocketResponse()
        number = len(self._sockets)
        self._sockets.append(socket)
        await socket.prepare(request)
        await self._send(socket, query["orderId"], answer)
        async for message in socket:
            await self._receive(socket, number, json.loads(message.data))
        return socket

    async def _receive(
        self, socket: web.WebSocketResponse, number: int, frame: Mapping[str, Any]
    ) -> None:
        if frame["action"] == "ping":
            self.pings += 1
            await socket.send_json({"type": "pong"})
            return
        if "batch" in frame and not self.knows_batches:
            await self._send(socket, frame["orderId"], ["INVALID_REQUEST"])
            return
        answer = self._answer(number, frame["orderId"], frame["after"], frame)
        await self._send(socket, frame["orderId"], answer)

    def _answer(
        self, connection: int, order_id: str, after: int | str, request: Mapping[str, Any]
    ) -> Answer:
        self.requests.append((connection, order_id, int(after)))
        self.tickets[order_id].append(request.get("ticket"))
        self.batches.append(request.get("batch"))
        return self.next_answer(order_id, int(after))

    async def _send(self, socket: web.WebSocketResponse, order_id: str, answer: Answer) -> None:
        for step in answer:
            if isinstance(step, str):
                error = {"code": step, "detail": "no", "orderId": order_id}
                await socket.send_json({"type": "error", "error": error})
            elif isinstance(step, Sequence):
                events = [self.event(order_id, sequence) for sequence in step]
                await socket.send_json({"type": "updates", "data": {"events": events}})
            elif step >= 1000:
                await socket.close(code=step)
            else:
                await socket.send_json({"type": "update", "data": self.event(order_id, step)})


class AcceptingService(FakeService):
    """Accepts orders: the next one has these answers, or is refused with that code."""

    def __init__(self, orders: Sequence[Sequence[Answer] | str]) -> None:
        super().__init__({})
        self._orders = list(orders)
        self._open: set[str] = set()
        self.open_max = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/tokens", self.list_tokens),
            web.post("/api/orders/execute", self.accept),
            *super().routes(),
        ]

    async def list_tokens(self, _: web.Request) -> web.Response:
        return web.json_response({"tokens": []})

    async def accept(self, _: web.Request) -> web.Response:
        order = self._orders.pop(0)
        if isinstance(order, str):
            return web.json_response({"code": order, "detail": "no"}, status=422)
        order_id = f"order-{len(self._orders)}"
        self.add_order(order_id, order)
        self._open.add(order_id)
        self.open_max = max(self.open_max, len(self._open))
        return web.json_response(self.order(order_id), status=202)

    def event(self, order_id: str, sequence: int) -> dict[str, Any]:
        if sequence == ALL[-1]:
            self._open.discard(order_id)
        return super().event(order_id, sequence)


class FlakyService(FakeService):
    """Loses and repeats events, refuses orders and closes connections, all at random."""

    def __init__(self, order_ids: Sequence[str], random: Random) -> None:
        super().__init__({order_id: [] for order_id in order_ids})
        self._random = random

    def next_answer(self, order_id: str, after: int) -> Answer:
        steps: list[int | str | Sequence[int]] = []
        if self._random.random() < 0.5:
            steps.append([*range(after + 1, self._random.randint(after + 1, len(ALL)))])
        for sequence in range(after + 1, len(ALL) + 1):
            steps += [sequence] * self._random.choices([0, 1, 2], [2, 10, 1])[0]
            steps += self._random.choices([[], ["UNAUTHORIZED"], [1001], [1006]], [50, 1, 1, 1])[0]
        return steps


@asynccontextmanager
async def served(
    service: FakeService, seconds: float = 30, **options: Any
) -> AsyncIterator[OrdersClient]:
    """Serve for so long at most; the options are those of the client."""
    application = web.Application()
    application.router.add_routes(service.routes())
    async with (
        asyncio.timeout(seconds),
        TestServer(application, shutdown_timeout=0.1) as server,
        OrdersClient(str(server.make_url("/")), **options) as client,
    ):
        service.base_url = str(server.make_url("/")).rstrip("/")
        yield client


def follow(service: FakeService, after: int = 0) -> list[int]:
    """Follow the only order; return its sequences."""

    async def run() -> list[int]:
        async with served(service) as client:
            events = client.follow(service.order("a"), after=after)
            return [event["sequence"] async for event in events]

    return asyncio.run(run())


def follow_many(
    service: FakeService, order_ids: Sequence[str], ticket: str | None = None, **options: int
) -> dict[str, list[int]]:
    """Follow them all; return the sequences of each."""
    sequences: dict[str, list[int]] = defaultdict(list)

    async def run() -> None:
        async with served(service) as client:
            orders = [service.order(order_id, ticket) for order_id in order_ids]
            async for event in client.follow_many(orders, **options):
                sequences[event["orderId"]].append(event["sequence"])

    asyncio.run(run())
    return sequences
