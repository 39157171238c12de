"""A whole engine in memory, for tests: real use cases, wallet, market and chain; a clock, queues,
stores and connections that the test holds in its hands.

Every call of a port is written down in `journal`. A port or call named in `outages` raises what
stands there, and one named in `unheard` does so when it is done; `meanwhile` lets somebody else act
just before a call.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain, count, repeat
from random import Random
from typing import Any

from solders.keypair import Keypair

from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.memory.ports import (
    MemoryClock,
    MemoryFollowerStore,
    MemoryOrderQueue,
    MemoryStatusFeed,
    MemoryStatusQueue,
)
from chalicelib.adapters.solana.wallet import SolanaWallet
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, OrderType
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.tokens import Pair
from chalicelib.engine.admission.submit import Submitter
from chalicelib.engine.execution.executor import Executor
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.execution.rescue import Rescuer
from chalicelib.engine.execution.sweep import Sweeper
from chalicelib.engine.messages import ExecuteOrder, FollowRequest, StatusMessage, UnfollowRequest
from chalicelib.engine.router import Router
from chalicelib.engine.streaming.follow import Following
from chalicelib.engine.streaming.publish import Publisher
from chalicelib.entrypoints.queue import holding
from chalicelib.entrypoints.wire.frames import update_frame
from chalicelib.simulation.chain import SimulatedChain
from chalicelib.simulation.fate import Fate
from chalicelib.simulation.ledger import LedgerEntry, MemoryLedger
from chalicelib.simulation.market import METEORA, POOLS, RAYDIUM, ListedPool, Market
from chalicelib.simulation.venues import SimulatedVenue

BATCH_MAX = 10
ROUNDS_MAX = 1_000
ONE_SOL = 10**9
SOL_USDC = Pair.of("SOL", "USDC")
KEYPAIR = Keypair.from_seed(bytes(range(32)))


def exact_in(amount: int = ONE_SOL, pair: Pair = SOL_USDC) -> Trade:
    """Pay exactly that."""
    return Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)


def exact_out(amount: int, pair: Pair = SOL_USDC) -> Trade:
    """Receive exactly that."""
    return Trade(pair=pair, mode=SwapMode.EXACT_OUT, amount=amount)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a port: its name as `port.method`, and what was passed."""

    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]


class Watched:
    """A port behind the world's journal, outages and interruptions."""

    def __init__(self, world: "World", name: str, port: Any) -> None:
        self._world, self._name, self._port = world, name, port

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._port, method)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self._world.before_call(self._name, Call(f"{self._name}.{method}", args, kwargs))
            answer = attribute(*args, **kwargs)
            self._world.after_call(f"{self._name}.{method}")
            return answer

        return call


def paced(latency: timedelta) -> Pacing:
    """Pacing that spreads the latency over an execution as a deployment does."""
    quote_latency, build_latency = latency / 10, latency / 20
    return Pacing(
        quote_latency=quote_latency,
        build_latency=build_latency,
        confirmation_first=latency - quote_latency - build_latency,
    )


def ticks(number: int) -> Callable[[], bool]:
    """Time for so many steps of the worker."""
    answers = chain(repeat(True, number), repeat(False))
    return lambda: next(answers)


