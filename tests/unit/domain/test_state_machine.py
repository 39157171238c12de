"""Whatever happens, in whatever order, no order is lost and none is swapped twice.

STATE_MACHINE_EXAMPLES=5000 looks for new ways for it to go wrong.
"""

import os
from dataclasses import dataclass, replace
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

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import (
    AT_ONCE,
    Condition,
    ExitPlan,
    ExitTerms,
    LimitTerms,
    MarketTerms,
    OnMissed,
    ScheduleTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
    TwapTerms,
)
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.admission.edit import Edit
from chalicelib.engine.errors import AlreadyFinalError, UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.chaos.audit import faults_of_exit, faults_of_slices
from tests.chaos.troubles import (
    AWAY,
    LISTINGS,
    LIVES,
    MEANWHILE,
    NETWORKS,
    ROUGH_AWAY,
    TRADES,
    WHOLE,
    Life,
    MortalWorld,
)
from tests.world import ticks

EXAMPLES = os.environ.get("STATE_MACHINE_EXAMPLES")
DETERMINISTIC = settings(derandomize=True, database=None, max_examples=80)
SEARCHING = settings(derandomize=False, max_examples=int(EXAMPLES or 1), print_blob=True)

# What an order may be that its owner wants cancelled.
REQUESTED = (
    OrderStatus.BUILDING,
    OrderStatus.SUBMITTED,
    OrderStatus.CONFIRMED,
    OrderStatus.CANCELLED,
)
ORDERS_MAX = CLIENTS_MAX = 10
ROUNDS_MAX = 100
LONG_SECONDS = 300

# A limit within reach, one beyond it, a stop that is met, and one that trails.
WAITING = ("limit", "far limit", "stop", "trail")
# What may be sold again, or be traded in parts.
PAYING = [trade for trade in TRADES if "amount_in" in trade]
SLICES_MAX = 4
WAITS = st.sampled_from([1, 10, 100, 1_000])
SIZES = st.sampled_from([10, 1, 2])
WANTED = st.tuples(st.sampled_from(TRADES), st.integers(0, 300))


