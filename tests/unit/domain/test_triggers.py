"""Triggers: never early, never missed while watched, whichever way the price goes."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.amounts import BPS
from chalicelib.domain.orders.terms import (
    MARKET,
    Condition,
    LimitTerms,
    OcoTerms,
    StatedPrice,
    StopTerms,
    TimeInForce,
    TrailingStopTerms,
    limit_rate,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.orders.triggers import (
    RATE_ONE,
    Side,
    TriggerKind,
    Watch,
    chosen,
    observed_rate,
    watches_of,
)
from chalicelib.domain.token_list import BONK, SOL, USDC
from chalicelib.domain.tokens import Pair

SELL = Trade(pair=Pair(token_in=SOL, token_out=USDC), mode=SwapMode.EXACT_IN, amount=10**9)
BUY = Trade(pair=Pair(token_in=USDC, token_out=SOL), mode=SwapMode.EXACT_IN, amount=10**9)
SOL_FOR_BONK = Trade(pair=Pair(token_in=SOL, token_out=BONK), mode=SwapMode.EXACT_IN, amount=10**9)
trades = st.sampled_from([SELL, BUY, SOL_FOR_BONK])
numbers = st.integers(1, 10**12)
rates = st.integers(1, 10**36)


def stated(text: str, token: str = USDC.mint) -> StatedPrice:
    return StatedPrice(text=text, price_in=USDC.mint if token == USDC.mint else SOL.mint)


@given(
    trade=trades,
    text=st.decimals(1, 1_000, places=4).map(str),
    is_inverse=st.booleans(),
    condition=st.sampled_from(Condition),
    numerator=numbers,
    denominator=numbers,
)
def test_stop_is_met_exactly_when_the_price_is(
    trade: Trade,
    text: str,
    is_inverse: bool,
    condition: Condition,
    numerator: int,
    denominator: int,
) -> None:
    pair = trade.pair
    price = StatedPrice(text=text, price_in=(pair.token_in if is_inverse else pair.token_out).mint)
    [watch] = watches_of(StopTerms(price=price, condition=condition), trade)
    rate = observed_rate(numerator, denominator)

    # The price that this rate stands for, in the words of the owner.
    units = Fraction(10**pair.token_in.decimals, 10**pair.token_out.decimals)
    seen = Fraction(rate, RATE_ONE) * units
    if not rate:
        return
    price_seen = 1 / seen if is_inverse else seen
    wanted = Fraction(text)
    is_met = price_seen >= wanted if condition is Condition.ABOVE else price_seen <= wanted
    assert watch.is_met(rate) == is_met


@given(seen=st.lists(rates, min_size=1, max_size=30), bps=st.integers(1, 5_000))
def test_trailing_stop_fires_at_the_first_slot_that_is_so_far_below_the_best(
    seen: Sequence[int], bps: int
) -> None:
    [watch] = watches_of(TrailingStopTerms(trailing_bps=bps), SELL)

    fired_at = None
    for number, rate in enumerate(seen):
        if watch.is_met(rate):
            fired_at = number
            break
        watch = watch.after(rate)

    expected = next(
        (
            number
            for number, rate in enumerate(seen)
            if number and rate * BPS <= max(seen[:number]) * (BPS - bps)
        ),
        None,
    )
    assert fired_at == expected


@given(seen=st.lists(rates, min_size=1, max_size=30), bps=st.integers(1, 5_000))
def test_trailing_stop_never_fires_on_a_rise(seen: Sequence[int], bps: int) -> None:
    [watch] = watches_of(TrailingStopTerms(trailing_bps=bps), SELL)

    for rate in sorted(seen):
        assert not watch.is_met(rate)
        watch = watch.after(rate)


def test_trailing_stop_begins_with_the_rate_that_activates_it() -> None:
    terms = TrailingStopTerms(trailing_bps=1_000, activation=stated("170"))
    [watch] = watches_of(terms, SELL)
    price = 10**27  # of one dollar for a SOL

    assert watch.kind is TriggerKind.ACTIVATION
    idle = watch.after(100 * price)
    assert idle == watch
    active = watch.after(171 * price)

    assert (active.kind, active.side, active.mark) == (
        TriggerKind.TRAILING_STOP,
        Side.BELOW,
        171 * price,
    )
    assert not active.is_met(154 * price)
    assert active.is_met(153 * price)


@given(trade=trades, limit=numbers)
def test_limit_is_looked_at_before_its_rate_and_not_long_before(trade: Trade, limit: int) -> None:
    [watch] = watches_of(LimitTerms(limit=limit, time_in_force=TimeInForce.GTC), trade)
    exact = limit_rate(trade, limit) * RATE_ONE

    assert watch.key is not None
    assert watch.key <= exact
    assert watch.key + 1 >= exact * Fraction(9_999, 10_000)
    assert watch.is_met(int(exact) + 1)


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
def test_nothing_is_watched_for_what_does_not_wait(time_in_force: TimeInForce) -> None:
    assert watches_of(LimitTerms(limit=1, time_in_force=time_in_force), SELL) == ()
    assert watches_of(MARKET, SELL) == ()


@pytest.mark.parametrize(("trade", "in_token"), [(SELL, USDC.mint), (BUY, USDC.mint)])
def test_oco_takes_its_profit_at_the_better_price(trade: Trade, in_token: str) -> None:
    # Who buys SOL is better off below.
    better, worse = ("200", "140") if trade is SELL else ("140", "200")
    terms = OcoTerms(take_profit=stated(better, in_token), stop=stated(worse, in_token))

    profit, stop = watches_of(terms, trade)

    assert (profit.kind, profit.side) == (TriggerKind.TAKE_PROFIT, Side.ABOVE)
    assert (stop.kind, stop.side) == (TriggerKind.STOP, Side.BELOW)
    assert profit.key is not None
    assert stop.key is not None
    assert profit.key > stop.key
    assert chosen({0: profit, 1: stop}) == stop
    assert chosen({0: profit}) == profit


def test_watch_without_a_key_is_met_by_nothing() -> None:
    watch = Watch(leg=0, kind=TriggerKind.LIMIT, side=Side.ABOVE, key=None)

    assert not watch.is_met(10**60)
