"""The step machine: each function takes an order and what the world answered, and returns the
transition. No I/O, no clock, no randomness of its own."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from chalicelib.domain.errors import (
    BlockhashExpiredError,
    OrderError,
    SlippageExceededError,
    TransactionFailedError,
    UnknownPairError,
)
from chalicelib.domain.orders import exits
from chalicelib.domain.orders.decisions import decision_of
from chalicelib.domain.orders.events import (
    AttemptStarted,
    Failure,
    OrderCancelled,
    OrderConfirmed,
    OrderExpired,
    OrderFailed,
    OrderOpened,
    TransactionBuilt,
    TransactionSubmitted,
)
from chalicelib.domain.orders.guards import least_out
from chalicelib.domain.orders.hunts import Verdict
from chalicelib.domain.orders.lifecycle import Transition, advance
from chalicelib.domain.orders.order import Order, SignedTransaction
from chalicelib.domain.orders.terms import (
    LimitTerms,
    SniperTerms,
    TimeInForce,
    is_resting_limit,
    limit_of_part,
)
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.orders.triggers import Trigger
from chalicelib.domain.pools.rejections import TooLargeError
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.ports.chain import Landing


def start(
    order: Order,
    *,
    at: datetime,
    pacing: Pacing,
    trigger: Trigger | None = None,
    verdict: Verdict | None = None,
) -> Transition:
    """pending → routing: the first attempt begins; or open → routing, upon a trigger."""
    due_at = at + pacing.quote_latency
    started = AttemptStarted(trigger=trigger, verdict=verdict)
    return advance(order, started, at=at, due_at=due_at, attempt=order.attempt + 1)


def limit_of(order: Order, route: Route) -> int:
    """Return what the swap over the route is held to: a limit order's own limit, for as much of it
    as the route fills; else what the slippage leaves of the quote, within the highest price that a
    sniper pays."""
    if isinstance(order.terms, LimitTerms):
        return limit_of_part(order.trade, order.terms.limit, route.amount_given)
    slipped = order.trade.limit(route.amount_quoted, order.slippage_bps)
    if isinstance(order.terms, SniperTerms):
        return max(slipped, least_out(order.terms, order.trade))
    return slipped


def build(
    order: Order,
    *,
    route: Route,
    limit: int,
    transaction: SignedTransaction,
    at: datetime,
    pacing: Pacing,
) -> Transition:
    """routing → building: the decision and the signed transaction, durable before it is sent."""
    is_exact_in = order.trade.mode is SwapMode.EXACT_IN
    built = TransactionBuilt(
        decision=decision_of(route),
        min_amount_out=limit if is_exact_in else None,
        max_amount_in=None if is_exact_in else limit,
        signature=transaction.signature,
        last_valid_block_height=transaction.last_valid_block_height,
    )
    return advance(order, built, at=at, due_at=at + pacing.build_latency, transaction=transaction)


def submit(
    order: Order, *, transaction: SignedTransaction, at: datetime, pacing: Pacing
) -> Transition:
    """building → submitted: the bytes are on their way."""
    return advance(
        order,
        TransactionSubmitted(signature=transaction.signature),
        at=at,
        due_at=at + pacing.confirmation_first,
    )


def settle(
    order: Order, *, transaction: SignedTransaction, landing: Landing, at: datetime
) -> Transition:
    """submitted → confirmed, for a transaction that landed and moved the money; with it comes the
    order's exit."""
    if landing.amount_in is None or landing.amount_out is None:
        raise RuntimeError(f"{transaction.signature} landed without moving anything")
    unfilled_in, unfilled_out = _unfilled(order, landing)
    confirmed = OrderConfirmed(
        amount_in=landing.amount_in,
        amount_out=landing.amount_out,
        signature=transaction.signature,
        slot=landing.slot,
        amount_in_unfilled=unfilled_in,
        amount_out_unfilled=unfilled_out,
    )
    return exits.confirm(order, confirmed, at=at)


def landing_error(
    transaction: SignedTransaction, landing: Landing | None, finalized_block_height: int
) -> OrderError | None:
    """Why the transaction can never fill the order any more; None while it may or has.

    Unknown is not failed: only a last valid block height below the finalized one is proof that the
    transaction will not land.
    """
    if landing is None:
        expired = finalized_block_height > transaction.last_valid_block_height
        return BlockhashExpiredError() if expired else None
    if landing.error_code == SlippageExceededError.code:
        return SlippageExceededError()
    if landing.error_code is not None:
        return TransactionFailedError(f"the transaction failed on chain: {landing.error_code}")
    return None


def give_up_or_retry(
    order: Order,
    error: OrderError,
    *,
    at: datetime,
    pacing: Pacing,
    random: Random,
    pool_refused: str | None = None,
) -> Transition:
    """→ routing with the next attempt when another may help and is left, else → failed, or → open
    where a limit goes on waiting; → cancelled when its owner wants that, → expired when its time is
    up.

    The next attempt, and those after it, ask less of the pool that refused.
    """
    is_wanted = not order.cancel_requested and not order.is_over(at)
    if is_wanted and is_resting_limit(order.terms) and not isinstance(error, UnknownPairError):
        return wait_again(order, error, at=at, due_at=at + pacing.limit_recheck)
    if is_wanted and error.retryable and order.attempt < pacing.attempts_max:
        refused_by = (*order.refused_by, pool_refused) if pool_refused else order.refused_by
        return advance(
            order,
            AttemptStarted(retry_of=_failure(error), refused_by=refused_by),
            at=at,
            due_at=at + backoff(order.attempt, pacing, random),
            attempt=order.attempt + 1,
            refused_by=refused_by,
        )
    return give_up(order, error, at=at)


def give_up(order: Order, error: OrderError, *, at: datetime) -> Transition:
    """→ failed, whatever attempts are left, or → cancelled when its owner wants that, → expired
    when its time is up: only when no transaction of the order can land."""
    if order.cancel_requested:
        return advance(order, OrderCancelled(), at=at)
    if order.is_over(at):
        return expire(order, at=at)
    return advance(order, OrderFailed(failure=_failure(error)), at=at)


def expire(order: Order, *, at: datetime) -> Transition:
    """→ expired: only when no transaction of the order can land."""
    return advance(order, OrderExpired(), at=at)


def wait_again(order: Order, error: OrderError, *, at: datetime, due_at: datetime) -> Transition:
    """routing or submitted → open: a limit that is beyond reach, or whose transaction is dead, and
    nobody tries before it is due."""
    return advance(order, OrderOpened(unfilled=_failure(error)), at=at, due_at=due_at)


def backoff(attempt: int, pacing: Pacing, random: Random) -> timedelta:
    """Wait before the attempt after `attempt`: doubling, capped, and half of it random."""
    doubling: int = 2 ** (attempt - 1)
    whole = min(pacing.backoff_first * doubling, pacing.backoff_max)
    return whole / 2 + whole / 2 * random.random()


def _unfilled(order: Order, landing: Landing) -> tuple[int | None, int | None]:
    """What is left of the amount that was given, input or output, where less of it may be
    filled."""
    if not isinstance(order.terms, LimitTerms) or order.terms.time_in_force is not TimeInForce.IOC:
        return None, None
    if order.trade.mode is SwapMode.EXACT_IN:
        return order.trade.amount - (landing.amount_in or 0), None
    return None, order.trade.amount - (landing.amount_out or 0)


def _failure(error: OrderError) -> Failure:
    failure = Failure(code=error.code, message=error.detail)
    if not isinstance(error, TooLargeError):
        return failure
    return replace(failure, amount_in_max=error.amount_in_max, amount_out_max=error.amount_out_max)
