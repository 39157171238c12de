"""Carry a batch of orders to their end: a small discrete-event scheduler.

Take the orders that are due, step them as far as they go, store all transitions in one statement,
announce them in one batch, sleep until the next is due. First run and recovery after a crash are
the same: load, step on. Nothing is known here that the store does not know.

Invariant: a signed transaction is durable before it is first sent. So the step that signs is the
last one before a statement.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from random import Random

from chalicelib.domain.errors import OrderError
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, SignedTransaction
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution import steps
from chalicelib.engine.execution.batch import Batch
from chalicelib.engine.execution.isolation import isolate, set_apart
from chalicelib.engine.execution.open_limits import OpenLimits
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.chain import Blockhash, Chain, Wallet
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue, StatusQueue
from chalicelib.engine.router import Router
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)

# The longest delay that SQS takes, and the most messages that one call takes.
DELAY_SECONDS_MAX = 900
ANNOUNCE_AT = 10
# What leaves these may be stored along with what led to them; what is built must be durable first.
STEPPED_AT_ONCE = (OrderStatus.ROUTING, OrderStatus.SUBMITTED)


_Step = Callable[[Sequence[Order], datetime, Batch], list[Transition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """The use case behind the order queue."""

    store: OrderStore
    order_queue: OrderQueue
    status_queue: StatusQueue
    router: Router
    open_limits: OpenLimits
    chain: Chain
    wallet: Wallet
    clock: Clock
    random: Random
    pacing: Pacing

    def execute(
        self,
        messages: Sequence[ExecuteOrder],
        *,
        has_time: Callable[[], bool],
        hold: Callable[[], None],
    ) -> set[OrderId]:
        """Step the orders until all are final; hand the rest back to the queue when the next step
        is a long wait away, or when `has_time` says that this worker's time is up.

        `hold` hides the messages from other workers for a short while; it is called again and again
        while this one lives, so that they come again soon after it died. It never raises: when
        others take the orders up as well, one writer wins. Returns the orders whose message shall
        be delivered again.
        """
        held_at = self._hold(hold)
        batch = self._load(messages, has_time)
        while batch.agenda:
            if self.clock.now() - held_at >= self.pacing.hold_every:
                held_at = self._hold(hold)
            wait = max(batch.agenda[0][0] - self.clock.now(), timedelta(0))
            must_leave = wait > self.pacing.wait_inside_max or not has_time()
            if wait or must_leave or len(batch.unannounced) >= ANNOUNCE_AT:
                self._announce(batch)
            if must_leave:
                self._hand_back(batch, wait)
                break
            if wait:
                self.clock.sleep(wait.total_seconds())
            self._tick(batch)
        self._announce(batch)
        return batch.failed

    def _hold(self, hold: Callable[[], None]) -> datetime:
        hold()
        return self.clock.now()

    def _load(self, messages: Sequence[ExecuteOrder], has_time: Callable[[], bool]) -> Batch:
        batch = Batch(has_time)
        wanted: dict[OrderId, int] = {}
        for message in messages:
            through = message.announced_through
            wanted[message.order_id] = min(through, wanted.get(message.order_id, through))
        loaded = isolate(self.store.load, wanted, batch.failed)
        now = self.clock.now()
        for found in loaded:
            batch.take_up(found.order, self._due_at(found.order, now))
        for order_id in wanted.keys() - {found.order.order_id for found in loaded} - batch.failed:
            log.error("order_unknown", extra={"order_id": order_id})
            batch.failed.add(order_id)
        batch.unannounced += [pack for found in loaded for pack in found.unannounced]
        return batch

    def _due_at(self, order: Order, now: datetime) -> datetime:
        """When to step an order. Due times come from other functions, whose clocks may be wrong by
        hours: what is farther away than any wait is due at once. An open order is asked for when it
        may be filled."""
        is_open = order.status is OrderStatus.OPEN
        return order.due_at if order.due_at - now <= self.pacing.wait_max and not is_open else now

    def _hand_back(self, batch: Batch, wait: timedelta) -> None:
        """Let the queue do the waiting, in whole seconds: it costs nothing there, and a worker that
        comes back too early would sleep the rest."""
        rest = [
            # Where an announcement failed, the next worker makes it, before any later one.
            ExecuteOrder(order_id=order_id)
            if order_id in batch.failed
            else ExecuteOrder(order_id=order_id, announced_through=order.sequence)
            for order_id, order in batch.orders.items()
        ]
        delay_seconds = min(ceil(wait.total_seconds()), DELAY_SECONDS_MAX)
        log.info("handed_back", extra={"orders": len(rest), "delay_seconds": delay_seconds})
        try:
            self.order_queue.enqueue(rest, delay_seconds=delay_seconds)
        except UnavailableError as error:
            log.warning("hand_back_failed", extra={"reason": error.detail})
            batch.failed.update(batch.orders)

    def _tick(self, batch: Batch) -> None:
        moves = self._step_through(batch.take_due(self.clock.now()), batch)
        if not moves:
            return
        moved = {*isolate(self._save, moves, batch.failed)}
        batch.drop(moves.keys() - moved)
        for taken in (moves[order_id] for order_id in moves if order_id in moved):
            for transition in taken:
                log_transition(transition)
            batch.unannounced.append(tuple(transition.event for transition in taken))

    def _save(self, moves: Mapping[OrderId, Sequence[Transition]]) -> set[OrderId]:
        return {*self.store.save([each for taken in moves.values() for each in taken])}

    def _step_through(
        self, due: Sequence[Order], batch: Batch
    ) -> Mapping[OrderId, Sequence[Transition]]:
        """Step the orders as long as their next step is due and needs no statement before it."""
        moves: dict[OrderId, list[Transition]] = defaultdict(list)
        while due:
            now = self.clock.now()
            transitions = self._step(due, now, batch)
            further = {
                t.order.order_id: t.order
                for t in transitions
                if t.order.status in STEPPED_AT_ONCE and t.order.due_at <= now
            }
            if further and not batch.has_time():
                further = {}
            for transition in transitions:
                order = transition.order
                moves[order.order_id].append(transition)
                if order.order_id not in further:
                    batch.keep(order, order.due_at)
            due = [*further.values()]
        return moves

    def _step(self, due: Sequence[Order], now: datetime, batch: Batch) -> list[Transition]:
        by_status = {status: [o for o in due if o.status is status] for status in OrderStatus}
        pending = by_status[OrderStatus.PENDING]
        transitions = [steps.start(order, at=now, pacing=self.pacing) for order in pending]
        for carry_on, status in (
            (self._look_at_limits, OrderStatus.OPEN),
            (self._route, OrderStatus.ROUTING),
            (self._send, OrderStatus.BUILDING),
            (self._confirm, OrderStatus.SUBMITTED),
        ):
            if by_status[status]:
                transitions += self._unless_unavailable(carry_on, by_status[status], now, batch)
        return transitions

    def _unless_unavailable(
        self, carry_on: _Step, orders: Sequence[Order], now: datetime, batch: Batch
    ) -> list[Transition]:
        """Step the orders, all or none."""
        try:
            return carry_on(orders, now, batch)
        except UnavailableError as error:
            self._let_wait(orders, error, now, batch)
            return []

    def _let_wait(
        self, orders: Sequence[Order], error: UnavailableError, now: datetime, batch: Batch
    ) -> None:
        """Without an answer nothing is known, so nothing changes: the orders are due again soon."""
        log.warning("unavailable", extra={"orders": len(orders), "reason": error.detail})
        for order in orders:
            batch.keep(order, now + self.pacing.backoff_first)

    def _look_at_limits(
        self, orders: Sequence[Order], now: datetime, batch: Batch
    ) -> list[Transition]:
        return self.open_limits.start_fillable(orders, at=now, has_time=batch.has_time)

    def _route(self, orders: Sequence[Order], now: datetime, batch: Batch) -> list[Transition]:
        blockhash = self.chain.latest_blockhash()
        transitions: list[Transition] = []
        for number, order in enumerate(orders):
            # A route may take long to find: the first is always found, so that all come to a turn.
            if number and not batch.has_time():
                batch.keep(order, now)
            elif order.is_over(now):
                transitions.append(steps.expire(order, at=now))
            elif transition := self._route_one(order, blockhash, now, batch):
                transitions.append(transition)
        return transitions

    def _route_one(
        self, order: Order, blockhash: Blockhash, now: datetime, batch: Batch
    ) -> Transition | None:
        with set_apart(order.order_id, batch.failed):
            try:
                route = self.router.find_order_route(order)
                return self._build(order, route, blockhash, now)
            except OrderError as error:
                return self._give_up_or_retry(order, error, now)
            except UnavailableError as error:
                self._let_wait([order], error, now, batch)
        return None

    def _give_up_or_retry(
        self, order: Order, error: OrderError, now: datetime, pool_refused: str | None = None
    ) -> Transition:
        return steps.give_up_or_retry(
            order,
            error,
            at=now,
            pacing=self.pacing,
            random=self.random,
            pool_refused=pool_refused,
        )

    def _build(self, order: Order, route: Route, blockhash: Blockhash, now: datetime) -> Transition:
        limit = steps.limit_of(order, route)
        transaction = self.wallet.sign_swap(
            order=order, route=route, limit=limit, blockhash=blockhash
        )
        return steps.build(
            order, route=route, limit=limit, transaction=transaction, at=now, pacing=self.pacing
        )

    def _send(self, orders: Sequence[Order], now: datetime, batch: Batch) -> list[Transition]:
        signed = batch.signed(orders)
        self.chain.send([transaction for _, transaction in signed])
        return [
            steps.submit(order, transaction=transaction, at=now, pacing=self.pacing)
            for order, transaction in signed
        ]

    def _confirm(self, orders: Sequence[Order], now: datetime, batch: Batch) -> list[Transition]:
        signed = batch.signed(orders)
        answer = self.chain.statuses([transaction.signature for _, transaction in signed])
        overdue_from = now - self.pacing.rebroadcast_after
        lost = [t for order, t in signed if order.updated_at <= overdue_from]
        self._send_again([t for t in lost if t.signature not in answer.landings])
        transitions: list[Transition] = []
        for order, transaction in signed:
            with set_apart(order.order_id, batch.failed):
                landing = answer.landings.get(transaction.signature)
                error = steps.landing_error(transaction, landing, answer.finalized_block_height)
                if error is not None:
                    refused_by = landing.refused_by if landing else None
                    transitions.append(self._give_up_or_retry(order, error, now, refused_by))
                elif landing is not None:
                    settled = steps.settle(order, transaction=transaction, landing=landing, at=now)
                    transitions.append(settled)
                else:
                    batch.keep(order, now + self.pacing.until_next_poll(now - order.due_at))
        return transitions

    def _send_again(self, transactions: Sequence[SignedTransaction]) -> None:
        """Networks drop packets: until it has landed or expired, the same bytes may go out again.
        What cannot be sent now is sent later; what the chain has said of others counts now."""
        if not transactions:
            return
        try:
            self.chain.send(transactions)
        except UnavailableError as error:
            log.warning("send_again_failed", extra={"reason": error.detail})

    def _announce(self, batch: Batch) -> None:
        """Tell what is committed: before each wait, and whenever one call's worth has come up."""
        packs, batch.unannounced = batch.unannounced, []
        if not packs:
            return
        try:
            self.status_queue.announce(packs)
        except UnavailableError as error:
            # Followers never stop an order. Its message comes again and announces all of it.
            log.warning("announce_failed", extra={"reason": error.detail})
            batch.failed.update(event.order_id for event, *_ in packs)
