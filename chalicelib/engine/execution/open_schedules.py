"""Orders over time: begin the slice that is due, tell of the one that has ended, come to the end.

Every move is one of the parent, by its sequence: whoever else moves it, each slice begins and is
told of once. The slice comes into being in the statement that moves the parent.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from chalicelib.domain.errors import UnknownPairError
from chalicelib.domain.orders.events import (
    Failure,
    OrderCompleted,
    OrderConfirmed,
    OrderEvent,
    OrderFailed,
    SliceBegun,
    SliceConfirmed,
    SliceSkipped,
    SlicesMissed,
)
from chalicelib.domain.orders.lifecycle import Transition, accept, advance, proceed
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus, Progress, Slice
from chalicelib.domain.orders.schedules import (
    Due,
    PriceOutOfBandError,
    due_now,
    overdue,
    slice_amount,
    slice_id,
)
from chalicelib.domain.orders.terms import (
    MARKET,
    DcaTerms,
    LimitTerms,
    ScheduleTerms,
    Terms,
    TimeInForce,
    TwapTerms,
    implied_limit,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.orders.triggers import RATE_ONE
from chalicelib.engine.execution import steps
from chalicelib.engine.ports.listing import Listing
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.rates import RateFeed

log = logging.getLogger(__name__)

# What has happened to slices.
Histories = Mapping[OrderId, Sequence[OrderEvent]]

# Why a slice was skipped that its own time, or its owner, has ended.
_ENDED = {
    OrderStatus.EXPIRED: Failure(code="SLICE_EXPIRED", message="its time was up"),
    OrderStatus.CANCELLED: Failure(code="SLICE_CANCELLED", message="the slice was cancelled"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSchedules:
    """Carries open orders over time on, as far as they come now."""

    store: OrderStore
    listing: Listing
    rates: RateFeed

    def carry_on(self, orders: Sequence[Order], *, at: datetime) -> list[Transition]:
        """Return the moves of those with which something is to be done now: what has ended is told
        of and what was missed, and the next slice begins, in one statement. Raises
        UnavailableError."""
        here = [order for order in orders if not order.is_over(at)]
        working = [_progress_of(order).working for order in here]
        slice_ids = [each.order_id for each in working if each]
        histories = self.store.events(slice_ids) if slice_ids else {}
        return [move for order in here for move in self._moves(order, histories, at)]

    def _moves(self, order: Order, histories: Histories, at: datetime) -> Iterator[Transition]:
        """Yield an order's moves up to the next slice, which has still to be traded."""
        is_begun = False
        while not is_begun and not order.status.is_final:
            move = self._step(order, histories, at)
            if move is None:
                return
            yield move
            order, is_begun = move.order, isinstance(move.event.details, SliceBegun)

    def _step(self, order: Order, histories: Histories, at: datetime) -> Transition | None:
        terms, progress, ends_at = order.terms, _progress_of(order), order.expires_at
        assert isinstance(terms, ScheduleTerms)
        assert ends_at is not None
        match due_now(terms, progress, at, ends_at):
            case Due.WORKING:
                assert progress.working is not None
                return _tell(order, progress, progress.working, histories, at)
            case Due.MISSED:
                count = overdue(terms, progress, at)
                missed = SlicesMissed(first=progress.point, count=count)
                return proceed(order, missed, progress.missing(count), at=at)
            case Due.SLICE:
                return self._begin(order, terms, progress, at)
            case Due.COMPLETED:
                return advance(order, _completed(progress), at=at)
        return None

    def _begin(
        self, order: Order, terms: ScheduleTerms, progress: Progress, at: datetime
    ) -> Transition | None:
        if not self.listing.connects(order.pair.mints):
            return steps.give_up(order, UnknownPairError(), at=at)
        number, due_at = progress.point, terms.due_at(progress.point)
        amount = slice_amount(terms, order.trade.amount, progress)
        if not self._is_allowed(order, terms):
            if at < due_at + terms.window:
                return None
            out = PriceOutOfBandError("the price was out of the band while the slice was due")
            failure = Failure(code=out.code, message=out.detail)
            skipped = SliceSkipped(number=number, order_id=None, failure=failure)
            return proceed(order, skipped, progress.skipping(amount), at=at)
        begun = Slice(
            number=number,
            order_id=slice_id(order.order_id, number),
            amount=amount,
            expires_at=max(at, due_at) + terms.window,
        )
        return proceed(
            order,
            SliceBegun(number=number, order_id=begun.order_id, amount_in=amount, due_at=due_at),
            progress.beginning(begun),
            at=at,
            children=(self._accept(order, terms, begun, at),),
        )

    def _is_allowed(self, order: Order, terms: ScheduleTerms) -> bool:
        """Tell whether the price is in the band; where no price is known, it is not."""
        if not isinstance(terms, DcaTerms) or terms.min_price is terms.max_price is None:
            return True
        pair = order.pair.mints
        rate = self.rates.latest([pair]).rates.get(pair)
        return bool(rate) and terms.allows(Fraction(rate or 0, RATE_ONE), order.pair)

    def _accept(
        self, parent: Order, terms: ScheduleTerms, begun: Slice, at: datetime
    ) -> Transition:
        trade = Trade(pair=parent.pair, mode=SwapMode.EXACT_IN, amount=begun.amount)
        own_terms = _slice_terms(terms, trade)
        return accept(
            order_id=begun.order_id,
            parent_id=parent.order_id,
            owner_id=parent.owner_id,
            terms=own_terms,
            trade=trade,
            slippage_bps=parent.slippage_bps,
            max_price_impact_bps=parent.max_price_impact_bps,
            expires_at=begun.expires_at,
            armed_slot=None if own_terms is MARKET else self.rates.current_slot(),
            at=at,
        )


def _progress_of(order: Order) -> Progress:
    assert order.progress is not None, "only orders over time have slices"
    return order.progress


def _tell(
    order: Order, progress: Progress, working: Slice, histories: Histories, at: datetime
) -> Transition | None:
    """Tell of the slice under way, if it has ended."""
    events = histories.get(working.order_id, ())
    if not events or not events[-1].status.is_final:
        return None
    details = events[-1].details
    if isinstance(details, OrderConfirmed):
        confirmed = SliceConfirmed(
            number=working.number,
            order_id=working.order_id,
            amount_in=details.amount_in,
            amount_out=details.amount_out,
        )
        ended = progress.ending(amount_in=details.amount_in, amount_out=details.amount_out)
        return proceed(order, confirmed, ended, at=at)
    skipped = SliceSkipped(
        number=working.number, order_id=working.order_id, failure=_why(events[-1])
    )
    return proceed(order, skipped, progress.ending(), at=at)


def _slice_terms(terms: ScheduleTerms, trade: Trade) -> Terms:
    if not isinstance(terms, TwapTerms) or terms.limit_price is None:
        return MARKET
    return LimitTerms(
        limit=implied_limit(terms.limit_price, trade),
        time_in_force=TimeInForce.GTT,
        price=terms.limit_price,
    )


def _why(event: OrderEvent) -> Failure:
    """Why a slice has swapped nothing."""
    if isinstance(event.details, OrderFailed):
        return replace(event.details.failure, amount_in_max=None, amount_out_max=None)
    return _ENDED[event.status]


def _completed(progress: Progress) -> OrderCompleted:
    return OrderCompleted(
        done=progress.done,
        skipped=progress.skipped,
        amount_in=progress.spent,
        amount_out=progress.received,
    )