def waiting_terms(kind: str, trade: dict[str, Any]) -> Terms:
    is_exact_in = "amount_in" in trade
    if kind == "stop":
        price = StatedPrice(text="0.000000001", price_in=trade["pair"].token_out.mint)
        return StopTerms(price=price, condition=Condition.ABOVE)
    if kind == "trail":
        return TrailingStopTerms(trailing_bps=1)
    is_within_reach = kind == "limit"
    limit = 1 if is_exact_in == is_within_reach else U64_MAX
    return LimitTerms(limit=limit, time_in_force=TimeInForce.GTC)


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
        #: The statuses that cancelled orders were answered with.
        self.cancelled: dict[OrderId, OrderStatus] = {}
        self.numbers = count(1)

    @initialize(
        network=st.sampled_from(NETWORKS),
        seed=st.integers(0, 99),
        is_rough=st.booleans(),
        wanted=st.lists(WANTED, min_size=1, max_size=3),
    )
    def begin(
        self,
        network: dict[str, Any],
        seed: int,
        is_rough: bool,
        wanted: list[tuple[dict[str, Any], int]],
    ) -> None:
        self.world = MortalWorld(seed=f"machine {seed}", listings=LISTINGS, **network)
        self.is_rough = is_rough
        for trade, slippage_bps in wanted:
            self.submit((trade, slippage_bps))
            self._connect(self.accepted[-1], after=0)
        self.world.publish()

    @precondition(lambda self: len(self.world.store.orders) < ORDERS_MAX)
    @rule(wanted=WANTED)
    def submit(self, wanted: tuple[dict[str, Any], int]) -> None:
        trade, slippage_bps = wanted
        with self.world.process():
            self.accepted.append(self.world.submit(slippage_bps=slippage_bps, **trade))

    @precondition(lambda self: len(self.world.store.orders) < ORDERS_MAX)
    @rule(trade=st.sampled_from(TRADES), kind=st.sampled_from(WAITING), seconds=WAITS)
    def submit_waiting(self, trade: dict[str, Any], kind: str, seconds: int) -> None:
        expires_at = self.world.clock.at + timedelta(seconds=seconds)
        terms = waiting_terms(kind, trade)
        with self.world.process():
            order_id = self.world.submit(
                terms=terms, expires_at=expires_at, trigger_if_met=True, **trade
            )
            self.accepted.append(order_id)

    @precondition(lambda self: len(self.world.store.orders) < ORDERS_MAX)
    @rule(trade=st.sampled_from(PAYING), seconds=st.sampled_from([0, 30, 1_000]))
    def submit_to_be_sold(self, trade: dict[str, Any], seconds: int) -> None:
        plan = ExitPlan(hold_seconds_max=seconds + 1, stop_loss_bps=10)
        with self.world.process():
            self.accepted.append(self.world.submit(terms=MarketTerms(exit=plan), **trade))

    @precondition(lambda self: len(self.world.store.orders) < ORDERS_MAX)
    @rule(
        trade=st.sampled_from(PAYING),
        slices=st.integers(1, SLICES_MAX),
        times=st.integers(1, 3),
        on_missed=st.sampled_from(OnMissed),
        is_limited=st.booleans(),
    )
    def submit_over_time(
        self,
        trade: dict[str, Any],
        slices: int,
        times: int,
        on_missed: OnMissed,
        is_limited: bool,
    ) -> None:
        # Within reach, if there is one.
        price = StatedPrice(text="0.000000001", price_in=trade["pair"].token_out.mint)
        terms = TwapTerms(
            slices=slices,
            start_at=AT_ONCE,
            span=slices * times * self.world.pacing.slice_interval_min,
            on_missed=on_missed,
            limit_price=price if is_limited else None,
        )
        with self.world.process():
            self.accepted.append(self.world.submit(terms=terms, **trade))

    @precondition(lambda self: self.schedules)
    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        self._pause(data.draw(st.sampled_from(self.schedules)), is_paused=data.draw(st.booleans()))

    @rule(looks=st.integers(1, 4))
    def watch(self, looks: int) -> None:
        has_time = ticks(looks)
        with self.world.process():
            self.world.deployment.watcher.watch(
                f"watcher {next(self.numbers)}", has_time=has_time, stands_by=False
            )

    @precondition(lambda self: self.pricewise)
    @rule(data=st.data(), seconds=WAITS)
    def edit(self, data: st.DataObject, seconds: int) -> None:
        order = data.draw(st.sampled_from(self.pricewise))
        change = Edit(
            terms=order.terms,
            slippage_bps=data.draw(st.integers(0, 300)),
            expires_at=self.world.clock.at + timedelta(seconds=seconds),
            trigger_if_met=True,
            changed={"slippageBps": 1},
        )
        with self.world.process():
            self.world.deployment.editor.edit(
                order.order_id, ANONYMOUS, sequence=order.sequence, edit_of=lambda _: change
            )

    @rule(is_halted=st.booleans())
    def halt(self, is_halted: bool) -> None:
        if is_halted:
            self.world.switch.halt(self.world.clock.at)
        else:
            self.world.switch.resume(self.world.clock.at)

    @precondition(lambda self: self.world.order_queue.messages)
    @rule(size=SIZES, life=LIVES)
    def deliver(self, size: int, life: Life) -> None:
        self._deliver(self._take(size), life)

    @precondition(lambda self: self.world.order_queue.messages)
    @rule(size=SIZES, life=LIVES, other=LIVES, call=st.sampled_from(MEANWHILE))
    def deliver_to_two(self, size: int, life: Life, other: Life, call: str) -> None:
        messages = self._take(size)
        self.world.meanwhile(call, lambda: self._deliver(messages, other))
        self._deliver(messages, life)
        self.world.interruptions.clear()

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self._cancel(data.draw(st.sampled_from(self.accepted)))

    @precondition(lambda self: self.order_ids_queued)
    @rule(data=st.data(), life=LIVES, call=st.sampled_from(MEANWHILE))
    def cancel_while_it_is_delivered(self, data: st.DataObject, life: Life, call: str) -> None:
        order_id = data.draw(st.sampled_from(self.order_ids_queued))
        self.world.meanwhile(call, lambda: self._cancel(order_id))
        self._deliver(self._take(10), life)
        self.world.interruptions.clear()

    @precondition(lambda self: self.delivered)
    @rule(data=st.data(), life=LIVES)
    def deliver_again(self, data: st.DataObject, life: Life) -> None:
        self._deliver([data.draw(st.sampled_from(self.delivered))], life)

    @precondition(lambda self: self.world.status_queue.messages)
    @rule(size=SIZES)
    def publish(self, size: int) -> None:
        queued = self.world.status_queue.messages
        batch = [(str(n), queued.popleft()) for n in range(min(size, len(queued)))]
        failed = {message_id for message_id, _ in batch}
        if not self.is_rough:
            self.world.calls_left = None
        with self.world.process():
            failed = self.world.publisher.publish(batch, has_time=lambda: True)
        queued.extendleft(reversed([m for message_id, m in batch if message_id in failed]))

    @precondition(lambda self: self.accepted and len(self.clients) < CLIENTS_MAX)
    @rule(data=st.data(), after=st.integers(0, 3))
    def connect(self, data: st.DataObject, after: int) -> None:
        order_id = data.draw(st.sampled_from(self.accepted))
        with self.world.process():
            self._connect(order_id, after)

    @precondition(lambda self: self.connected)
    @rule(data=st.data())
    def disconnect(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(self.connected))
        client.closed_with = self.world.sequences(client.connection_id)
        del self.world.feed.frames[client.connection_id]

    @rule()
    def sweep(self) -> None:
        with self.world.process():
            self.world.sweeper.sweep()

    @precondition(lambda self: self.world.order_queue.messages)
    @rule(size=SIZES)
    def bury(self, size: int) -> None:
        self.letters += self._take(size)

    @precondition(lambda self: self.letters)
    @rule()
    def rescue(self) -> None:
        kept = {letter.order_id for letter in self.letters}
        with self.world.process():
            kept = self.world.rescuer.rescue(self.letters)
        self.letters = [letter for letter in self.letters if letter.order_id in kept]

    @rule(seconds=st.sampled_from([0.1, 1, 5, 30, 100, 400, 20_000]))
    def wait(self, seconds: float) -> None:
        self.world.clock.sleep(seconds)

    @rule(name=st.sampled_from([*AWAY]))
    def go_away(self, name: str) -> None:
        self.world.outages[name] = AWAY[name]()

    @precondition(lambda self: self.is_rough)
    @rule(name=st.sampled_from(ROUGH_AWAY), is_done=st.booleans())
    def trouble_followers(self, name: str, is_done: bool) -> None:
        troubles = self.world.unheard if is_done else self.world.outages
        troubles[name] = UnavailableError()
        self.is_feed_bad |= name == "feed.post"

    @precondition(lambda self: self.world.outages or self.world.unheard)
    @rule()
    def come_back(self) -> None:
        self.world.outages.clear()
        self.world.unheard.clear()

    @rule(calls=st.integers(0, 60))
    def doom(self, calls: int) -> None:
        self.world.calls_left = calls

    @invariant()
    def cancelled_is_cancelled(self) -> None:
        for order_id, status in self.cancelled.items():
            order = self.world.store.orders[order_id]
            if status is OrderStatus.CANCELLED:
                assert order.status is OrderStatus.CANCELLED
            else:
                assert order.cancel_requested
                assert order.status in REQUESTED

    @invariant()
    def nothing_is_lost_or_twice(self) -> None:
        assert self.world.store.orders.keys() >= set(self.accepted)
        stories = [*self.world.stories()]
        for story in stories:
            assert [*story.faults()] == []
            assert [*faults_of_slices(story, stories)] == []
            assert [*faults_of_exit(story, stories)] == []

    @invariant()
    def followers_see_everything_once_and_in_order(self) -> None:
        for client in [] if self.is_rough else self.clients:
            frames = self.frames(client)
            assert frames == [*range(client.after + 1, client.after + 1 + len(frames))]

    @invariant()
    def book_has_the_open_orders(self) -> None:
        assert self.world.store.watches.keys() == {order.order_id for order in self.waiting}

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.come_back()
        self.world.switch.resume(self.world.clock.at)
        self.world.calls_left = None
        for order in self.schedules:
            self._pause(order, is_paused=False)
        self._until_quiet()
        assert all(story.order.status.is_final for story in self.world.stories())
        self.nothing_is_lost_or_twice()
        self.followers_see_everything_once_and_in_order()
        for client in self.connected:
            self._expect_everything_seen(client)

    @property
    def waiting(self) -> list[Order]:
        orders = self.world.store.orders.values()
        return [order for order in orders if order.status is OrderStatus.OPEN]

    @property
    def schedules(self) -> list[Order]:
        return [order for order in self.waiting if isinstance(order.terms, ScheduleTerms)]

    @property
    def pricewise(self) -> list[Order]:
        timed = ScheduleTerms | ExitTerms
        return [order for order in self.waiting if not isinstance(order.terms, timed)]

    @property
    def connected(self) -> list[Client]:
        return [client for client in self.clients if client.closed_with is None]

    def frames(self, client: Client) -> list[int]:
        if client.closed_with is not None:
            return client.closed_with
        return self.world.sequences(client.connection_id)

    @property
    def order_ids_queued(self) -> list[OrderId]:
        return [message.order_id for message in self.world.order_queue.messages]

    def _cancel(self, order_id: OrderId) -> None:
        before, refusal = self.world.store.orders[order_id], None
        with self.world.process():
            try:
                cancelled = self.world.cancel(order_id)
                self.cancelled[order_id] = cancelled.status
                self.world.canceller.end_slices(cancelled)
            except AlreadyFinalError as error:
                refusal = error
        if refusal is not None:
            assert refusal.order == before
            assert before.status.is_final
            assert before.status is not OrderStatus.CANCELLED

    def _pause(self, order: Order, *, is_paused: bool) -> None:
        assert isinstance(order.terms, ScheduleTerms)
        change = Edit(
            terms=replace(order.terms, is_paused=is_paused),
            slippage_bps=order.slippage_bps,
            expires_at=None,
            trigger_if_met=False,
            changed={"paused": is_paused},
        )
        with self.world.process():
            self.world.deployment.editor.edit(
                order.order_id, ANONYMOUS, sequence=order.sequence, edit_of=lambda _: change
            )

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

    def _deliver(self, messages: list[ExecuteOrder], life: Life = WHOLE) -> None:
        self.delivered += messages
        has_time = self.world.time_for(life)
        failed = {message.order_id for message in messages}
        with self.world.process(life):
            failed = self.world.execute(messages, has_time=has_time)
        self.world.order_queue.enqueue([m for m in messages if m.order_id in failed])

    def _until_quiet(self) -> None:
        for _ in range(ROUNDS_MAX):
            # One at a time: in a batch, a message could make up for another.
            for _ in range(len(self.world.order_queue.messages)):
                self._deliver(self._take(1))
                self.world.clock.sleep(1)
            self.rescue()
            self.world.publish()
            is_over = all(order.status.is_final for order in self.world.store.orders.values())
            is_over = is_over and not self.world.store.sweeps
            if is_over and not self.letters and not self.world.order_queue.messages:
                return
            self.world.clock.sleep(LONG_SECONDS)
            self.world.watch()
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
