"""What a price means for an order, exactly."""

from datetime import UTC
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.errors import AmountRangeError
from chalicelib.domain.orders.terms import (
    MARKET,
    Condition,
    ExitPlan,
    ExitTerms,
    LimitTerms,
    MarketTerms,
    OcoTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
    implied_limit,
    is_resting_limit,
    keeps_limit,
    limit_of_part,
    limit_rate,
    waits,
)
from chalicelib.domain.orders.terms_codec import read_terms, write_terms
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.token_list import BONK, SOL, USDC
from chalicelib.domain.tokens import Pair

PAIRS = [
    Pair(token_in=token_in, token_out=token_out)
    for token_in, token_out in ((SOL, USDC), (USDC, SOL), (SOL, BONK), (BONK, SOL))
]
pairs = st.sampled_from(PAIRS)
texts = st.decimals(Decimal("1e-9"), Decimal("1e9"), places=9).filter(bool).map(lambda d: f"{d:f}")
amounts = st.integers(1, 10**15)


@st.composite
def prices(draw: st.DrawFn) -> tuple[StatedPrice, Pair]:
    pair = draw(pairs)
    token = draw(st.sampled_from([pair.token_in, pair.token_out]))
    return StatedPrice(text=draw(texts), price_in=token.mint), pair


@given(stated=prices(), amount=amounts, mode=st.sampled_from(SwapMode))
def test_limit_is_never_worse_than_the_price_and_hardly_better(
    stated: tuple[StatedPrice, Pair], amount: int, mode: SwapMode
) -> None:
    price, pair = stated
    trade = Trade(pair=pair, mode=mode, amount=amount)
    rate = price.rate(pair)
    exact = amount * rate if mode is SwapMode.EXACT_IN else amount / rate
    assume(1 <= exact <= U64_MAX - 1)

    limit = implied_limit(price, trade)

    assert limit_rate(trade, limit) >= rate
    assert abs(limit - exact) < 1


@pytest.mark.parametrize("amount", [1_234_567, 10**9 + 1, 3])
def test_price_of_a_sale_is_that_of_the_whole_token(amount: int) -> None:
    price = StatedPrice(text="1850", price_in=USDC.mint)

    least = implied_limit(price, Trade(pair=PAIRS[0], mode=SwapMode.EXACT_IN, amount=amount))

    assert least == -(-amount * 1850 * 10**6 // 10**9)


def test_price_may_be_stated_in_the_token_that_is_paid() -> None:
    price = StatedPrice(text="150", price_in=USDC.mint)
    trade = Trade(pair=PAIRS[1], mode=SwapMode.EXACT_IN, amount=1_000 * 10**6)

    # 6.666666666… SOL, rounded up to the lamport.
    assert implied_limit(price, trade) == 6_666_666_667


def test_most_input_is_rounded_down() -> None:
    price = StatedPrice(text="150", price_in=USDC.mint)
    trade = Trade(pair=PAIRS[1], mode=SwapMode.EXACT_OUT, amount=1)

    with pytest.raises(AmountRangeError):
        implied_limit(price, trade)
    assert implied_limit(price, Trade(pair=PAIRS[1], mode=SwapMode.EXACT_OUT, amount=13)) == 1


def test_limit_is_refused_when_it_fits_no_token_account() -> None:
    price = StatedPrice(text="1" + "0" * 30, price_in=USDC.mint)

    with pytest.raises(AmountRangeError):
        implied_limit(price, Trade(pair=PAIRS[0], mode=SwapMode.EXACT_IN, amount=10**9))


@given(stated=prices())
def test_price_has_one_rate_whichever_token_it_is_in(stated: tuple[StatedPrice, Pair]) -> None:
    price, pair = stated
    back = Pair(token_in=pair.token_out, token_out=pair.token_in)

    assert price.rate(pair) * price.rate(back) == 1
    for condition in Condition:
        assert price.is_met_above(condition, pair) != price.is_met_above(condition, back)


@given(limit=st.integers(1, 10**12), amount=amounts, mode=st.sampled_from(SwapMode), data=st.data())
def test_part_keeps_the_rate_of_the_whole(
    limit: int, amount: int, mode: SwapMode, data: st.DataObject
) -> None:
    trade = Trade(pair=PAIRS[0], mode=mode, amount=amount)
    part = data.draw(st.integers(1, amount))

    of_part = limit_of_part(trade, limit, part)

    assert limit_of_part(trade, limit, amount) == limit
    given_and_limit = Trade(pair=PAIRS[0], mode=mode, amount=part)
    assert not of_part or limit_rate(given_and_limit, of_part) >= limit_rate(trade, limit)
    assert keeps_limit(mode, of_part, of_part)
    worse = of_part - 1 if mode is SwapMode.EXACT_IN else of_part + 1
    assert not keeps_limit(mode, of_part, worse)


stated_prices = st.builds(StatedPrice, text=texts, price_in=st.sampled_from([SOL.mint, USDC.mint]))
bounds = st.none() | st.integers(1, 9_999)
plans = st.builds(
    ExitPlan,
    take_profit_bps=bounds,
    stop_loss_bps=bounds,
    trailing_bps=bounds,
    hold_seconds_max=bounds,
)
all_terms: st.SearchStrategy[Terms] = st.one_of(
    st.builds(MarketTerms, exit=st.none() | plans),
    st.builds(
        LimitTerms,
        limit=st.integers(1, U64_MAX),
        time_in_force=st.sampled_from(TimeInForce),
        price=st.none() | stated_prices,
        exit=st.none() | plans,
    ),
    st.builds(StopTerms, price=stated_prices, condition=st.sampled_from(Condition)),
    st.builds(
        TrailingStopTerms,
        trailing_bps=st.integers(1, 5_000),
        activation=st.none() | stated_prices,
    ),
    st.builds(OcoTerms, take_profit=stated_prices, stop=stated_prices),
    st.builds(
        ExitTerms,
        plan=plans,
        paid=st.integers(1, U64_MAX),
        sell_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
)


@given(terms=all_terms)
def test_terms_come_back_when_written_and_read(terms: Terms) -> None:
    assert read_terms(terms.order_type, write_terms(terms)) == terms


@pytest.mark.parametrize(
    ("time_in_force", "does_wait"), [("GTC", True), ("GTT", True), ("IOC", False), ("FOK", False)]
)
def test_limit_waits_when_its_time_in_force_lets_it(time_in_force: str, does_wait: bool) -> None:
    terms = LimitTerms(limit=1, time_in_force=TimeInForce(time_in_force))

    assert waits(terms) == is_resting_limit(terms) == does_wait


def test_stop_waits_once_and_a_market_order_never() -> None:
    price = StatedPrice(text="1", price_in=SOL.mint)
    stop = StopTerms(price=price, condition=Condition.ABOVE)

    assert (waits(stop), is_resting_limit(stop)) == (True, False)
    assert (waits(MARKET), is_resting_limit(MARKET)) == (False, False)
    assert price.rate(PAIRS[0]) == Fraction(10**6, 10**9)
