"""Accept an order: validate, store it with its first event, queue it.

Invariant: an order that was answered with an id is durable, whatever happens to the queue.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import UnknownPairError
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import Order, OrderId, OrderType
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.listing import Listing
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """The use case behind POST /api/orders/execute."""

    store: OrderStore
    queue: OrderQueue
    listing: Listing
    clock: Clock
    new_id: Callable[[], OrderId]
    limit: RateLimit | None = None

    def submit(
        self,
        *,
        order_type: OrderType,
        trade: Trade,
        slippage_bps: int,
        max_price_impact_bps: int,
        owner_id: OwnerId,
        key: IdempotencyKey | None = None,
    ) -> Admission:
        """Accept an order and return it as pending; under a key that its owner has used before,
        return the order of that time instead.

        Raises UnknownPairError when no listed pools lead from the one token to the other,
        IdempotencyKeyReusedError, RateLimitedError, UnavailableError when it cannot be stored.
        What an amount would buy is found when the order is routed.
        """
        if not self.listing.connects(trade.pair):
            return self._placed_before(owner_id, key)
        accepted = accept(
            owner_id=owner_id,
            order_id=self.new_id(),
            order_type=order_type,
            trade=trade,
            slippage_bps=slippage_bps,
            max_price_impact_bps=max_price_impact_bps,
            at=self.clock.now(),
        )
        admission = self.store.add(accepted, key=key, limit=self.limit)
        if not admission.is_replay:
            log_transition(accepted)
            self._enqueue(admission)
        return admission

    def _placed_before(self, owner_id: OwnerId, key: IdempotencyKey | None) -> Admission:
        """A listing may have lost a pair since: a repeated request gets its answer all the same."""
        known = self.store.replay(owner_id, key) if key else None
        if known is None:
            raise UnknownPairError
        return known

    def _enqueue(self, admission: Admission) -> None:
        """Queue the order, and those that it has overtaken along with it."""
        order = admission.order
        order_ids = [order.order_id, *admission.overtaken]
        if admission.overtaken:
            log.info("orders_overtaken", extra={"order_ids": admission.overtaken})
        try:
            self.queue.enqueue([ExecuteOrder(order_id=order_id) for order_id in order_ids])
        except UnavailableError as error:
            log.warning(
                "enqueue_failed", extra={"order_id": order.order_id, "reason": error.detail}
            )
            self._leave_to_others(order_ids, order)

    def _leave_to_others(self, order_ids: Sequence[OrderId], order: Order) -> None:
        """Let a later order or the next sweep queue these, which are durable and due."""
        try:
            self.store.schedule_sweep(order_ids, at=order.created_at)
        except UnavailableError as error:
            # Then they will be found because they stand still.
            log.warning(
                "schedule_sweep_failed", extra={"order_id": order.order_id, "reason": error.detail}
            )
