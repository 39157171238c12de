"""Accept an order: validate, store it with its first event, queue it or let it wait.

Invariant: an order that was answered with an id is durable, whatever happens to the queue.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import RejectedError, UnknownPairError
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import Order, OrderId
from chalicelib.domain.orders.terms import (
    MARKET,
    SniperTerms,
    Terms,
    begun_at,
    waits,
)
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.requirements import (
    WAIT_MAX,
    refusal_of_expiry,
    refusal_of_hunt,
    refusal_of_schedule,
    refusal_of_trigger,
)
from chalicelib.engine.dispatch import Dispatcher
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.listing import Listing
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.engine.ports.rates import RateFeed
from chalicelib.engine.transition_log import log_transition

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """The use case behind POST /api/orders/execute."""

    store: OrderStore
    dispatcher: Dispatcher
    listing: Listing
    rates: RateFeed
    pools: PoolFeed
    clock: Clock
    new_id: Callable[[], OrderId]
    #: The least time between two slices of an order over time.
    interval_min: timedelta = timedelta(minutes=1)
    limit: RateLimit | None = None
    #: How many orders of an owner may wait at a time.
    waiting_max: int | None = None

    def submit(
        self,
        *,
        trade: Trade,
        slippage_bps: int,
        max_price_impact_bps: int,
        owner_id: OwnerId,
        terms: Terms = MARKET,
        expires_at: datetime | None = None,
        trigger_if_met: bool = False,
        key: IdempotencyKey | None = None,
    ) -> Admission:
        """Accept an order and return it as pending, or open when it waits; under a key that its
        owner has used before, return the order of that time instead.

        Raises UnknownPairError when no listed pools lead from the one token to the other,
        InvalidExpiryError, WouldTriggerImmediatelyError unless `trigger_if_met`,
        PoolAlreadyListedError, GuardNotAnswerableError, InvalidScheduleError, SliceTooSmallError,
        IdempotencyKeyReusedError, RateLimitedError, TooManyWaitingError, UnavailableError when it
        cannot be stored. What an amount would buy is found when the order is routed.
        """
        now = self.clock.now()
        terms = begun_at(terms, now)
        # Before it is looked at what there is already: nothing comes between.
        armed_slot = self.rates.current_slot() if waits(terms) else None
        if refusal := self._refusal(terms, trade, expires_at, trigger_if_met, now):
            return self._placed_before(owner_id, key, refusal)
        if expires_at is None and waits(terms):
            expires_at = now + WAIT_MAX
        accepted = accept(
            owner_id=owner_id,
            order_id=self.new_id(),
            terms=terms,
            trade=trade,
            slippage_bps=slippage_bps,
            max_price_impact_bps=max_price_impact_bps,
            expires_at=expires_at,
            armed_slot=armed_slot,
            at=now,
        )
        admission = self.store.add(
            accepted, key=key, limit=self.limit, waiting_max=self.waiting_max
        )
        if not admission.is_replay:
            log_transition(accepted)
            self._introduce(admission.order, admission.overtaken)
        return admission

    def _refusal(
        self,
        terms: Terms,
        trade: Trade,
        expires_at: datetime | None,
        trigger_if_met: bool,
        now: datetime,
    ) -> RejectedError | UnknownPairError | None:
        """What speaks against the order now, and perhaps did not when it was first asked for."""
        if refusal := refusal_of_expiry(expires_at, now):
            return refusal
        if isinstance(terms, SniperTerms):
            return refusal_of_hunt(terms, self.pools)
        if not self.listing.connects(trade.pair.mints):
            return UnknownPairError()
        if refusal := refusal_of_schedule(terms, trade, now, self.interval_min):
            return refusal
        return None if trigger_if_met else refusal_of_trigger(terms, trade, self.rates)

    def _placed_before(
        self, owner_id: OwnerId, key: IdempotencyKey | None, refusal: Exception
    ) -> Admission:
        """Pairs and prices may have changed since: a repeated request gets its answer all the
        same."""
        known = self.store.replay(owner_id, key) if key else None
        if known is None:
            raise refusal
        return known

    def _introduce(self, order: Order, overtaken: Sequence[OrderId]) -> None:
        """Hand the order on, and those that it has overtaken: to a later order or to the next sweep
        when the queue is away, for they are durable and due."""
        if overtaken:
            log.info("orders_overtaken", extra={"order_ids": overtaken})
        if self.dispatcher.introduce([order], overtaken=overtaken):
            return
        try:
            self.store.schedule_sweep([order.order_id, *overtaken], at=order.created_at)
        except UnavailableError as error:
            # Then they will be found because they stand still.
            log.warning(
                "schedule_sweep_failed", extra={"order_id": order.order_id, "reason": error.detail}
            )
