"""Ruinous trades, as a client of the HTTP API meets them: quotes warn of them, orders fail."""

import json
from typing import Any

import pytest

from tests.unit.entrypoints.contract import check_answer
from tests.unit.functions import Functions

RUINOUS = [{"amount": "200000"}, {"amountOut": "4000000", "maxPriceImpactBps": "10"}]
PAIR = {"tokenIn": "SOL", "tokenOut": "USDC"}

ruinous = pytest.mark.parametrize("trade", RUINOUS, ids=["exact in", "exact out"])


def quoted(functions: Functions, **query: str) -> Any:
    answer = functions.get("/api/quotes", query=PAIR | query)
    check_answer("GET", "/api/quotes", answer)
    assert answer.status == 200
    return answer.document


@ruinous
def test_quote_warns_of_what_the_order_fails_of(
    functions: Functions, trade: dict[str, str]
) -> None:
    quotes = quoted(functions, **trade)
    placed = functions.post(json.dumps(PAIR | trade | {"type": "MARKET"}))
    functions.world.run()

    path = {"order_id": placed.document["orderId"]}
    order = functions.get("/api/orders/{order_id}", path=path)
    failed = {name: order.document[name] for name in ("code", "message")}
    assert quotes["route"]["priceImpactBps"] > quotes["maxPriceImpactBps"]
    assert failed == quotes["warning"]
    assert failed["code"] == "PRICE_IMPACT_TOO_HIGH"
    check_answer("GET", "/api/orders/{order_id}", order)


@ruinous
@pytest.mark.parametrize("above", [-1, 0])
def test_quote_warns_when_the_price_impact_is_above_the_limit_that_was_asked_with(
    functions: Functions, trade: dict[str, str], above: int
) -> None:
    route = quoted(functions, **trade)["route"]
    limit = route["priceImpactBps"] + above

    quotes = quoted(functions, **trade | {"maxPriceImpactBps": str(limit)})

    assert (quotes["route"], quotes["maxPriceImpactBps"]) == (route, limit)
    assert ("warning" in quotes) is (above < 0)


@pytest.mark.parametrize("amount", ["0.00000002", "1", "1000"])
def test_quote_has_no_warning_when_the_price_impact_is_small(
    functions: Functions, amount: str
) -> None:
    assert "warning" not in quoted(functions, amount=amount)
