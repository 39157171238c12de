"""Whatever happens, in whatever order, no order is lost and none is swapped twice.

STATE_MACHINE_EXAMPLES=5000 looks for new ways for it to go wrong.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.domain.errors import QuoteTimeoutError, UnavailableError
from chalicelib.domain.orders import OrderId
from chalicelib.domain.tokens import Pair
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.entrypoints.queue import HOLD_SECONDS
from chalicelib.simulation.market import METEORA, POOLS, RAYDIUM
from tests.chaos.audit import Story
from tests.world import BATCH_MOST, Call, World, ticks

EXAMPLES = os.environ.get("STATE_MACHINE_EXAMPLES")
DETERMINISTIC = settings(derandomize=True, database=None, max_examples=60)
SEARCHING = settings(derandomize=False, max_examples=int(EXAMPLES or 1), print_blob=True)

ORDERS_MOST = 6
ROUNDS_MOST = 100
INVOCATION = timedelta(seconds=27)
LONG_SECONDS = 300

TRADES = [
    {"pair": Pair.of("SOL", "USDC"), "amount_in": 10**9},
    {"pair": Pair.of("SOL", "USDC"), "amount_out": 150 * 10**6},
    {"pair": Pair.of("USDC", "SOL"), "amount_in": 10**9},
    {"pair": Pair.of("USDC", "BONK"), "amount_in": 10**7},
    {"pair": Pair.of("BONK", "SOL"), "amount_out": 10**8},
]
LISTINGS = tuple(
    listed
    for listed in POOLS
    if {listed.token_a.symbol, listed.token_b.symbol} <= {"SOL", "USDC", "BONK"}
)
NETWORKS: list[dict[str, Any]] = [
    {},
    {"latency": timedelta(seconds=2.5)},
    {"failure_rate_bps": 4_000},
    {"drop_rate_bps": 9_000, "latency": timedelta(seconds=1)},
    {"lost_answer_rate_bps": 5_000},
    {"quote_timeout_rate_bps": 5_000},
    {"congestion_rate_bps": 7_000, "slow_rate_bps": 3_000, "latency": timedelta(seconds=8)},
    {
        "failure_rate_bps": 3_000,
        "drop_rate_bps": 5_000,
        "lost_answer_rate_bps": 3_000,
        "quote_timeout_rate_bps": 2_000,
        "slow_rate_bps": 1_000,
        "latency": timedelta(seconds=2.5),
    },
]

OUTAGES: dict[str, type[Exception]] = {
    **dict.fromkeys(["store", "store.load", "store.save", "store.add"], UnavailableError),
    **dict.fromkeys(["order_queue", "order_queue.enqueue", "order_queue.hold"], UnavailableError),
    **dict.fromkeys(["chain", "chain.send", "chain.statuses"], UnavailableError),
    "chain.latest_blockhash": UnavailableError,
    "status_queue.announce": UnavailableError,
    "wallet.sign_swap": RuntimeError,
    RAYDIUM: QuoteTimeoutError,
    METEORA: QuoteTimeoutError,
}
UNHEARD = [
    "store.add",
    "store.save",
    "store.claim_stale",
    "chain.send",
    "order_queue.enqueue",
    "status_queue.announce",
]
# With these a follower may miss a frame, or see one again.
ROUGH_OUTAGES = ["followers", "feed"]
ROUGH_UNHEARD = ["followers.add_follower", "feed.post"]

MEANWHILE = [
    "store.load",
    "store.save",
    "wallet.sign_swap",
    "chain.send",
    "chain.statuses",
    "status_queue.announce",
    "order_queue.enqueue",
]
STEPS = st.none() | st.integers(0, 8)
SIZES = st.integers(1, 10)


class ProcessDiedError(BaseException):
    """Nothing may handle it: a killed process runs no handlers."""


class MortalWorld(World):
    """The next process of this world dies before it makes another call."""

    calls_left: int | None = None

    def before_call(self, port: str, call: Call) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise ProcessDiedError
        super().before_call(port, call)


@dataclass(slots=True)
class Client:
    """A connection that follows an order; its frames are kept when it is closed."""

    connection_id: str
    order_id: OrderId
    after: int
    closed_with: list[int] | None = None


class Orders(RuleBasedStateMachine):
    """Clients, functions and what goes wrong with them, in any order.

    Followers see every event once and in order, unless it gets rough: then their side of the engine
    breaks down or dies, too.
    """

    world: MortalWorld

    def __init__(self) -> None:
        super().__init__()
        self.is_rough = self.is_feed_bad = False
        self.accepted: list[OrderId] = []
        self.delivered: list[ExecuteOrder] = []
        self.letters: list[ExecuteOrder] = []
        self.clients: list[Client] = []
        self.numbers = count(1)

    @initialize(network=st.sampled_from(NETWORKS), seed=st.integers(0, 99), is_rough=st.booleans())
    def begin(self, network: dict[str, Any], seed: int, is_rough: bool) -> None:
        self.world = MortalWorld(seed=f"machine {seed}", listings=LISTINGS, **network)
        self.is_rough = is_rough

    @contextmanager
    def process(self) -> Iterator[None]:
        """An invocation of a function, which may fail or die; then its message comes again."""
        try:
            yield
        except UnavailableError:
            pass
        except ProcessDiedError:
            self.world.clock.sleep(HOLD_SECONDS)
        finally:
            self.world.calls_left = None

    @precondition(lambda self: len(self.world.store.orders) < ORDERS_MOST)
    @rule(trade=st.sampled_from(TRADES), slippage_bps=st.integers(0, 300))
    def submit(self, trade: dict[str, Any], slippage_bps: int) -> None:
        with self.process():
            self.accepted.append(self.world.submit(slippage_bps=slippage_bps, **trade))

    @rule(size=SIZES, steps=STEPS)
    def deliver(self, size: int, steps: int | None) -> None:
        self._deliver(self._take(size), steps)

    @rule(size=SIZES, steps=STEPS, other_steps=STEPS, call=st.sampled_from(MEANWHILE))
    def deliver_to_two(
        self, size: int, steps: int | None, other_steps: int | None, call: str
    ) -> None:
        messages = self._take(size)
        self.world.meanwhile(call, lambda: self._deliver(messages, other_steps))
        self._deliver(messages, steps)
        self.world.interruptions.clear()

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), steps=STEPS)
    def deliver_again(self, data: st.DataObject, steps: int | None) -> None:
        self._deliver([data.draw(st.sampled_from(self.delivered))], steps)

    @rule(size=SIZES)
    def publish(self, size: int) -> None:
        queued = self.world.status_queue.messages
        batch = [(str(n), queued.popleft()) for n in range(min(size, len(queued)))]
        failed = {message_id for message_id, _ in batch}
        if not self.is_rough:
            self.world.calls_left = None
        with self.process():
            failed = self.world.publisher.publish(batch, has_time=lambda: True)
        queued.extendleft(reversed([m for message_id, m in batch if message_id in failed]))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), after=st.integers(0, 3))
    def connect(self, data: st.DataObject, after: int) -> None:
        order_id = data.draw(st.sampled_from(self.accepted))
        with self.process():
            self._connect(order_id, after)

    @precondition(lambda self: self.connected)
    @rule(data=st.data())
    def disconnect(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(self.connected))
        client.closed_with = self.world.sequences(client.connection_id)
        del self.world.feed.frames[client.connection_id]
        with self.process():
            self.world.following.disconnect(client.connection_id)

    @rule()
    def sweep(self) -> None:
        with self.process():
            self.world.sweeper.sweep()

    @rule(size=SIZES)
    def bury(self, size: int) -> None:
        self.letters += self._take(size)

    @precondition(lambda self: self.letters)
    @rule()
    def rescue(self) -> None:
        kept = {letter.order_id for letter in self.letters}
        with self.process():
            kept = self.world.rescuer.rescue(self.letters)
        self.letters = [letter for letter in self.letters if letter.order_id in kept]

    @rule(seconds=st.sampled_from([0.1, 1, 5, 30, 100, 400]))
    def wait(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    @rule(name=st.sampled_from([*OUTAGES]))
    def go_away(self, name: str) -> None:
        self.world.outages[name] = OUTAGES[name]()

    @rule(name=st.sampled_from(UNHEARD))
    def lose_answers(self, name: str) -> None:
        self.world.unheard[name] = UnavailableError()

    @precondition(lambda self: self.is_rough)
    @rule(name=st.sampled_from(ROUGH_OUTAGES))
    def trouble_followers(self, name: str) -> None:
        self.world.outages[name] = UnavailableError()
        self.is_feed_bad |= name == "feed"

    @precondition(lambda self: self.is_rough)
    @rule(name=st.sampled_from(ROUGH_UNHEARD))
    def lose_answers_of_followers(self, name: str) -> None:
        self.world.unheard[name] = UnavailableError()
        self.is_feed_bad |= name == "feed.post"

    @rule()
    def come_back(self) -> None:
        self.world.outages.clear()
        self.world.unheard.clear()

    @rule(calls=st.integers(0, 60))
    def doom(self, calls: int) -> None:
        self.world.calls_left = calls

    @invariant()
    def nothing_is_lost_or_twice(self) -> None:
        assert self.world.store.orders.keys() >= set(self.accepted)
        for story in self.stories():
            assert [*story.faults()] == []

    @invariant()
    def followers_see_everything_once_and_in_order(self) -> None:
        for client in self.clients:
            frames = self.frames(client)
            if not self.is_rough:
                assert frames == [*range(client.after + 1, client.after + 1 + len(frames))]

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.come_back()
        self.world.calls_left = None
        self._until_quiet()
        for story in self.stories():
            assert story.order.status.is_final
            assert [*story.faults()] == []
        self.followers_see_everything_once_and_in_order()
        for client in self.connected:
            self._expect_everything_seen(client)

    def stories(self) -> Iterator[Story]:
        for order_id, order in self.world.store.orders.items():
            events, landed = self.world.store.history[order_id], self.world.landed(order_id)
            yield Story(order=order, events=events, landed=landed)

    @property
    def connected(self) -> list[Client]:
        return [client for client in self.clients if client.closed_with is None]

    def frames(self, client: Client) -> list[int]:
        if client.closed_with is not None:
            return client.closed_with
        return self.world.sequences(client.connection_id)

    def _connect(self, order_id: OrderId, after: int) -> Client:
        client = Client(f"connection {next(self.numbers)}", order_id, after)
        try:
            self.world.connect(client.connection_id, order_id, after=after)
        except BaseException:
            # It was refused: such a connection never was open.
            del self.world.feed.frames[client.connection_id]
            raise
        self.clients.append(client)
        return client

    def _take(self, size: int) -> list[ExecuteOrder]:
        queued = self.world.order_queue.messages
        return [queued.popleft() for _ in range(min(size, len(queued)))]

    def _deliver(self, messages: list[ExecuteOrder], steps: int | None) -> None:
        ends_at = self.world.clock.now() + INVOCATION
        has_time = ticks(steps) if steps is not None else lambda: self.world.clock.now() < ends_at
        self.delivered += messages
        failed = {message.order_id for message in messages}
        with self.process():
            failed = self.world.execute(messages, has_time=has_time)
        self.world.order_queue.enqueue([m for m in messages if m.order_id in failed])

    def _until_quiet(self) -> None:
        for _ in range(ROUNDS_MOST):
            while self.world.order_queue.messages:
                self._deliver(self._take(BATCH_MOST), None)
                self.world.clock.sleep(1)
            self.rescue()
            self.world.publish()
            is_over = all(order.status.is_final for order in self.world.store.orders.values())
            if is_over and not self.letters and not self.world.order_queue.messages:
                return
            self.world.clock.sleep(LONG_SECONDS)
            self.sweep()
        raise AssertionError("it does not come to an end")

    def _expect_everything_seen(self, client: Client) -> None:
        """A client ignores what it has seen; where it misses something, it asks again."""
        frames, last = self.frames(client), len(self.world.store.history[client.order_id])
        if not self.is_feed_bad:
            assert last in frames or client.after >= last
        seen = client.after
        for sequence in frames:
            if sequence > seen + 1:
                break
            seen = max(seen, sequence)
        again = self._connect(client.order_id, seen)
        self.world.publish()
        assert self.frames(again) == [*range(seen + 1, last + 1)]
        if not self.is_rough:
            assert seen == max(last, client.after)


def test_no_order_is_lost_or_swapped_twice_whatever_happens() -> None:
    run_state_machine_as_test(Orders, settings=SEARCHING if EXAMPLES else DETERMINISTIC)
