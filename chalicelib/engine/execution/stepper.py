"""Take the next step of each order, all those of one status together: what the router, the wallet
and the chain are asked, and what follows from their answers."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from chalicelib.domain.errors import OrderError, UnknownPairError
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order, OrderStatus, SignedTransaction
from chalicelib.domain.orders.terms import LimitTerms, ScheduleTerms, SniperTerms
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution import steps
from chalicelib.engine.execution.batch import Batch
from chalicelib.engine.execution.isolation import set_apart
from chalicelib.engine.execution.open_hunts import OpenHunts
from chalicelib.engine.execution.open_limits import OpenLimits
from chalicelib.engine.execution.open_schedules import OpenSchedules
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.ports.chain import Blockhash, Chain, Wallet
from chalicelib.engine.ports.listing import Listing
from chalicelib.engine.router import Router

log = logging.getLogger(__name__)

_Step = Callable[[Sequence[Order], datetime, Batch], list[Transition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepper:
    """What the executor asks for the next step of its orders."""

    router: Router
    listing: Listing
    open_limits: OpenLimits
    open_schedules: OpenSchedules
    open_hunts: OpenHunts
    chain: Chain
    wallet: Wallet
    random: Random
    pacing: Pacing

    def step(self, due: Sequence[Order], now: datetime, batch: Batch) -> list[Transition]:
        """Take the next step of each order and return what it came to; nothing is stored here.

        An order of which nothing is known yet is due again soon: the batch keeps it. One that
        cannot be stepped at all is set apart there.
        """
        by_status = {status: [o for o in due if o.status is status] for status in OrderStatus}
        pending = by_status[OrderStatus.PENDING]
        transitions = [steps.start(order, at=now, pacing=self.pacing) for order in pending]
        for carry_on, status in (
            (self._look_at_open, OrderStatus.OPEN),
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

    def _look_at_open(
        self, orders: Sequence[Order], now: datetime, batch: Batch
    ) -> list[Transition]:
        schedules = [order for order in orders if isinstance(order.terms, ScheduleTerms)]
        hunts = [order for order in orders if isinstance(order.terms, SniperTerms)]
        limits = [order for order in orders if isinstance(order.terms, LimitTerms)]
        handled = (ScheduleTerms, SniperTerms, LimitTerms)
        others = [order for order in orders if not isinstance(order.terms, handled)]
        return [
            *self.open_limits.start_fillable(limits, at=now, has_time=batch.has_time),
            *self.open_schedules.carry_on(schedules, at=now),
            *self.open_hunts.carry_on(hunts, at=now),
            *self._give_up_stranded(others, now),
        ]

    def _give_up_stranded(self, orders: Sequence[Order], now: datetime) -> Iterator[Transition]:
        """Yield the ends of those that wait for a price which cannot come: their pools are gone."""
        for order in orders:
            if not order.is_over(now) and not self.listing.connects(order.pair.mints):
                yield steps.give_up(order, UnknownPairError(), at=now)

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
                if order.hunt is not None:
                    self.open_hunts.require_pass(order, at=now)
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
