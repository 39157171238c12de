from typing import Any

import pytest

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from tests.unit.functions import Answer, Functions

SOL_FOR_USDC = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}


def building_of(functions: Functions, order_id: OrderId) -> Any:
    answer = functions.get("/api/orders/{order_id}", path={"order_id": order_id})
    return answer.document["events"][2]


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.document["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_quotes_are_those_that_an_order_would_get(functions: Functions) -> None:
    order_id = functions.world.submit(slippage_bps=250)
    functions.world.run()

    answer = functions.get("/api/quotes", query=SOL_FOR_USDC | {"slippageBps": "250"})

    building = building_of(functions, order_id)
    same = ("quotes", "rejections", "route", "minAmountOut")
    assert answer.status == 200
    assert answer.document == {
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "amountIn": "1",
        "amountOut": building["route"]["amountOut"],
        "maxPriceImpactBps": 1_500,
        **{name: building[name] for name in same},
    }
    assert building["quotes"][0].keys() == {
        "venue",
        "kind",
        "pool",
        "amountIn",
        "amountOut",
        "priceImpactBps",
        "feeBps",
    }


def test_quotes_promise_the_least_output_that_an_order_would_insist_on(
    functions: Functions,
) -> None:
    order_id = functions.world.submit(slippage_bps=10_000)
    functions.world.run()

    answer = functions.get("/api/quotes", query=SOL_FOR_USDC | {"slippageBps": "10000"})

    building = building_of(functions, order_id)
    assert answer.document["minAmountOut"] == building["minAmountOut"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "0"}, 422, "INVALID_AMOUNT"),
        ({"amount": "1e3"}, 422, "INVALID_AMOUNT"),
        ({"amount": "99999999999999999999"}, 422, "AMOUNT_RANGE"),
        ({"tokenOut": "wSOL"}, 422, "SAME_TOKEN"),
        ({"slippageBps": "-1"}, 422, "INVALID_SLIPPAGE"),
        ({"maxPriceImpactBps": "10001"}, 422, "INVALID_MAX_PRICE_IMPACT"),
        ({"limit": "1"}, 400, "INVALID_REQUEST"),
        ({"tokenIn": "BONK", "tokenOut": "SOL", "amount": "0.00001"}, 422, "ZERO_OUTPUT"),
        ({"amount": None, "amountOut": "1000000000"}, 422, "INSUFFICIENT_LIQUIDITY"),
        ({"amount": None, "amountOut": "0"}, 422, "INVALID_AMOUNT"),
        ({"amount": None, "amountOut": "0.0000001"}, 422, "AMOUNT_PRECISION"),
        ({"amount": None, "amountOut": "18446744073709.551616"}, 422, "AMOUNT_RANGE"),
        ({"amount": None}, 400, "INVALID_REQUEST"),
        ({"amountOut": "1"}, 400, "INVALID_REQUEST"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_quotes_are_refused_when_there_can_be_none(
    functions: Functions, changes: dict[str, str | None], status: int, code: str
) -> None:
    query = {name: text for name, text in (SOL_FOR_USDC | changes).items() if text is not None}

    assert_problem(functions.get("/api/quotes", query=query), status, code)


@pytest.mark.parametrize(
    ("asked", "member"),
    [
        ({"tokenIn": "mSOL", "tokenOut": "SOL", "amount": "900000"}, "amountInMax"),
        ({"tokenIn": "SOL", "tokenOut": "USDC", "amountOut": "1000000000"}, "amountOutMax"),
    ],
    ids=["exact in", "exact out"],
)
def test_refused_quote_says_how_much_can_be_filled(
    functions: Functions, asked: dict[str, str], member: str
) -> None:
    refused = functions.get("/api/quotes", query=asked)

    assert_problem(refused, 422, "INSUFFICIENT_LIQUIDITY")
    most = refused.document[member]
    assert f"At most {most} " in refused.document["detail"]
    given = "amount" if "amount" in asked else "amountOut"
    assert functions.get("/api/quotes", query=asked | {given: most}).document["route"]


def test_quotes_are_refused_when_they_are_asked_for_without_a_query(functions: Functions) -> None:
    assert_problem(functions.get("/api/quotes"), 400, "INVALID_REQUEST")


def test_quotes_are_those_of_the_venues_that_answer(functions: Functions) -> None:
    functions.world.outages["meteora"] = QuoteTimeoutError()

    document = functions.get("/api/quotes", query=SOL_FOR_USDC).document

    assert {quote["venue"] for quote in document["quotes"]} == {"raydium"}
    assert {leg["venue"] for leg in document["route"]["legs"]} == {"raydium"}


def test_quotes_are_to_be_asked_for_again_when_no_venue_answers(functions: Functions) -> None:
    functions.world.outages |= {"raydium": QuoteTimeoutError(), "meteora": QuoteTimeoutError()}

    answer = functions.get("/api/quotes", query=SOL_FOR_USDC)

    assert_problem(answer, 503, "QUOTE_TIMEOUT")
    assert answer.headers["Retry-After"] == "1"


def test_tokens_are_listed(functions: Functions) -> None:
    tokens = functions.get("/api/tokens").document["tokens"]

    symbols = [token["symbol"] for token in tokens]
    assert symbols == ["SOL", "USDC", "USDT", "BONK", "JUP", "RAY", "WIF", "mSOL"]
    assert tokens[0] == {
        "symbol": "SOL",
        "mint": "So11111111111111111111111111111111111111112",
        "decimals": 9,
    }


def test_health_asks_nobody(functions: Functions) -> None:
    answer = functions.get("/api/health")

    assert (answer.status, answer.document) == (200, {"status": "ok"})
    assert not functions.world.journal


def test_service_is_ready_when_everything_answers(functions: Functions) -> None:
    answer = functions.get("/api/ready")

    assert (answer.status, answer.document) == (
        200,
        {
            "status": "ready",
            "dependencies": dict.fromkeys(("postgres", "queue", "connections", "watcher"), "ok"),
            "halted": False,
        },
    )


@pytest.mark.parametrize(
    ("port", "dependency"),
    [("store", "postgres"), ("order_queue", "queue"), ("followers", "connections")],
)
def test_service_is_not_ready_when_a_dependency_is_down(
    functions: Functions, port: str, dependency: str
) -> None:
    functions.world.outages[port] = UnavailableError("secret")

    answer = functions.get("/api/ready")

    assert (answer.status, answer.document["status"]) == (503, "unavailable")
    states = answer.document["dependencies"]
    assert {name for name, state in states.items() if state != "ok"} == {dependency}
    assert "secret" not in answer.body
