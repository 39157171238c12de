from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.token_list import find_pair
from chalicelib.engine.errors import UnavailableError
from tests.world import FIVE, World, exact_in, exact_out

REFUSED = ["pending", "routing", "failed"]
WIF_JUP = find_pair("WIF", "JUP")
RUINOUS: list[dict[str, Any]] = [
    {"amount_in": 200_000 * 10**9},
    {"amount_in": 1_000_000 * 10**6, "pair": WIF_JUP},
]
LARGE = [exact_in(50_000 * 10**9), exact_out(4_000_000 * 10**6)]


def impact_bps(world: World, trade: Trade) -> int:
    return world.deployment.router.find_route(trade).price_impact_bps


@pytest.mark.parametrize("terms", RUINOUS, ids=["one hop", "several hops"])
def test_order_fails_at_once_and_unsigned_when_its_price_impact_is_above_the_default(
    terms: dict[str, Any],
) -> None:
    world = World()
    order_id = world.submit(**terms)

    world.run()

    failure = world.details(order_id, 3)
    assert world.statuses(order_id) == REFUSED
    assert failure["code"] == "PRICE_IMPACT_TOO_HIGH"
    assert "1500 bps: order less, or raise maxPriceImpactBps" in failure["message"]
    assert world.order(order_id).attempt == 1
    assert world.order(order_id).transaction is None
    assert world.calls("wallet.sign_swap") == world.calls("chain.send") == []


@pytest.mark.parametrize("trade", LARGE, ids=["exact in", "exact out"])
@pytest.mark.parametrize(("above", "statuses"), [(-1, REFUSED), (0, FIVE)])
def test_order_is_executed_up_to_its_own_limit(
    trade: Trade, above: int, statuses: list[str]
) -> None:
    world = World()
    side = "amount_in" if trade.mode is SwapMode.EXACT_IN else "amount_out"
    terms = {side: trade.amount, "slippage_bps": BPS}
    limit = impact_bps(world, trade) + above
    order_id = world.submit(**terms, max_price_impact_bps=limit)

    world.run()

    assert 0 < limit < 1_500
    assert world.statuses(order_id) == statuses


@pytest.mark.parametrize("limit", [0, BPS])
def test_small_order_is_confirmed_when_no_price_impact_is_allowed_or_any(limit: int) -> None:
    world = World()
    order_id = world.submit(amount_in=10**7, max_price_impact_bps=limit)

    world.run()

    assert world.statuses(order_id) == FIVE


def test_next_attempt_fails_when_its_route_is_above_the_limit() -> None:
    world = World(failure_rate_bps=BPS)
    trade = exact_in(30_000 * 10**9)
    order_id = world.submit(
        amount_in=trade.amount, max_price_impact_bps=impact_bps(world, trade), slippage_bps=BPS
    )
    steps = iter([True] * 4)
    world.execute(world.take(), has_time=lambda: next(steps, False))
    assert world.statuses(order_id)[-1] is OrderStatus.ROUTING
    world.venues.pop()
    world.deployment = type(world.deployment)(world)

    world.run()

    attempts = ["routing", "building", "submitted", "routing"]
    assert world.statuses(order_id) == ["pending", *attempts, "failed"]
    assert world.details(order_id, 6)["code"] == "PRICE_IMPACT_TOO_HIGH"
    assert len(world.calls("wallet.sign_swap")) == 1


@pytest.mark.parametrize("silence", [QuoteTimeoutError(), UnavailableError("down")], ids=repr)
def test_order_waits_for_a_silent_venue_when_the_others_alone_are_above_its_limit(
    silence: Exception,
) -> None:
    world = World()
    trade = exact_in(50_000 * 10**9)
    limit = impact_bps(world, trade) + 100
    world.outages["meteora"] = silence
    order_id = world.submit(amount_in=trade.amount, max_price_impact_bps=limit, slippage_bps=BPS)
    until = world.clock.now() + timedelta(milliseconds=200)
    world.execute(world.take(), has_time=lambda: world.clock.now() < until)
    assert world.order(order_id).status is OrderStatus.ROUTING

    world.outages.clear()
    world.run()

    assert world.statuses(order_id)[-1] is OrderStatus.CONFIRMED
    assert "PRICE_IMPACT_TOO_HIGH" not in str(world.store.history[order_id])
