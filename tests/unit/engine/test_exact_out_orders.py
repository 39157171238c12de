import json
from datetime import timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.token_list import SOL, TOKENS, USDC, find_pair, find_token
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import slot_at
from tests.unit.functions import Functions
from tests.world import FIVE, World

WANTED = 25_000 * 10**6
FIELDS = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amountOut": 1.5}
QUERY = {"tokenIn": "SOL", "tokenOut": "USDC", "amountOut": "25000"}
RAY_WIF = find_pair("RAY", "WIF")

any_latency = pytest.mark.parametrize(
    "latency", [timedelta(0), timedelta(seconds=2.5)], ids=["at once", "later"]
)


def finished(latency=timedelta(0), **fields):
    world = World(latency=latency)
    order_id = world.submit(**({"amount_out": WANTED} | fields))
    world.run()
    return world, order_id


def get_order(functions, order_id):
    return functions.get("/api/orders/{order_id}", path={"order_id": order_id}).document


def posted(functions, **changes):
    fields = {name: value for name, value in (FIELDS | changes).items() if value != "left out"}
    return functions.post(json.dumps(fields))


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


def test_order_is_accepted_when_it_is_posted_with_the_output(functions: Functions):
    answer = posted(functions, amountOut="1.50")

    (order,) = functions.world.store.orders.values()
    assert answer.status == 202
    assert answer.document["amountOut"] == "1.5"
    assert "amount" not in answer.document
    assert (order.trade.mode, order.trade.amount) == ("exact_out", 1_500_000)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": 1}, 400, "INVALID_REQUEST"),
        ({"amountOut": "left out"}, 400, "INVALID_REQUEST"),
        ({"amountOut": None}, 422, "INVALID_AMOUNT"),
        ({"amount": None}, 422, "INVALID_AMOUNT"),
        ({"amountOut": "left out", "amount": None}, 422, "INVALID_AMOUNT"),
        ({"amountOut": 0}, 422, "INVALID_AMOUNT"),
        ({"amountOut": -1}, 422, "INVALID_AMOUNT"),
        ({"amountOut": "1.0000001"}, 422, "AMOUNT_PRECISION"),
        ({"amountOut": "18446744073709.551616"}, 422, "AMOUNT_RANGE"),
    ],
    ids=[
        "both",
        "none",
        "null",
        "amount null",
        "only null",
        "zero",
        "negative",
        "too precise",
        "too large",
    ],
)
def test_order_is_refused_when_its_amount_is_none(functions: Functions, changes, status, code):
    answer = posted(functions, **changes)

    assert (answer.status, answer.document["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not functions.world.store.orders


def test_order_is_shown_with_the_wanted_output_before_it_is_confirmed(functions: Functions):
    order_id = posted(functions).document["orderId"]

    document = get_order(functions, order_id)

    assert (document["status"], document["amountOut"]) == ("pending", "1.5")
    assert "amount" not in document
    assert "amountIn" not in document


def test_order_is_shown_with_both_amounts_when_it_is_confirmed(functions: Functions):
    order_id = posted(functions).document["orderId"]
    functions.world.run()

    document = get_order(functions, order_id)

    building, confirmed = document["events"][2], document["events"][4]
    assert [event["status"] for event in document["events"]] == FIVE
    assert (document["status"], document["amountOut"]) == ("confirmed", "1.5")
    assert document["amountIn"] == confirmed["amountIn"]
    assert Decimal(confirmed["amountIn"]) <= Decimal(building["maxAmountIn"])
    price = Decimal("1.5") / Decimal(confirmed["amountIn"])
    assert abs(Decimal(document["executedPrice"]) / price - 1) < Decimal("1e-11")


def test_order_is_listed_with_the_wanted_output(functions: Functions):
    posted(functions)

    (document,) = functions.get("/api/orders").document["orders"]

    assert document["amountOut"] == "1.5"


def test_building_tells_the_route_leg_by_leg(functions: Functions):
    order_id = functions.world.submit(amount_out=220_000 * 10**6, pair=RAY_WIF)
    functions.world.run()

    building = get_order(functions, order_id)["events"][2]

    details = functions.world.details(order_id, 3)
    route, stored = building["route"], details["route"]
    assert len(route["legs"]) == 8
    for shown, leg in zip(route["legs"], stored["legs"], strict=True):
        paid, received = find_token(leg["input_mint"]), find_token(leg["output_mint"])
        assert (shown["inputMint"], shown["outputMint"]) == (paid.mint, received.mint)
        assert units(shown["amountIn"], paid) == leg["amount_in"]
        assert units(shown["amountOut"], received) == leg["amount_out"]
        assert [fee["mint"] for fee in shown["fees"]] == [fee["mint"] for fee in leg["fees"]]
        assert shown["fees"]
        for shown_fee, fee in zip(shown["fees"], leg["fees"], strict=True):
            assert units(shown_fee["amount"], find_token(fee["mint"])) == fee["amount"] > 0
    assert units(route["amountOut"], RAY_WIF.token_out) == 220_000 * 10**6
    assert units(route["amountIn"], RAY_WIF.token_in) == stored["amount_in"]
    assert units(building["maxAmountIn"], RAY_WIF.token_in) == details["max_amount_in"]


def units(decimal, token):
    return Decimal(decimal) * 10**token.decimals


def test_building_compares_the_route_with_the_best_pool_alone(functions: Functions):
    order_id = functions.world.submit(amount_out=WANTED)
    functions.world.run()

    building = get_order(functions, order_id)["events"][2]

    route = building["route"]
    best, taken = Decimal(building["quotes"][0]["amountIn"]), Decimal(route["amountIn"])
    assert route["baseline"] == building["quotes"][0]
    assert route["improvementBps"] == int((best - taken) / best * 10_000) >= 0
    assert route["slot"] == slot_at(functions.world.clock.at)
    assert building["rejections"] == []


def test_building_says_why_pools_cannot_fill_it_alone(functions: Functions):
    order_id = functions.world.submit(amount_out=3_000_000 * 10**6)
    functions.world.run()

    building = get_order(functions, order_id)["events"][2]

    pools = {pool.address for pool in POOLS if {pool.token_a, pool.token_b} == {SOL, USDC}}
    rejected = {rejection["pool"] for rejection in building["rejections"]}
    quoted = {quote["pool"] for quote in building["quotes"]}
    assert rejected
    assert rejected | quoted == pools
    assert rejected.isdisjoint(quoted)
    for rejection in building["rejections"]:
        assert rejection.keys() == {"venue", "kind", "pool", "code"}
        assert rejection["code"] in ("INSUFFICIENT_LIQUIDITY", "PRICE_RANGE", "OVERFLOW")


def test_quotes_tell_the_most_input_when_they_are_asked_for_an_output(functions: Functions):
    answer = functions.get("/api/quotes", query=QUERY | {"slippageBps": "50"})

    document = answer.document
    amount_in = int(units(document["amountIn"], SOL))
    assert answer.status == 200
    assert document["amountOut"] == document["route"]["amountOut"] == "25000"
    assert document["amountIn"] == document["route"]["amountIn"]
    assert units(document["maxAmountIn"], SOL) == amount_in + amount_in * 50 // 10_000
    assert "minAmountOut" not in document


def test_quotes_for_an_output_are_those_that_an_order_would_get(functions: Functions):
    order_id = functions.world.submit(amount_out=WANTED)
    functions.world.run()

    document = functions.get("/api/quotes", query=QUERY).document

    building = get_order(functions, order_id)["events"][2]
    for name in ("quotes", "rejections", "route", "maxAmountIn"):
        assert document[name] == building[name]


@pytest.mark.parametrize(
    "changes", [{"amount": "1"}, {"amountOut": "left out"}], ids=["both", "none"]
)
def test_quotes_are_refused_when_there_is_not_one_amount(functions: Functions, changes):
    query = {name: text for name, text in (QUERY | changes).items() if text != "left out"}

    answer = functions.get("/api/quotes", query=query)

    assert (answer.status, answer.document["code"]) == (400, "INVALID_REQUEST")


def test_pools_are_all_listed_with_their_prices(functions: Functions):
    answer = functions.get("/api/pools")

    slot = slot_at(functions.world.clock.at)
    pools = {document["pool"]: document for document in answer.document["pools"]}
    assert (answer.status, answer.document["slot"]) == (200, slot)
    assert len(answer.document["pools"]) == len(pools) == len(POOLS)
    for listed in POOLS:
        document = pools[listed.address]
        state = functions.world.market.pool(listed.address, slot)
        assert (document["venue"], document["kind"]) == (listed.venue, state.kind)
        assert (document["tokenA"], document["tokenB"]) == (
            listed.token_a.symbol,
            listed.token_b.symbol,
        )
        assert (document["mintA"], document["mintB"]) == (state.mint_a, state.mint_b)
        expected = price_of(functions.world.market, listed, slot)
        assert abs(Decimal(document["price"]) / expected - 1) < Decimal("0.06")


def price_of(market, listed, slot):
    """What the two tokens are worth in dollars, which pools stray from by a few percent."""
    return Decimal(market.fair_price(listed.token_a, slot)) / market.fair_price(
        listed.token_b, slot
    )


def test_price_of_a_pool_is_what_a_small_swap_pays_before_fees(functions: Functions):
    slot = slot_at(functions.world.clock.at)

    documents = functions.get("/api/pools").document["pools"]

    for document in documents:
        state = functions.world.market.pool(document["pool"], slot)
        exact = state.marginal_price(state.mint_a)
        decimals = find_token(state.mint_a).decimals - find_token(state.mint_b).decimals
        price = Decimal(exact.numerator) / exact.denominator * Decimal(10) ** decimals
        assert abs(Decimal(document["price"]) / price - 1) < Decimal("1e-11")


def test_every_token_is_in_a_listed_pool(functions: Functions):
    pools = functions.get("/api/pools").document["pools"]

    traded = {pool["tokenA"] for pool in pools} | {pool["tokenB"] for pool in pools}
    assert traded == {token.symbol for token in TOKENS}
