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

from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.engine.dispatch import Dispatcher
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution.batch import Batch
from chalicelib.engine.execution.isolation import isolate
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.execution.stepper import Stepper
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue, StatusQueue
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)

# The longest delay that SQS takes, and the most messages that one call takes.
DELAY_SECONDS_MAX = 900
ANNOUNCE_AT = 10
# An order that stands still for so many hand-backs, which takes hours, is a dead letter: the queue
# shall not carry it round for ever.
HAND_BACKS_MAX = 1_000
# What leaves these may be stored along with what led to them; what is built must be durable first.
STEPPED_AT_ONCE = (OrderStatus.ROUTING, OrderStatus.SUBMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """The use case behind the order queue."""

    store: OrderStore
    order_queue: OrderQueue
    status_queue: StatusQueue
    stepper: Stepper
    dispatcher: Dispatcher
    clock: Clock
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
            batch.hand_backs[message.order_id] = message.hand_backs
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
            ExecuteOrder(
                order_id=order_id,
                # Where an announcement failed, the next worker makes it, before any later one.
                announced_through=1 if order_id in batch.failed else order.sequence,
                hand_backs=batch.hand_backs[order_id] + 1,
            )
            for order_id, order in batch.orders.items()
            if batch.hand_backs[order_id] < HAND_BACKS_MAX
        ]
        if lost := batch.orders.keys() - {message.order_id for message in rest}:
            log.error("stands_still", extra={"order_ids": sorted(lost)})
            batch.failed |= lost
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
            batch.hand_backs[taken[0].order.order_id] = 0
            for transition in taken:
                log_transition(transition)
            batch.unannounced.append(tuple(transition.event for transition in taken))
        self.dispatcher.introduce_children(
            [transition for order_id in moved for transition in moves[order_id]]
        )

    def _save(self, moves: Mapping[OrderId, Sequence[Transition]]) -> set[OrderId]:
        return {*self.store.save([each for taken in moves.values() for each in taken])}

    def _step_through(
        self, due: Sequence[Order], batch: Batch
    ) -> Mapping[OrderId, Sequence[Transition]]:
        """Step the orders as long as their next step is due and needs no statement before it."""
        moves: dict[OrderId, list[Transition]] = defaultdict(list)
        while due:
            now = self.clock.now()
            transitions = self.stepper.step(due, now, batch)
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
