"""A whole engine in memory, for tests: real use cases, wallet, market and chain; a clock, queues,
stores and connections that the test holds in its hands. Its ports are watched."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain, count, repeat
from random import Random
from typing import Any

from solders.keypair import Keypair

from chalicelib.adapters.memory.book import MemoryWatchBook
from chalicelib.adapters.memory.halts import MemoryHaltSwitch
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.memory.ports import (
    MemoryClock,
    MemoryFollowerStore,
    MemoryOrderQueue,
    MemoryStatusFeed,
    MemoryStatusQueue,
)
from chalicelib.domain.orders.event_codec import write_details
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import MARKET, Terms
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import find_pair
from chalicelib.domain.tokens import Pair
from chalicelib.engine.admission.cancel import Canceller
from chalicelib.engine.execution.executor import Executor
from chalicelib.engine.execution.rescue import Rescuer
from chalicelib.engine.execution.sweep import Sweeper
from chalicelib.engine.messages import ExecuteOrder, FollowRequest, StatusMessage, UnfollowRequest
from chalicelib.engine.streaming.follow import Following
from chalicelib.engine.streaming.publish import Publisher
from chalicelib.entrypoints.queue import holding
from chalicelib.settings import Settings, SimulationSettings, settings_of
from chalicelib.simulation.ledger import LedgerEntry, MemoryLedger
from chalicelib.simulation.market import POOLS, ListedPool, Market
from chalicelib.worlds import SimulatedWorld
from tests.watched import Watched, WatchedDeployment, Watching

BATCH_MAX = 10
ROUNDS_MAX = 1_000
ONE_SOL = 10**9
# The statuses of an order that meets no trouble.
FIVE = ["pending", "routing", "building", "submitted", "confirmed"]
SOL_USDC = find_pair("SOL", "USDC")
KEYPAIR = Keypair.from_seed(bytes(range(32)))
SETTINGS: dict[str, Any] = {
    "database_url": "postgresql://nowhere",
    "wallet_secret_key": str(KEYPAIR),
    "orders_queue_url": "https://queue/orders",
    "status_queue_url": "https://queue/status.fifo",
    "connections_table": "connections",
    "websocket_management_url": "https://management",
    "stream_url": "wss://stream.example/api/orders/execute",
    "public_base_url": "https://orders.example",
    "signing_secret": "a secret of the unit tests, 32 characters",
}


def exact_in(amount: int = ONE_SOL, pair: Pair = SOL_USDC) -> Trade:
    """Pay exactly that."""
    return Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=amount)


def exact_out(amount: int, pair: Pair = SOL_USDC) -> Trade:
    """Receive exactly that."""
    return Trade(pair=pair, mode=SwapMode.EXACT_OUT, amount=amount)


def ticks(number: int) -> Callable[[], bool]:
    """Time for so many steps of the worker."""
    answers = chain(repeat(True, number), repeat(False))
    return lambda: next(answers)


class Starter:
    """Starts watchers; tests let them run."""

    def start(self) -> None:
        """Start nothing."""


@dataclass(kw_only=True, repr=False)
class World(Watching):
    """The engine and everything around it; equal arguments give equal executions."""

    latency: timedelta = timedelta(0)
    drop_rate_bps: int = 0
    failure_rate_bps: int = 0
    slow_rate_bps: int = 0
    lost_answer_rate_bps: int = 0
    quote_timeout_rate_bps: int = 0
    congestion_rate_bps: int = 0
    seed: str = "world"
    listings: tuple[ListedPool, ...] = POOLS
    clock: MemoryClock = field(default_factory=MemoryClock)
    store: MemoryOrderStore = field(default_factory=MemoryOrderStore)
    order_queue: MemoryOrderQueue = field(default_factory=MemoryOrderQueue)
    status_queue: MemoryStatusQueue = field(default_factory=MemoryStatusQueue)
    followers: MemoryFollowerStore = field(default_factory=MemoryFollowerStore)
    feed: MemoryStatusFeed = field(default_factory=MemoryStatusFeed)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def __post_init__(self) -> None:
        simulated = SimulatedWorld(self.settings, clock=self.clock, ledger=lambda: self.ledger)
        simulated.market = Market(seed=self.seed, listings=self.listings)
        self.market, self.fate = simulated.market, simulated.fate
        self.venues: list[Any] = [*simulated.venues]
        self.chain, self.wallet = simulated.chain, simulated.wallet
        self.price_history, self.pacing = simulated.price_history, simulated.pacing
        self.rates: Any = simulated.rates
        self.pool_feed: Any = simulated.pool_feed
        self.starter: Any = Starter()
        self.switch = MemoryHaltSwitch(self.store)
        self.book: Any = MemoryWatchBook(store=self.store, clock=self.clock)
        self.random = Random(self.seed)
        self.deployment = WatchedDeployment(self)
        self._numbers = count(1)
        self._frames = count(1)
        self._watchers = count(1)

    @property
    def settings(self) -> Settings:
        """What the deployment is told; the network's troubles are the arguments'."""
        simulation = SimulationSettings(
            market_seed=self.seed,
            latency_ms=str(self.latency // timedelta(milliseconds=1)),
            drop_rate_bps=self.drop_rate_bps,
            failure_rate_bps=self.failure_rate_bps,
            slow_rate_bps=self.slow_rate_bps,
            lost_answer_rate_bps=self.lost_answer_rate_bps,
            quote_timeout_rate_bps=self.quote_timeout_rate_bps,
            congestion_rate_bps=self.congestion_rate_bps,
        )
        return replace(settings_of(SETTINGS), simulation=simulation)

    @property
    def executor(self) -> Executor:
        return self.deployment.executor

    @property
    def publisher(self) -> Publisher:
        return self.deployment.publisher

    @property
    def following(self) -> Following:
        return self.deployment.following

    @property
    def canceller(self) -> Canceller:
        return self.deployment.canceller

    @property
    def sweeper(self) -> Sweeper:
        return self.deployment.sweeper

    @property
    def rescuer(self) -> Rescuer:
        return self.deployment.rescuer

    def new_order_id(self) -> OrderId:
        """The n-th order's id tells its number."""
        return OrderId(f"00000000-0000-4000-8000-{next(self._numbers):012d}")

    def submit(
        self,
        *,
        amount_in: int = ONE_SOL,
        amount_out: int | None = None,
        slippage_bps: int = 100,
        max_price_impact_bps: int = 1_500,
        pair: Pair = SOL_USDC,
        terms: Terms = MARKET,
        expires_at: datetime | None = None,
        trigger_if_met: bool = False,
    ) -> OrderId:
        """Accept an order and return its id."""
        trade = exact_in(amount_in, pair) if amount_out is None else exact_out(amount_out, pair)
        admission = self.deployment.submitter.submit(
            terms=terms,
            trade=trade,
            expires_at=expires_at,
            trigger_if_met=trigger_if_met,
            slippage_bps=slippage_bps,
            max_price_impact_bps=max_price_impact_bps,
            owner_id=ANONYMOUS,
        )
        return admission.order.order_id

    def cancel(self, order_id: OrderId) -> Order:
        """Cancel the order and return it."""
        return self.canceller.cancel(order_id, ANONYMOUS)

    def watch(self, span: timedelta = timedelta(seconds=1)) -> None:
        """Let a watcher be at work for so long."""
        until = self.clock.at + span
        self.deployment.watcher.watch(
            f"watcher {next(self._watchers)}",
            has_time=lambda: self.clock.at < until,
            stands_by=False,
        )

    def pass_time(self, span: timedelta, *, step: timedelta = timedelta(seconds=1)) -> None:
        """Let a watcher and workers be at work for so long, one after the other in each step."""
        until = self.clock.at + span
        while self.clock.at < until:
            # A watcher returns at once when nothing waits.
            later = self.clock.at + step
            self.watch(step)
            self.run()
            self.clock.at = max(self.clock.at, later)

    def rate(self, pair: Pair = SOL_USDC, *, slot: int | None = None) -> int:
        """The reference rate of the pair in that slot, or now."""
        slot = self.rates.current_slot() if slot is None else slot
        return self.rates.observe(slot).rates[pair.token_in.mint, pair.token_out.mint]

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

    def connect(
        self, connection_id: str, order_id: OrderId, *, after: int = 0, batch: bool = False
    ) -> None:
        """Open a connection that follows the order."""
        self.feed.open(connection_id)
        request = self.follow_request(connection_id, order_id, after=after, batch=batch)
        self.following.connect(request, ANONYMOUS)

    def subscribe(
        self, connection_id: str, order_id: OrderId, *, after: int = 0, batch: bool = False
    ) -> None:
        """Let an open connection follow the order."""
        request = self.follow_request(connection_id, order_id, after=after, batch=batch)
        self.following.subscribe(replace(request, request_id=self._next_frame()), ANONYMOUS)

    def unsubscribe(self, connection_id: str, order_id: OrderId) -> None:
        """Let an open connection follow the order no more."""
        self.following.unsubscribe(
            UnfollowRequest(
                request_id=self._next_frame(), connection_id=connection_id, order_id=order_id
            ),
            ANONYMOUS,
        )

    def _next_frame(self) -> str:
        return f"frame {next(self._frames)}"

    def follow_request(
        self, connection_id: str, order_id: OrderId, *, after: int = 0, batch: bool = False
    ) -> FollowRequest:
        """What a connection opened just now asks for."""
        return FollowRequest(
            request_id=connection_id,
            connection_id=connection_id,
            order_id=order_id,
            after=after,
            connected_at=self.clock.now(),
            takes_batches=batch,
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
        """What the order's event of that sequence says, as it is stored."""
        return write_details(self.store.history[order_id][sequence - 1].details)

    def frames(self, connection_id: str) -> list[Any]:
        """The frames that the connection received, decoded."""
        return [json.loads(frame) for frame in self.feed.frames[connection_id]]

    def updates(self, connection_id: str) -> list[Any]:
        """The events that the connection received, however many came in a frame."""
        documents = [frame["data"] for frame in self.frames(connection_id)]
        return [event for document in documents for event in document.get("events", [document])]

    def sequences(self, connection_id: str) -> list[int]:
        """The sequences of the events that the connection received."""
        return [event["sequence"] for event in self.updates(connection_id)]

    def landed(self, order_id: OrderId) -> list[LedgerEntry]:
        """What the chain's ledger has of the order, in order of landing."""
        entries = [e for e in self.ledger.entries.values() if e.memo.startswith(f"{order_id}:")]
        return sorted(entries, key=lambda entry: entry.landing_slot)

    def _sleep_until_due(self, messages: Sequence[ExecuteOrder]) -> None:
        order_ids = [message.order_id for message in messages]
        delay_seconds = min(self.order_queue.delays_seconds.pop(i, 0) for i in order_ids)
        self.clock.at += timedelta(seconds=delay_seconds)
        orders = [self.store.orders[i] for i in order_ids if i in self.store.orders]
        # An open order is looked at when somebody asks for it.
        due = [order.due_at for order in orders if order.status is not OrderStatus.OPEN]
        self.clock.at = max(self.clock.at, min(due, default=self.clock.at))

    def watched_venues(self) -> list[Any]:
        return [Watched(self, v.name, lambda venue=v: venue) for v in self.venues]
