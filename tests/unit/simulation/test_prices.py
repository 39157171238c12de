from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.routing.best_route import find_route
from chalicelib.domain.routing.reference_rates import ReferenceRates
from chalicelib.domain.token_list import USDC, find_pair
from chalicelib.simulation.market import (
    POOLS,
    SLOT,
    Market,
    moment_at_slot,
    slot_at,
    time_of_slot,
)
from chalicelib.simulation.prices import POINTS_MAX, SimulatedPriceHistory

SOL_USDC = find_pair("SOL", "USDC")
FIVE_MINUTES = timedelta(minutes=5)
MARKET = Market(seed="prices")
PAIRS = [("SOL", "USDC"), ("USDC", "SOL"), ("BONK", "SOL"), ("mSOL", "USDT"), ("USDT", "USDC")]
# The grid is the same for any market: the quickest will do.
ONE_POOL = tuple(listed for listed in POOLS if listed.trades(SOL_USDC))[:1]
OF_ONE_POOL = SimulatedPriceHistory(
    market=Market(seed="prices", listings=ONE_POOL), clock=MemoryClock()
)


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


@pytest.mark.parametrize(("token_in", "token_out"), PAIRS)
def test_points_are_what_a_dollar_bought_in_their_slots(
    history: SimulatedPriceHistory, token_in: str, token_out: str
) -> None:
    pair = find_pair(token_in, token_out)
    paid, received = pair.token_in.mint, pair.token_out.mint

    for point in history.prices(pair, span=FIVE_MINUTES)[::20]:
        pools, at = MARKET.pools(point.slot), moment_at_slot(point.slot)
        rates = ReferenceRates(pools, at, (USDC.mint, 10**6))
        best, here = rates.rate(paid, received), Fraction(*point.best_route)

        # A dollar by the fair price here, by the pools there.
        assert best is not None
        assert abs(here / Fraction(*best) - 1) * 10**5 < 1
        assert all(Fraction(*price) <= here for price in point.venues.values())
        assert sorted(point.venues) == sorted(
            {p.venue for p in MARKET.pools(point.slot, pair=pair)}
        )


def test_points_have_a_best_route_alone_where_no_pool_trades_the_pair(
    history: SimulatedPriceHistory,
) -> None:
    points = history.prices(find_pair("WIF", "JUP"), span=FIVE_MINUTES)

    assert len(points) >= POINTS_MAX // 2
    assert all(point.venues == {} for point in points)


def test_points_are_none_where_no_route_leads(clock: MemoryClock) -> None:
    history = SimulatedPriceHistory(market=Market(seed="prices", listings=ONE_POOL), clock=clock)

    assert history.prices(find_pair("SOL", "WIF"), span=FIVE_MINUTES) == []


def test_fills_lie_at_the_best_route_when_they_are_small(history: SimulatedPriceHistory) -> None:
    for point in history.prices(SOL_USDC, span=FIVE_MINUTES)[::20]:
        pools, at = MARKET.pools(point.slot), moment_at_slot(point.slot)
        route = find_route(pools, SOL_USDC.token_in.mint, SOL_USDC.token_out.mint, 10**9, at)

        rate = Fraction(route.amount_out, route.amount_in)
        assert abs(rate / Fraction(*point.best_route) - 1) * 10_000 <= 3


@given(st.integers(1, 60), st.lists(st.integers(0, 400), max_size=8))
def test_points_asked_for_bit_by_bit_are_those_asked_for_at_once(
    minutes: int, pauses: list[int]
) -> None:
    history, span = OF_ONE_POOL, timedelta(minutes=minutes)
    clock = history.clock = MemoryClock()
    points = history.prices(SOL_USDC, span=span)

    for pause in pauses:
        clock.at += pause * SLOT
        seen = points[-1].slot
        points += history.prices(SOL_USDC, span=span, after_slot=seen)

    at_once = [point.slot for point in history.prices(SOL_USDC, span=span)]
    assert [point.slot for point in points][-len(at_once) :] == at_once