@dataclass(kw_only=True, repr=False)
class World:
    """The engine and everything around it; equal arguments give equal executions."""

    latency: timedelta = timedelta(0)
    drop_rate_bps: int = 0
    failure_rate_bps: int = 0
    slow_rate_bps: int = 0
    lost_answer_rate_bps: int = 0
    quote_timeout_rate_bps: int = 0
    congestion_rate_bps: int = 0
    seed: str = "world"
    leg_cost_lamports: int = 6_000
    listings: tuple[ListedPool, ...] = POOLS
    clock: MemoryClock = field(default_factory=MemoryClock)
    store: MemoryOrderStore = field(default_factory=MemoryOrderStore)
    order_queue: MemoryOrderQueue = field(default_factory=MemoryOrderQueue)
    status_queue: MemoryStatusQueue = field(default_factory=MemoryStatusQueue)
    followers: MemoryFollowerStore = field(default_factory=MemoryFollowerStore)
    feed: MemoryStatusFeed = field(default_factory=MemoryStatusFeed)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    journal: list[Call] = field(default_factory=list)
    outages: dict[str, Exception] = field(default_factory=dict)
    unheard: dict[str, Exception] = field(default_factory=dict)
    interruptions: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pacing = paced(self.latency)
        self.random = Random(self.seed)
        self.fate = Fate(
            seed=self.seed,
            latency_min=self.pacing.confirmation_first,
            latency_max=self.pacing.confirmation_first,
            drop_rate_bps=self.drop_rate_bps,
            failure_rate_bps=self.failure_rate_bps,
            slow_rate_bps=self.slow_rate_bps,
            lost_answer_rate_bps=self.lost_answer_rate_bps,
            quote_timeout_rate_bps=self.quote_timeout_rate_bps,
            congestion_rate_bps=self.congestion_rate_bps,
        )
        self.market = Market(seed=self.seed, listings=self.listings)
        self.wallet = SolanaWallet(KEYPAIR, compute_unit_price_micro_lamports=50_000)
        self.venues: list[Any] = [
            SimulatedVenue(name=name, market=self.market, clock=self.clock, fate=self.fate)
            for name in (RAYDIUM, METEORA)
        ]
        self.chain = SimulatedChain(
            market=self.market, ledger=self.ledger, clock=self.clock, fate=self.fate
        )
        self._numbers = count(1)
        self._frames = count(1)

    @property
    def submitter(self) -> Submitter:
        return Submitter(
            store=self.watched("store"),
            queue=self.watched("order_queue"),
            venues=self.watched_venues(),
            clock=self.watched("clock"),
            new_id=lambda: OrderId(f"00000000-0000-4000-8000-{next(self._numbers):012d}"),
        )

    @property
    def executor(self) -> Executor:
        return Executor(
            store=self.watched("store"),
            order_queue=self.watched("order_queue"),
            status_queue=self.watched("status_queue"),
            router=self.router,
            chain=self.watched("chain"),
            wallet=self.watched("wallet"),
            clock=self.watched("clock"),
            random=self.random,
            pacing=self.pacing,
        )

    @property
    def router(self) -> Router:
        return Router(venues=self.watched_venues(), leg_cost_lamports=self.leg_cost_lamports)

    @property
    def publisher(self) -> Publisher:
        return Publisher(
            store=self.watched("store"),
            followers=self.watched("followers"),
            feed=self.watched("feed"),
            clock=self.watched("clock"),
            encode_frame=update_frame,
        )

    @property
    def following(self) -> Following:
        return Following(
            store=self.watched("store"),
            followers=self.watched("followers"),
            status_queue=self.watched("status_queue"),
        )

    @property
    def sweeper(self) -> Sweeper:
        return Sweeper(
            store=self.watched("store"),
            queue=self.watched("order_queue"),
            clock=self.watched("clock"),
        )

    def submit(
        self,
        *,
        amount_in: int = ONE_SOL,
        amount_out: int | None = None,
        slippage_bps: int = 100,
        pair: Pair = SOL_USDC,
    ) -> OrderId:
        """Accept a market order and return its id."""
        trade = exact_in(amount_in, pair) if amount_out is None else exact_out(amount_out, pair)
        admission = self.submitter.submit(
            order_type=OrderType.MARKET, trade=trade, slippage_bps=slippage_bps
        )
        return admission.order.order_id

    @property
    def rescuer(self) -> Rescuer:
        return Rescuer(
            store=self.watched("store"),
            order_queue=self.watched("order_queue"),
            status_queue=self.watched("status_queue"),
            chain=self.watched("chain"),
            clock=self.watched("clock"),
            pacing=self.pacing,
        )

    def take(self) -> list[ExecuteOrder]:
        """Take a batch off the order queue."""
        messages = self.order_queue.messages
        return [messages.popleft() for _ in range(min(BATCH_MAX, len(messages)))]

    def execute(
        self, messages: Sequence[ExecuteOrder], *, has_time: Callable[[], bool] = lambda: True
    ) -> set[OrderId]:
        """One invocation of the worker."""
        receipts = [message.order_id for message in messages]
        return self.executor.execute(
            messages,
            has_time=has_time,
            hold=holding(self.watched("order_queue"), receipts),
        )

    def run(self) -> None:
        """Work until the order queue is empty; what failed is delivered again."""
        for _ in range(ROUNDS_MAX):
            messages = self.take()
            if not messages:
                return
            self._sleep_until_due(messages)
            failed = self.execute(messages)
            self.order_queue.enqueue([m for m in messages if m.order_id in failed])
        raise AssertionError("the order queue does not become empty")

    def connect(self, connection_id: str, order_id: OrderId, *, after: int = 0) -> None:
        """Open a connection that follows the order."""
        self.feed.open(connection_id)
        self.following.connect(self.follow_request(connection_id, order_id, after=after))

    def subscribe(self, connection_id: str, order_id: OrderId, *, after: int = 0) -> None:
        """Let an open connection follow the order."""
        request = self.follow_request(connection_id, order_id, after=after)
        self.following.subscribe(replace(request, request_id=self._next_frame()))

    def unsubscribe(self, connection_id: str, order_id: OrderId) -> None:
        """Let an open connection follow the order no more."""
        self.following.unsubscribe(
            UnfollowRequest(
                request_id=self._next_frame(), connection_id=connection_id, order_id=order_id
            )
        )

    def _next_frame(self) -> str:
        return f"frame {next(self._frames)}"

    def follow_request(
        self, connection_id: str, order_id: OrderId, *, after: int = 0
    ) -> FollowRequest:
        """What a connection opened just now asks for."""
        return FollowRequest(
            request_id=connection_id,
            connection_id=connection_id,
            order_id=order_id,
            after=after,
            connected_at=self.clock.now(),
        )

    def publish_batch(self, size: int = BATCH_MAX) -> list[StatusMessage]:
        """One invocation of the publisher; what failed is put back, and returned."""
        queued = self.status_queue.messages
        batch = {str(n): queued.popleft() for n in range(min(size, len(queued)))}
        failed_ids = self.publisher.publish(list(batch.items()), has_time=lambda: True)
        failed = [message for message_id, message in batch.items() if message_id in failed_ids]
        queued.extendleft(reversed(failed))
        return failed

    def publish(self) -> None:
        """Publish until the status queue is empty."""
        for _ in range(ROUNDS_MAX):
            if not self.status_queue.messages:
                return
            self.publish_batch()
        raise AssertionError("the status queue does not become empty")

    def order(self, order_id: OrderId) -> Order:
        return self.store.orders[order_id]

    def statuses(self, order_id: OrderId) -> list[OrderStatus]:
        """The statuses of the order's history, in sequence."""
        return [event.status for event in self.store.history[order_id]]

    def details(self, order_id: OrderId, sequence: int) -> Any:
        """What the order's event of that sequence says."""
        return self.store.history[order_id][sequence - 1].details

    def frames(self, connection_id: str) -> list[Any]:
        """The frames that the connection received, decoded."""
        return [json.loads(frame) for frame in self.feed.frames[connection_id]]

    def sequences(self, connection_id: str) -> list[int]:
        """The sequences of the updates that the connection received."""
        return [frame["data"]["sequence"] for frame in self.frames(connection_id)]

    def landed(self, order_id: OrderId) -> list[LedgerEntry]:
        """What the chain's ledger has of the order, in order of landing."""
        entries = [e for e in self.ledger.entries.values() if e.memo.startswith(f"{order_id}:")]
        return sorted(entries, key=lambda entry: entry.landing_slot)

    def calls(self, *names: str) -> list[Call]:
        """The journal's calls of these names."""
        return [call for call in self.journal if call.name in names]

    def meanwhile(self, name: str, action: Callable[[], object]) -> None:
        """Let the action happen once, just before the next call of that name."""
        self.interruptions[name] = action

    def watched(self, name: str) -> Any:
        """The world's part of that name as the engine sees it."""
        return Watched(self, name, getattr(self, name))

    def before_call(self, port: str, call: Call) -> None:
        """Called by every watched port before it does anything."""
        self.journal.append(call)
        self.interruptions.pop(call.name, lambda: None)()
        for refused in (port, call.name):
            if refused in self.outages:
                raise self.outages[refused]

    def after_call(self, name: str) -> None:
        """Called by every watched port when it is done."""
        if name in self.unheard:
            raise self.unheard[name]

    def _sleep_until_due(self, messages: Sequence[ExecuteOrder]) -> None:
        stored = [self.store.orders.get(message.order_id) for message in messages]
        due = [order.due_at for order in stored if order is not None]
        self.clock.at = max(self.clock.at, min(due, default=self.clock.at))

    def watched_venues(self) -> list[Any]:
        return [Watched(self, venue.name, venue) for venue in self.venues]
