"""Orders that are alike are planned once over the same pools, and again over others."""

from dataclasses import dataclass, field, replace

import pytest

from chalicelib.domain.errors import PriceImpactTooHighError, QuoteTimeoutError
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.pools.rejections import TooLargeError
from chalicelib.domain.tokens import Pair
from chalicelib.engine import router as router_module
from chalicelib.engine.ports.market import PoolStates
from chalicelib.engine.router import Router
from chalicelib.simulation.market import METEORA, RAYDIUM, Market, moment_at_slot
from tests.swaps import order
from tests.world import ONE_SOL, World, exact_in, exact_out

SLOT = 50_000_000
MARKET = Market(seed="memory")


@dataclass
class StandingVenue:
    """Answers with the same pools until it is moved."""

    name: str
    is_silent: bool = False
    answer: PoolStates = field(init=False)

    def __post_init__(self) -> None:
        self.move_to(SLOT)

    def move_to(self, slot: int) -> None:
        pools = MARKET.pools(slot, venue=self.name)
        self.answer = PoolStates(at=moment_at_slot(slot), pools=pools, tokens=MARKET.tokens)

    def pools(self, pair: Pair | None = None) -> PoolStates:
        if self.is_silent:
            raise QuoteTimeoutError
        return self.answer


@pytest.fixture
def venues() -> tuple[StandingVenue, StandingVenue]:
    return StandingVenue(RAYDIUM), StandingVenue(METEORA)


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Trade]:
    """What was planned, each time."""
    trades: list[Trade] = []

    def route_of(pools, trade, at, rules):
        trades.append(trade)
        return plan(pools, trade, at, rules)

    plan = router_module.route_of
    monkeypatch.setattr(router_module, "route_of", route_of)
    return trades


def test_same_trade_over_the_same_pools_is_planned_once(venues, planned):
    router = Router(venues=venues)

    first, second = (router.find_route(exact_in()) for _ in range(2))

    assert first == second == Router(venues=venues).find_route(exact_in())
    assert len(planned) == 2


@pytest.mark.parametrize("trade", [exact_in(ONE_SOL + 1), exact_out(ONE_SOL)])
def test_another_trade_is_planned(venues, planned, trade):
    router = Router(venues=venues)
    router.find_route(exact_in())

    assert router.find_route(trade) == Router(venues=venues).find_route(trade)
    assert planned == [exact_in(), trade, trade]


@pytest.mark.parametrize("moved", [0, 1])
def test_no_route_outlives_the_answer_of_a_venue(venues, planned, moved):
    router = Router(venues=venues)
    router.find_route(exact_in())
    venues[moved].move_to(SLOT + 1)

    assert router.find_route(exact_in()) == Router(venues=venues).find_route(exact_in())
    venues[moved].move_to(SLOT)
    router.find_route(exact_in())
    assert len(planned) == 4


def test_route_of_one_venue_is_not_taken_for_that_of_both(venues, planned):
    router = Router(venues=venues)
    over_both = router.find_route(exact_in())
    venues[1].is_silent = True
    over_one = router.find_route(exact_in())
    venues[1].is_silent = False

    assert {leg.venue for leg in over_one.legs} == {RAYDIUM}
    assert router.find_route(exact_in()) == over_both
    assert len(planned) == 2


def test_order_whose_pool_refused_gets_no_route_of_the_others(venues, planned):
    router, world = Router(venues=venues), World()
    first = router.find_order_route(order(world))
    refused = replace(order(world), refused_by=(first.legs[0].pool_address,) * 2)

    second = router.find_order_route(refused)

    assert first.legs[0].pool_address not in {leg.pool_address for leg in second.legs}
    assert len(planned) == 2


def test_each_order_is_held_to_its_own_price_impact(venues, planned):
    router, world = Router(venues=venues), World()
    large = replace(order(world), trade=exact_in(50_000 * ONE_SOL), max_price_impact_bps=10_000)
    route = router.find_order_route(large)

    with pytest.raises(PriceImpactTooHighError):
        router.find_order_route(replace(large, max_price_impact_bps=route.price_impact_bps - 1))
    assert len(planned) == 1


def test_refusal_is_not_remembered(venues, planned):
    router = Router(venues=venues)
    for _ in range(2):
        with pytest.raises(TooLargeError):
            router.find_route(exact_out(10**15))
    assert planned.count(exact_out(10**15)) == 2


def test_only_so_many_routes_are_remembered(venues, planned, monkeypatch):
    monkeypatch.setattr(router_module, "ROUTES_MAX", 2)
    router = Router(venues=venues)
    trades = [exact_in(ONE_SOL + n) for n in range(3)]

    routes = [router.find_route(trade) for trade in trades * 2]

    assert routes[:3] == routes[3:]
    assert planned == [*trades, trades[2]]
