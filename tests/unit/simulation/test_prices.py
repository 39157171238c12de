from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.token_list import find_pair
from chalicelib.simulation.market import POOLS, SLOT, Market, slot_at, time_of_slot
from chalicelib.simulation.prices import POINTS_MAX, SimulatedPriceHistory

SOL_USDC = find_pair("SOL", "USDC")
FIVE_MINUTES = timedelta(minutes=5)
MARKET = Market(seed="prices")
# The grid is the same for any market: the quickest will do.
ONE_POOL = tuple(listed for listed in POOLS if listed.trades(SOL_USDC))[:1]


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def history(clock: MemoryClock) -> SimulatedPriceHistory:
    return SimulatedPriceHistory(market=MARKET, clock=clock)


def test_points_cover_the_span_evenly_and_end_now(
    history: SimulatedPriceHistory, clock: MemoryClock
) -> None:
    points = history.prices(SOL_USDC, span=FIVE_MINUTES)

    steps = {later.slot - earlier.slot for earlier, later in pairwise(points)}
    [step] = steps
    assert POINTS_MAX // 2 <= len(points) <= POINTS_MAX
    assert slot_at(clock.now()) - points[-1].slot < step
    assert clock.now() - points[0].at <= FIVE_MINUTES
    assert all(point.at == time_of_slot(point.slot) for point in points)


def test_points_are_the_best_marginal_prices_of_their_slots(history: SimulatedPriceHistory) -> None:
    for point in history.prices(SOL_USDC, span=FIVE_MINUTES)[::10]:
        pools = MARKET.pools(point.slot, pair=SOL_USDC)
        prices = [(pool.venue, pool.marginal_price(SOL_USDC.token_in.mint)) for pool in pools]
        best = {venue: max(Fraction(*p) for v, p in prices if v == venue) for venue, _ in prices}

        assert {venue: Fraction(*price) for venue, price in point.best.items()} == best
        assert len(best) == 2


def test_points_are_none_where_no_pool_trades_the_pair(history: SimulatedPriceHistory) -> None:
    assert history.prices(find_pair("WIF", "JUP"), span=FIVE_MINUTES) == []


@given(st.integers(1, 60), st.lists(st.integers(0, 400), max_size=8))
def test_points_asked_for_bit_by_bit_are_those_asked_for_at_once(
    minutes: int, pauses: list[int]
) -> None:
    clock, span = MemoryClock(), timedelta(minutes=minutes)
    history = SimulatedPriceHistory(market=Market(seed="prices", listings=ONE_POOL), clock=clock)
    points = history.prices(SOL_USDC, span=span)

    for pause in pauses:
        clock.at += pause * SLOT
        seen = points[-1].slot
        points += history.prices(SOL_USDC, span=span, after_slot=seen)

    at_once = [point.slot for point in history.prices(SOL_USDC, span=span)]
    assert [point.slot for point in points][-len(at_once) :] == at_once
