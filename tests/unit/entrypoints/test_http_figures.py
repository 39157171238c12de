"""GET /api/prices and GET /api/statistics."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.unit.entrypoints.contract import check_answer
from tests.unit.functions import Functions

PRICES, STATISTICS = "/api/prices", "/api/statistics"
SOL_FOR_USDC = {"tokenIn": "SOL", "tokenOut": "USDC"}


def is_sol_usdc(pool: dict[str, str]) -> bool:
    return {pool["tokenA"], pool["tokenB"]} == {"SOL", "USDC"}


def price_of_sol(pool: dict[str, str]) -> Decimal:
    price = Decimal(pool["price"])
    return price if pool["tokenA"] == "SOL" else 1 / price


def test_prices_are_as_documented_when_asked_for(functions: Functions) -> None:
    answer = functions.get(PRICES, query=SOL_FOR_USDC)

    check_answer("GET", PRICES, answer)
    assert answer.document["venues"] == ["meteora", "raydium"]
    assert len(answer.document["points"]) > 60


def test_prices_are_in_whole_tokens_and_near_those_of_the_pools(functions: Functions) -> None:
    [*_, point] = functions.get(PRICES, query=SOL_FOR_USDC).document["points"]
    pools = functions.get("/api/pools").document["pools"]

    assert Decimal(point["bestRoute"]) >= max(map(Decimal, point["prices"].values()))
    for venue, price in point["prices"].items():
        of_venue = [pool for pool in pools if pool["venue"] == venue]
        best = max(price_of_sol(pool) for pool in of_venue if is_sol_usdc(pool))
        # The last point may be some slots old, and knows the fees.
        assert abs(best / Decimal(price) - 1) < Decimal("0.004")


def test_prices_go_on_after_a_slot_when_it_is_given(functions: Functions) -> None:
    points = functions.get(PRICES, query=SOL_FOR_USDC).document["points"]
    known = points[-3]["slot"]

    answer = functions.get(PRICES, query=SOL_FOR_USDC | {"afterSlot": str(known)})

    assert answer.document["points"] == points[-2:]


def test_prices_are_the_best_route_alone_when_no_pool_trades_the_pair(functions: Functions) -> None:
    answer = functions.get(PRICES, query={"tokenIn": "WIF", "tokenOut": "JUP"})

    check_answer("GET", PRICES, answer)
    assert answer.document["venues"] == []
    # 1.90 dollars for 0.85, and what the market has made of it.
    assert all(1 < float(point["bestRoute"]) < 5 for point in answer.document["points"])
    assert all(point["prices"] == {} for point in answer.document["points"])
    assert len(answer.document["points"]) > 60


@pytest.mark.parametrize(
    ("resource", "changes", "status", "code"),
    [
        (PRICES, {"minutes": "0"}, 422, "INVALID_MINUTES"),
        (PRICES, {"minutes": "61"}, 422, "INVALID_MINUTES"),
        (PRICES, {"minutes": "5.0"}, 422, "INVALID_MINUTES"),
        (PRICES, {"afterSlot": "-1"}, 422, "INVALID_SLOT"),
        (PRICES, {"afterSlot": "9" * 30}, 422, "INVALID_SLOT"),
        (PRICES, {"tokenOut": "SOL"}, 422, "SAME_TOKEN"),
        (PRICES, {"tokenOut": "GOLD"}, 422, "UNKNOWN_TOKEN"),
        (PRICES, {"amount": "1"}, 400, "INVALID_REQUEST"),
        (STATISTICS, {"minutes": "none"}, 422, "INVALID_MINUTES"),
        (STATISTICS, {"tokenIn": "SOL"}, 400, "INVALID_REQUEST"),
    ],
    ids=str,
)
def test_figures_are_refused_when_the_question_is_wrong(
    functions: Functions, resource: str, changes: dict[str, str], status: int, code: str
) -> None:
    query = (SOL_FOR_USDC if resource == PRICES else {}) | changes

    answer = functions.get(resource, query=query)

    assert (answer.status, answer.document["code"]) == (status, code)
    check_answer("GET", resource, answer)


def test_statistics_tell_what_became_of_the_orders(functions: Functions) -> None:
    functions.world.submit()
    functions.world.run()
    functions.world.clock.at += timedelta(minutes=1)
    functions.world.submit()

    answer = functions.get(STATISTICS, query={"minutes": "3"})

    check_answer("GET", STATISTICS, answer)
    document = answer.document
    assert (document["accepted"], document["confirmed"], document["unfinished"]) == (2, 1, 1)
    assert document["failed"] == {}
    assert [minute["accepted"] for minute in document["perMinute"]] == [0, 1, 1]
    starts = [datetime.fromisoformat(m["timestamp"]) for m in document["perMinute"]]
    assert starts[2] - starts[0] == timedelta(minutes=2)


def test_statistics_have_no_times_when_nothing_was_confirmed(functions: Functions) -> None:
    answer = functions.get(STATISTICS)

    check_answer("GET", STATISTICS, answer)
    assert answer.document["secondsToConfirmed"] is None
    assert len(answer.document["perMinute"]) == 15
