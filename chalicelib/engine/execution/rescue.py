"""Bring orders to an end whose messages reached the dead-letter queue.

The cause may have passed, so each gets one more round of deliveries. After that the order is given
up, unless its transaction may still land: unclear is not failed.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.errors import AbandonedError
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, SignedTransaction
from chalicelib.engine.dispatch import Dispatcher
from chalicelib.engine.execution import steps
from chalicelib.engine.execution.isolation import set_apart
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.chain import Chain, SignatureStatuses
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue, StatusQueue
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)

RESCUES_MAX = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescuer:
    """The use case behind the order queue's dead-letter queue."""

    store: OrderStore
    order_queue: OrderQueue
    dispatcher: Dispatcher
    status_queue: StatusQueue
    chain: Chain
    clock: Clock
    pacing: Pacing

    def rescue(self, messages: Sequence[ExecuteOrder]) -> set[OrderId]:
        """Queue orders again, or bring them to their end.

        Returns the orders whose message shall stay where it is: unknown ones, for people to look
        at, and those whose transaction may still land. Raises UnavailableError when a service is
        out of reach; nothing is lost by trying again.
        """
        letters = {m.order_id: m for m in sorted(messages, key=lambda message: message.rescues)}
        loaded = self.store.load({i: letter.announced_through for i, letter in letters.items()})
        unknown = letters.keys() - {found.order.order_id for found in loaded}
        for order_id in unknown:
            log.error("dead_letter_unknown", extra={"order_id": order_id})
        again: list[ExecuteOrder] = []
        lost: list[Order] = []
        for order in (found.order for found in loaded if found.order.status.is_in_hand):
            letter = letters[order.order_id]
            if letter.rescues < RESCUES_MAX:
                again.append(replace(letter, rescues=letter.rescues + 1, hand_backs=0))
            else:
                lost.append(order)
        self.order_queue.enqueue(again)
        moved = self._end(lost)
        packs = [pack for found in loaded for pack in found.unannounced]
        self.status_queue.announce([*packs, *((transition.event,) for transition in moved)])
        ended = {t.order.order_id for t in moved if t.order.status.is_final}
        return unknown | {order.order_id for order in lost} - ended

    def _end(self, orders: Sequence[Order]) -> list[Transition]:
        """Move the orders towards their end and return what was stored of it."""
        if not orders:
            return []
        signed = {o.order_id: o.transaction for o in orders if o.transaction is not None}
        answer = self.chain.statuses([transaction.signature for transaction in signed.values()])
        transitions: list[Transition] = []
        # Whoever does not end stays where it is.
        unended: set[OrderId] = set()
        for order in orders:
            with set_apart(order.order_id, unended):
                step = self._step(order, signed, answer)
                transitions += [step] if step else []
        moved = self.store.save(transitions)
        won = [transition for transition in transitions if transition.order.order_id in moved]
        for transition in won:
            log_transition(transition, level=logging.ERROR)
        self.dispatcher.introduce_children(won)
        return won

    def _step(
        self,
        order: Order,
        signed: Mapping[OrderId, SignedTransaction],
        answer: SignatureStatuses,
    ) -> Transition | None:
        now = self.clock.now()
        transaction = signed.get(order.order_id)
        if transaction is None:
            return steps.give_up(order, AbandonedError(), at=now)
        if order.status is OrderStatus.BUILDING:
            # It may have been sent; whether it landed is for the next round to see.
            return steps.submit(order, transaction=transaction, at=now, pacing=self.pacing)
        landing = answer.landings.get(transaction.signature)
        error = steps.landing_error(transaction, landing, answer.finalized_block_height)
        if error is not None:
            return steps.give_up(order, error, at=now)
        if landing is not None:
            return steps.settle(order, transaction=transaction, landing=landing, at=now)
        return None
