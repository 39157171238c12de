"""Exits: what they wait for is exact, never early, and of what was received."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.amounts import BPS, U64_MAX
from chalicelib.domain.errors import IllegalTransitionError
from chalicelib.domain.orders.event_codec import read_details, write_details
from chalicelib.domain.orders.events import AttemptStarted, OrderConfirmed
from chalicelib.domain.orders.exits import confirm, exit_id
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import (
    MARKET,
    ExitPlan,
    ExitTerms,
    LimitTerms,
    MarketTerms,
    Terms,
    TimeInForce,
    is_resting_limit,
    waits,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.orders.triggers import (
    RATE_ONE,
    Trigger,
    TriggerKind,
    Watch,
    chosen,
    observed_rate,
    watches_of,
)
from chalicelib.domain.token_list import BONK, SOL, USDC
from chalicelib.domain.tokens import Pair
from chalicelib.entrypoints.wire.values import exact_price_text
from tests.contract.samples import SIGNATURE, accepted, way_to_confirmed

AT = datetime(2026, 1, 1, 12, 0, 2, 250_000, tzinfo=UTC)
EVERY = ExitPlan(
    take_profit_bps=5_000, stop_loss_bps=2_500, trailing_bps=800, hold_seconds_max=3_600
)
pairs = st.sampled_from([Pair(token_in=SOL, token_out=USDC), Pair(token_in=BONK, token_out=SOL)])
amounts = st.integers(1, U64_MAX)


def submitted(terms: Terms = MARKET, pair: Pair | None = None) -> Transition:
    pair = pair or Pair(token_in=USDC, token_out=SOL)
    return way_to_confirmed(accepted(terms=terms, pair=pair))[2]


def fill(paid: int = 100 * 10**6, received: int = 7 * 10**8) -> OrderConfirmed:
    return OrderConfirmed(amount_in=paid, amount_out=received, signature=SIGNATURE, slot=1_234)


def legs(plan: ExitPlan, paid: int, received: int, pair: Pair) -> dict[TriggerKind, Watch]:
    trade = Trade(pair=pair, mode=SwapMode.EXACT_IN, amount=received)
    sell_at = AT if plan.hold_seconds_max else None
    watches = watches_of(ExitTerms(plan=plan, paid=paid, sell_at=sell_at), trade)
    return {watch.kind: watch for watch in watches}


@given(
    pair=pairs,
    paid=amounts,
    received=amounts,
    profit_bps=st.integers(1, 1_000_000),
    loss_bps=st.integers(1, 9_999),
    off=st.integers(-2, 2),
)
def test_thresholds_are_the_rate_of_the_fill_and_the_basis_points_exactly(
    pair: Pair, paid: int, received: int, profit_bps: int, loss_bps: int, off: int
) -> None:
    plan = ExitPlan(take_profit_bps=profit_bps, stop_loss_bps=loss_bps)
    found = legs(plan, paid, received, pair)
    profit, stop = found[TriggerKind.TAKE_PROFIT], found[TriggerKind.STOP]

    high = Fraction(paid, received) * Fraction(BPS + profit_bps, BPS)
    low = Fraction(paid, received) * Fraction(BPS - loss_bps, BPS)
    for watch, exact in ((profit, high), (stop, low)):
        assert watch.key is not None
        rate = watch.key + off
        seen = Fraction(rate, RATE_ONE)
        assert watch.is_met(rate) == (seen >= exact if watch is profit else seen <= exact)


@given(pair=pairs, paid=amounts, received=amounts, plan=st.sampled_from([EVERY]))
def test_price_that_is_shown_is_the_one_that_is_compared_with(
    pair: Pair, paid: int, received: int, plan: ExitPlan
) -> None:
    for watch in legs(plan, paid, received, pair).values():
        if watch.key is None:
            continue
        price = Fraction(exact_price_text(watch.key, pair))
        units = Fraction(10**pair.token_out.decimals, 10**pair.token_in.decimals)
        assert price * units * RATE_ONE == watch.key


def test_nothing_is_met_by_the_rate_of_the_fill_itself() -> None:
    smallest = ExitPlan(take_profit_bps=1, stop_loss_bps=1, trailing_bps=1)

    found = legs(smallest, 100 * 10**6, 7 * 10**8, Pair(token_in=SOL, token_out=USDC))

    rate = observed_rate(100 * 10**6, 7 * 10**8)
    assert not any(watch.is_met(rate) for watch in found.values())


def test_time_is_met_from_its_moment_on_and_by_no_rate() -> None:
    found = legs(EVERY, 1, 1, Pair(token_in=SOL, token_out=USDC))[TriggerKind.MAX_HOLD]

    moments = [AT - timedelta(microseconds=1), AT, AT + timedelta(days=1)]
    assert [found.is_due(at) for at in moments] == [False, True, True]
    assert not found.is_met(0)
    assert not found.is_met(RATE_ONE)


def test_stop_counts_before_trailing_before_profit_before_time() -> None:
    found = legs(EVERY, 1, 1, Pair(token_in=SOL, token_out=USDC))
    by_rank = [
        TriggerKind.STOP,
        TriggerKind.TRAILING_STOP,
        TriggerKind.TAKE_PROFIT,
        TriggerKind.MAX_HOLD,
    ]

    for rank, kind in enumerate(by_rank):
        met = {found[each].leg: found[each] for each in by_rank[rank:]}
        assert chosen(met).kind is kind


@pytest.mark.parametrize("has_limit", [False, True])
def test_exit_comes_with_the_confirmation_over_what_was_received(has_limit: bool) -> None:
    limit = LimitTerms(limit=1, time_in_force=TimeInForce.IOC, exit=EVERY)
    parent = submitted(limit if has_limit else MarketTerms(exit=EVERY)).order

    confirmed = confirm(parent, fill(), at=AT)

    [child] = confirmed.children
    order = child.order
    assert confirmed.order.status is OrderStatus.CONFIRMED
    assert isinstance(confirmed.event.details, OrderConfirmed)
    assert confirmed.event.details.exit_order_id == order.order_id == exit_id(parent.order_id)
    assert (order.parent_id, order.owner_id) == (parent.order_id, parent.owner_id)
    assert order.trade == Trade(
        pair=Pair(token_in=SOL, token_out=USDC), mode=SwapMode.EXACT_IN, amount=7 * 10**8
    )
    assert order.terms == ExitTerms(
        plan=EVERY, paid=100 * 10**6, sell_at=AT + timedelta(seconds=3_600)
    )
    assert (order.slippage_bps, order.max_price_impact_bps) == (100, 1_500)
    assert (order.status, order.sequence, order.armed_slot) == (OrderStatus.OPEN, 1, 1_234)
    assert (order.created_at, order.due_at) == (AT, AT)
    assert child.event.order_id == order.order_id
    assert waits(order.terms)
    assert not is_resting_limit(order.terms)


@pytest.mark.parametrize("held", [None, 1, 90 * 86_400])
def test_exit_is_not_over_before_it_is_to_be_sold(held: int | None) -> None:
    plan = ExitPlan(stop_loss_bps=1, hold_seconds_max=held)

    [child] = confirm(submitted(MarketTerms(exit=plan)).order, fill(), at=AT).children

    sold_by = AT + timedelta(seconds=held or 0)
    assert not child.order.is_over(sold_by + timedelta(days=89))
    assert child.order.is_over(sold_by + timedelta(days=90))


def test_id_of_an_exit_follows_from_its_parent() -> None:
    parent_id = submitted().order.order_id

    assert exit_id(parent_id) == exit_id(parent_id) != parent_id
    assert UUID(exit_id(parent_id)).version == 5


def test_order_without_an_exit_has_none() -> None:
    confirmed = confirm(submitted().order, fill(), at=AT)

    assert confirmed.children == ()
    assert "exit_order_id" not in write_details(confirmed.event.details)


def test_exit_does_not_come_twice() -> None:
    confirmed = confirm(submitted(MarketTerms(exit=EVERY)).order, fill(), at=AT)

    with pytest.raises(IllegalTransitionError):
        confirm(confirmed.order, fill(), at=AT)


@pytest.mark.parametrize("rate", [None, 10**35])
def test_trigger_comes_back_when_written_and_read(rate: int | None) -> None:
    trigger = Trigger(kind=TriggerKind.MAX_HOLD, rate=rate, slot=7, observed_at=AT)
    started = AttemptStarted(trigger=trigger)

    assert read_details(OrderStatus.ROUTING, write_details(started)) == started


def test_link_comes_back_when_written_and_read() -> None:
    details = confirm(submitted(MarketTerms(exit=EVERY)).order, fill(), at=AT).event.details

    assert read_details(OrderStatus.CONFIRMED, write_details(details)) == details
