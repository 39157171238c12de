"""Accept an order: validate, store it with its first event, queue it.

Invariant: an order that was answered with an id is durable, whatever happens to the queue.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import OrderError
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import Order, OrderId, OrderType
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.pools.rejections import QuoteError, ZeroOutputError
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.market import Venue
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """The use case behind POST /api/orders/execute."""

    store: OrderStore
    queue: OrderQueue
    venues: Sequence[Venue]
    clock: Clock
    new_id: Callable[[], OrderId]
    limit: RateLimit | None = None

    def submit(
        self,
        *,
        order_type: OrderType,
        trade: Trade,
        slippage_bps: int,
        owner_id: OwnerId = ANONYMOUS,
        key: IdempotencyKey | None = None,
    ) -> Admission:
        """Accept an order and return it as pending; under a key that its owner has used before,
        return the order of that time instead.

        Raises ZeroOutputError when every pool of the pair says that the amount would buy nothing,
        IdempotencyKeyReusedError, RateLimitedError, UnavailableError when it cannot be stored.
        """
        try:
            if trade.mode is SwapMode.EXACT_IN:
                self._refuse_dust(trade)
        except ZeroOutputError:
            known = self.store.replay(owner_id, key) if key else None
            if known is None:
                raise
            return known
        accepted = accept(
            owner_id=owner_id,
            order_id=self.new_id(),
            order_type=order_type,
            trade=trade,
            slippage_bps=slippage_bps,
            at=self.clock.now(),
        )
        admission = self.store.add(accepted, key=key, limit=self.limit)
        if not admission.is_replay:
            log_transition(accepted)
            self._enqueue(admission.order)
        return admission

    def _refuse_dust(self, trade: Trade) -> None:
        asked = False
        for venue in self.venues:
            try:
                states = venue.pools(trade.pair)
            except OrderError as error:
                # Not knowing is no reason to refuse: execution asks again and decides.
                log.warning("quote_unknown", extra={"venue": venue.name, "code": error.code})
                return
            for pool in states.pools:
                asked = True
                if not _buys_nothing(pool, trade, states.at):
                    return
        if asked:
            raise ZeroOutputError

    def _enqueue(self, order: Order) -> None:
        try:
            self.queue.enqueue([ExecuteOrder(order_id=order.order_id)])
        except UnavailableError as error:
            log.warning(
                "enqueue_failed", extra={"order_id": order.order_id, "reason": error.detail}
            )
            self._leave_to_sweep(order)

    def _leave_to_sweep(self, order: Order) -> None:
        """Let the next sweep queue the order, which is durable and due."""
        try:
            self.store.schedule_sweep([order.order_id], at=order.created_at)
        except UnavailableError as error:
            # Then it will be found because it stands still.
            log.warning(
                "schedule_sweep_failed", extra={"order_id": order.order_id, "reason": error.detail}
            )


def _buys_nothing(pool: Pool, trade: Trade, at: Moment) -> bool:
    try:
        return pool.quote_exact_in(trade.pair.token_in.mint, trade.amount, at).amount_out == 0
    except QuoteError as error:
        return isinstance(error, ZeroOutputError)
