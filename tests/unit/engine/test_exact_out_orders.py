from datetime import timedelta

import pytest

from chalicelib.domain.token_list import find_pair
from tests.world import FIVE, World

WANTED = 25_000 * 10**6
RAY_WIF = find_pair("RAY", "WIF")

any_latency = pytest.mark.parametrize(
    "latency", [timedelta(0), timedelta(seconds=2.5)], ids=["at once", "later"]
)


def finished(latency=timedelta(0), **fields):
    world = World(latency=latency)
    order_id = world.submit(**({"amount_out": WANTED} | fields))
    world.run()
    return world, order_id


@any_latency
def test_order_takes_the_five_steps_when_all_goes_well(latency):
    world, order_id = finished(latency)

    assert world.statuses(order_id) == FIVE


@pytest.mark.parametrize(
    ("seconds", "slippage_bps"), [(0, 0), (0, 100), (2.5, 100), (2.5, 10_000), (30, 300)]
)
def test_order_receives_exactly_what_was_wanted_for_no_more_than_its_limit(seconds, slippage_bps):
    world, order_id = finished(timedelta(seconds=seconds), slippage_bps=slippage_bps)

    limit = world.details(order_id, 3)["max_amount_in"]
    confirmed = world.details(order_id, 5)
    assert confirmed["amount_out"] == WANTED
    assert confirmed["amount_in"] <= limit


def test_order_over_several_hops_receives_exactly_what_was_wanted():
    world, order_id = finished(timedelta(seconds=2.5), amount_out=220_000 * 10**6, pair=RAY_WIF)

    legs = world.details(order_id, 3)["route"]["legs"]
    confirmed = world.details(order_id, 5)
    assert len(legs) == 8
    assert confirmed["amount_out"] == 220_000 * 10**6
    assert confirmed["amount_in"] <= world.details(order_id, 3)["max_amount_in"]


def test_details_are_base_units_when_the_route_is_chosen():
    world, order_id = finished(slippage_bps=250)

    details = world.details(order_id, 3)
    route = details["route"]
    amount_in = route["amount_in"]
    assert details["max_amount_in"] == amount_in + amount_in * 250 // 10_000
    assert "min_amount_out" not in details
    assert route["amount_out"] == WANTED
    assert type(amount_in) is int
    assert [quote["amount_out"] for quote in details["quotes"]] == [WANTED] * len(details["quotes"])
    costs = [quote["amount_in"] for quote in details["quotes"]]
    assert costs == sorted(costs)
    assert amount_in <= costs[0] == route["baseline"]["amount_in"]


def test_chain_shows_the_amounts_that_are_confirmed():
    world, order_id = finished(timedelta(seconds=2.5))

    (landed,) = world.landed(order_id)
    confirmed = world.details(order_id, 5)
    assert (landed.amount_in, landed.amount_out) == (
        confirmed["amount_in"],
        confirmed["amount_out"],
    )
    assert (landed.landing_slot, landed.signature) == (confirmed["slot"], confirmed["signature"])


def test_order_fails_when_the_pools_hold_less_than_wanted():
    world, order_id = finished(amount_out=10**15)

    assert world.statuses(order_id) == ["pending", "routing", "failed"]
    assert world.details(order_id, 3)["code"] == "INSUFFICIENT_LIQUIDITY"
    assert not world.ledger.entries


def test_smallest_order_is_confirmed_when_one_unit_is_wanted():
    world, order_id = finished(amount_out=1)

    confirmed = world.details(order_id, 5)
    assert confirmed["amount_out"] == 1
    assert confirmed["amount_in"] >= 1
