import json
from decimal import Decimal

import pytest

from chalicelib.domain.token_list import SOL, USDC, find_pair, find_token
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import slot_at
from tests.unit.functions import Functions
from tests.world import FIVE

WANTED = 25_000 * 10**6
RAY_WIF = find_pair("RAY", "WIF")
FIELDS = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amountOut": 1.5}
QUERY = {"tokenIn": "SOL", "tokenOut": "USDC", "amountOut": "25000"}


def get_order(functions, order_id):
    return functions.get("/api/orders/{order_id}", path={"order_id": order_id}).document


def posted(functions, **changes):
    fields = {name: value for name, value in (FIELDS | changes).items() if value != "left out"}
    return functions.post(json.dumps(fields))


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
