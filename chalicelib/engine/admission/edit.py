"""Edit an order that waits: its owner names the sequence that was seen, so that no edit is made of
what has moved since."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.orders.lifecycle import edit
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.terms import Terms
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.admission.requirements import (
    refusal_of_expiry,
    refusal_of_guards,
    refusal_of_trigger,
)
from chalicelib.engine.dispatch import SWEEP_AFTER, dispatch
from chalicelib.engine.errors import OrderNotOpenError, SequenceMismatchError, UnavailableError
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.ports.rates import RateFeed
from chalicelib.engine.transition_log import log_transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What an order shall be like. `changed` are the fields that differ from what it was like, in
    the words that orders are placed with."""

    terms: Terms
    slippage_bps: int
    expires_at: datetime | None
    trigger_if_met: bool
    changed: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """The use case behind PATCH /api/orders/{orderId}."""

    store: OrderStore
    queue: OrderQueue
    rates: RateFeed
    pools: PoolFeed
    clock: Clock

    def edit(
        self,
        order_id: OrderId,
        owner_id: OwnerId,
        *,
        sequence: int,
        edit_of: Callable[[Order], Edit],
    ) -> Order:
        """Change an open order of that sequence and return it; `edit_of` tells how, and may refuse.

        What changes nothing is no edit. Raises OrderNotFoundError, OrderNotOpenError,
        SequenceMismatchError, InvalidExpiryError, WouldTriggerImmediatelyError,
        GuardNotAnswerableError, UnavailableError, and what `edit_of` raises.
        """
        order = self._require_open(order_id, owner_id, sequence)
        wanted = edit_of(order)
        if not wanted.changed:
            return order
        now = self.clock.now()
        refusal = refusal_of_expiry(wanted.expires_at, now)
        refusal = refusal or refusal_of_guards(wanted.terms, self.pools)
        if refusal is None and not wanted.trigger_if_met:
            refusal = refusal_of_trigger(wanted.terms, order.trade, self.rates)
        if refusal is not None:
            raise refusal
        edited = edit(
            order,
            terms=wanted.terms,
            slippage_bps=wanted.slippage_bps,
            expires_at=wanted.expires_at,
            armed_slot=self.rates.current_slot(),
            changed=wanted.changed,
            at=now,
        )
        moved = self.store.save([edited], sweep_at=now + SWEEP_AFTER)
        if not moved:
            self._require_open(order_id, owner_id, sequence)
            raise UnavailableError("the order could not be edited")
        log_transition(edited)
        # A worker tells the followers, and sees whether a limit can be filled now.
        dispatch(self.queue, moved)
        return edited.order

    def _require_open(self, order_id: OrderId, owner_id: OwnerId, sequence: int) -> Order:
        order = self.store.get(order_id, owner_id).order
        if order.status is not OrderStatus.OPEN:
            raise OrderNotOpenError(order=order)
        if order.sequence != sequence:
            raise SequenceMismatchError(order=order)
        return order
