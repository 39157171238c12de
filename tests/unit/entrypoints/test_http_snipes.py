"""Orders that wait for a new pool, over HTTP: what is taken and shown, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.simulation.market import SLOT
from tests.launches import go_to, honest
from tests.unit.entrypoints.test_http_edit import edit as patch
from tests.unit.entrypoints.test_http_waiting import check_refused, place, shown
from tests.unit.functions import Functions

LAUNCH = honest()
MINT = LAUNCH.token.mint
SNIPE: dict[str, Any] = {"type": "SNIPER", "tokenIn": "SOL", "amount": "0.5"}
GUARDS = {
    "minLiquidity": "1.5",
    "maxLiquidity": "50000",
    "maxPriceImpactBps": 900,
    "maxFeeBps": 1000,
    "maxPrice": "0.0010",
    "maxPoolAgeSlots": 150,
    "venues": ["meteora", "raydium"],
    "mintRenounced": True,
    "notFreezable": True,
    "liquidityLocked": True,
    "sellable": True,
}


@pytest.mark.parametrize(
    "order",
    [
        SNIPE,
        SNIPE | {"tokenOut": MINT, "guards": GUARDS, "retryFor": 0, "slippageBps": 1000},
        SNIPE | {"symbolContains": "cat", "creator": LAUNCH.creator},
        SNIPE | {"tokenOut": MINT, "existing": True, "exit": {"takeProfitBps": 5000}},
        SNIPE | {"tokenIn": "USDC", "expiresAt": "2026-01-02T03:04:05.000Z"},
    ],
)
def test_order_is_open_and_shown_as_it_was_written(
    functions: Functions, order: dict[str, Any]
) -> None:
    answer = place(functions, order)

    assert answer.status == 202, answer.document
    later = shown(functions, answer.document["orderId"])
    for document in (answer.document, later):
        assert document.items() >= order.items()
        assert ("tokenOut" in document) == ("tokenOut" in order)
        assert (document["poolsJudged"], document["verdicts"]) == (0, [])
        assert document["retryFor"] == order.get("retryFor", 30)
    assert (later["status"], later["waitingFor"]) == ("open", "pool")


def test_bought_token_and_verdicts_are_shown(functions: Functions) -> None:
    go_to(functions.world, LAUNCH.created_slot - 3)
    choosy = place(functions, SNIPE | {"guards": {"minLiquidity": "1000000"}}).document
    quick = place(functions, SNIPE | {"tokenOut": MINT, "slippageBps": 2000}).document

    functions.world.pass_time(timedelta(seconds=20), step=SLOT)

    waiting, bought = (shown(functions, each["orderId"]) for each in (choosy, quick))
    [verdict] = waiting["verdicts"]
    assert verdict["code"] == "LIQUIDITY_TOO_LOW"
    assert (verdict["wanted"], verdict["final"]) == ("1000000", False)
    assert verdict["mint"] == MINT
    assert waiting["events"][1]["verdict"] == verdict
    assert waiting["poolsJudged"] == 1
    assert bought["status"] == "confirmed"
    assert bought["tokenOut"] == LAUNCH.token.symbol
    assert bought["pool"] == LAUNCH.pool.address
    assert [each["code"] for each in bought["verdicts"]] == ["PASSED"]
    trigger = bought["events"][1]["trigger"]
    assert (trigger["kind"], trigger["pool"]) == ("pool", LAUNCH.pool.address)
    assert "price" not in trigger
    assert bought["events"][1]["verdict"] == bought["verdicts"][0]
    assert bought["events"][2]["route"]["legs"][0]["pool"] == LAUNCH.pool.address


def test_repeated_request_is_answered_as_at_first(functions: Functions) -> None:
    go_to(functions.world, LAUNCH.created_slot - 3)
    order = SNIPE | {"tokenOut": MINT, "slippageBps": 2000}
    first = place(functions, order, key="mine").document
    functions.world.pass_time(timedelta(seconds=10), step=SLOT)

    again = place(functions, order, key="mine")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.document == first | {"streamUrl": again.document["streamUrl"]}


def test_guards_slippage_and_expiry_are_edited(functions: Functions) -> None:
    order_id = place(functions, SNIPE | {"guards": GUARDS}).document["orderId"]

    looser = patch(functions, order_id, {"guards": {"sellable": True}, "slippageBps": 700}, "1")
    none = patch(functions, order_id, {"guards": {}}, "2")
    refused = patch(functions, order_id, {"tokenOut": MINT}, "3")
    contradiction = {"guards": {"minLiquidity": "2", "maxLiquidity": "1"}}
    contradictory = patch(functions, order_id, contradiction, "3")

    assert looser.document["guards"] == {"sellable": True}
    assert none.document["guards"] == {}
    assert (refused.status, refused.document["code"]) == (422, "NOT_EDITABLE")
    assert (contradictory.status, contradictory.document["code"]) == (422, "INVALID_GUARDS")
    changed = [event["changed"] for event in shown(functions, order_id)["events"][1:]]
    assert changed == [{"guards": {"sellable": True}, "slippageBps": 700}, {"guards": {}}]


def guarded(**guards: object) -> dict[str, Any]:
    return SNIPE | {"guards": guards}


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no base58": (SNIPE | {"tokenOut": "0OIl" * 10}, 422, "INVALID_ADDRESS"),
    "too short": (SNIPE | {"tokenOut": MINT[:-2]}, 422, "INVALID_ADDRESS"),
    "a name": (SNIPE | {"tokenOut": "MOONCAT"}, 422, "INVALID_ADDRESS"),
    "a number": (SNIPE | {"tokenOut": 5}, 422, "INVALID_ADDRESS"),
    "creator": (SNIPE | {"creator": "me"}, 422, "INVALID_ADDRESS"),
    "listed token": (SNIPE | {"tokenOut": "BONK"}, 422, "POOL_ALREADY_LISTED"),
    "its own input": (SNIPE | {"tokenOut": "SOL"}, 422, "POOL_ALREADY_LISTED"),
    "unknown input": (SNIPE | {"tokenIn": MINT}, 422, "UNKNOWN_TOKEN"),
    "no amount": ({"type": "SNIPER", "tokenIn": "SOL"}, 400, "INVALID_REQUEST"),
    "amount of nothing": (SNIPE | {"amount": "0"}, 422, "INVALID_AMOUNT"),
    "exact output": (SNIPE | {"amountOut": "1"}, 400, "INVALID_REQUEST"),
    "retry too long": (SNIPE | {"retryFor": 601}, 422, "INVALID_RETRY"),
    "retry as text": (SNIPE | {"retryFor": "30"}, 422, "INVALID_RETRY"),
    "less than least": (guarded(minLiquidity="2", maxLiquidity="1"), 422, "INVALID_GUARDS"),
    "liquidity of nothing": (guarded(minLiquidity="0"), 422, "INVALID_AMOUNT"),
    "too many decimals": (guarded(minLiquidity="0.0000000001"), 422, "AMOUNT_PRECISION"),
    "bps": (guarded(maxFeeBps=10_001), 422, "INVALID_GUARDS"),
    "half a bps": (guarded(maxPriceImpactBps=0.5), 422, "INVALID_GUARDS"),
    "age": (guarded(maxPoolAgeSlots=-1), 422, "INVALID_GUARDS"),
    "price of nothing": (guarded(maxPrice="0"), 422, "INVALID_PRICE"),
    "no venue": (guarded(venues=[]), 422, "INVALID_GUARDS"),
    "venue as text": (guarded(venues="raydium"), 422, "INVALID_GUARDS"),
    "unknown venue": (guarded(venues=["orca"]), 422, "GUARD_NOT_ANSWERABLE"),
    "no object": (SNIPE | {"guards": []}, 422, "INVALID_GUARDS"),
    "null": (guarded(maxFeeBps=None), 400, "INVALID_REQUEST"),
    "unknown guard": (guarded(noRugs=True), 400, "INVALID_REQUEST"),
    "property as text": (guarded(sellable="yes"), 400, "INVALID_REQUEST"),
    "name of a known token": (
        SNIPE | {"tokenOut": MINT, "symbolContains": "CAT"},
        422,
        "INVALID_GUARDS",
    ),
    "empty name": (SNIPE | {"symbolContains": ""}, 400, "INVALID_REQUEST"),
    "any that exists": (SNIPE | {"existing": True}, 422, "INVALID_GUARDS"),
    "expiry": (SNIPE | {"expiresAt": "2025-01-01T00:00:00Z"}, 422, "INVALID_EXPIRY"),
    "a price": (SNIPE | {"limitPrice": "1"}, 400, "INVALID_REQUEST"),
    "exit": (SNIPE | {"exit": {}}, 400, "INVALID_REQUEST"),
}


@pytest.mark.parametrize(("order", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_order_is_refused_with_its_code_and_nothing_is_stored(
    functions: Functions, order: dict[str, Any], status: int, code: str
) -> None:
    check_refused(functions, order, status, code)


def test_pool_that_is_there_already_is_refused(functions: Functions) -> None:
    go_to(functions.world, LAUNCH.created_slot)

    answer = place(functions, SNIPE | {"tokenOut": MINT})

    assert (answer.status, answer.document["code"]) == (422, "POOL_ALREADY_LISTED")
