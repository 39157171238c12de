"""What an order that waits must fulfil when it is placed or edited: it depends on the moment."""

from datetime import datetime, timedelta

from chalicelib.domain.errors import RejectedError
from chalicelib.domain.orders.terms import (
    OcoTerms,
    ScheduleTerms,
    SniperTerms,
    StopTerms,
    Terms,
)
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.orders.triggers import watches_of
from chalicelib.engine.errors import (
    GuardNotAnswerableError,
    InvalidExpiryError,
    InvalidScheduleError,
    PoolAlreadyListedError,
    SliceTooSmallError,
    WouldTriggerImmediatelyError,
)
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.engine.ports.rates import RateFeed

# How long an order may wait, and does when it does not say.
WAIT_MAX = timedelta(days=90)


def refusal_of_expiry(expires_at: datetime | None, now: datetime) -> RejectedError | None:
    """Why an order may not wait until then; None when it may."""
    if expires_at is None or now < expires_at <= now + WAIT_MAX:
        return None
    return InvalidExpiryError()


def refusal_of_schedule(
    terms: Terms, trade: Trade, now: datetime, interval_min: timedelta
) -> RejectedError | None:
    """Why an order over time may not go by its schedule; None when it may."""
    if not isinstance(terms, ScheduleTerms):
        return None
    ends_at = terms.due_at(terms.slices) + terms.window
    is_in_time = now <= terms.start_at and ends_at <= now + WAIT_MAX
    if terms.interval < interval_min or not is_in_time:
        least = int(interval_min.total_seconds())
        return InvalidScheduleError(
            f"slices must be at least {least} s apart, begin in the future and end within 90 days"
        )
    return None if trade.amount // terms.slices else SliceTooSmallError()


def refusal_of_hunt(terms: SniperTerms, pools: PoolFeed) -> RejectedError | None:
    """Why an order may not wait for a pool; None when it may. Raises UnavailableError when it is
    not known which pools there are."""
    if refusal := refusal_of_guards(terms, pools):
        return refusal
    if terms.mint is None or terms.takes_existing or not pools.of_mint(terms.mint):
        return None
    return PoolAlreadyListedError()


def refusal_of_guards(terms: Terms, pools: PoolFeed) -> RejectedError | None:
    """Why nobody could tell whether a pool passes; None when it can be told."""
    if not isinstance(terms, SniperTerms):
        return None
    guards = terms.guards
    if unknown := {*guards.venues} - {*pools.venues}:
        return GuardNotAnswerableError(f"no new pools are heard of at {min(unknown)}")
    return None if guards.requires <= {*pools.tells} else GuardNotAnswerableError()


def refusal_of_trigger(terms: Terms, trade: Trade, rates: RateFeed) -> RejectedError | None:
    """Why an order may not wait for what it would: the price is there. None when it may. Raises
    UnavailableError when no price is known."""
    if not isinstance(terms, StopTerms | OcoTerms):
        return None
    pair = trade.pair.mints
    rate = rates.latest([pair]).rates.get(pair)
    if rate is None or not any(watch.is_met(rate) for watch in watches_of(terms, trade)):
        return None
    return WouldTriggerImmediatelyError()
