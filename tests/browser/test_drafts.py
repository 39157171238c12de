"""What the ticket's fields become: bodies as the service takes them, or what is wrong."""

from typing import Any

import pytest

from tests.browser.conftest import Call

FIELDS = {
    **{"type": "MARKET", "pace": "DCA", "tokenIn": "SOL", "tokenOut": "USDC", "given": "amount"},
    **{"amount": "1", "slippage": "1", "impact": "15", "count": "1", "expiry": "", "price": ""},
    **{"minPrice": "", "maxPrice": "", "priceIn": "USDC", "condition": "below", "slices": "24"},
    **{"span": "2", "spanUnit": "3600", "mint": "", "symbolContains": "", "minLiquidity": ""},
    **{"maxFee": "", "retryFor": "30", "takeProfit": "", "stopLoss": "", "trailing": ""},
    "maxHold": "",
}
SELL = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
DEFAULTS = {"slippageBps": 100, "maxPriceImpactBps": 1500}
MINT = "2aPTU8pLoRGdQ6xVLf5bMrXHkuSf7bLEoQ5mDrpTMcSL"
AT_MS = 1_790_000_000_000
AN_HOUR_LATER = "2026-09-21T15:13:20.000Z"
LIMIT = {"type": "LIMIT", "price": "160"}
DCA, TWAP = {"type": "DCA"}, {"type": "DCA", "pace": "TWAP"}
HUNT = {"type": "SNIPER", "tokenIn": "SOL", "amount": "1", "retryFor": 30} | DEFAULTS
EXIT = {"takeProfit": "150", "stopLoss": "25", "trailing": "8.5", "maxHold": "0.5"}

ORDERS: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({}, SELL | DEFAULTS | {"type": "MARKET"}, "Sell 1 SOL for USDC"),
    (
        {"given": "amountOut", "amount": "2500"},
        {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amountOut": "2500"} | DEFAULTS,
        "Buy 2,500 USDC with SOL",
    ),
    (
        LIMIT,
        SELL
        | {"type": "LIMIT", "limitPrice": "160", "priceIn": "USDC"}
        | {"maxPriceImpactBps": 1500},
        "Sell 1 SOL if ≥ 160",
    ),
    (
        LIMIT | EXIT | {"tokenIn": "USDC", "tokenOut": "SOL", "expiry": "3600"},
        {"type": "LIMIT", "tokenIn": "USDC", "tokenOut": "SOL", "amount": "1"}
        | {"limitPrice": "160", "priceIn": "USDC", "timeInForce": "GTT"}
        | {"expiresAt": AN_HOUR_LATER}
        | DEFAULTS
        | {
            "exit": {
                "takeProfitBps": 15_000,
                "stopLossBps": 2500,
                "trailingBps": 850,
                "maxHoldSeconds": 1800,
            }
        },
        "Buy SOL for 1 USDC if ≤ 160",
    ),
    (
        # A stop has no exit: what the hidden fields say does not matter.
        EXIT | {"type": "STOP", "price": "142", "expiry": "3600"},
        SELL
        | {"type": "STOP", "triggerPrice": "142", "triggerCondition": "below"}
        | {"priceIn": "USDC", "expiresAt": AN_HOUR_LATER}
        | DEFAULTS,
        "Sell 1 SOL if ≤ 142",
    ),
    (
        DCA,
        SELL | {"type": "DCA", "slices": 24, "intervalSeconds": 7200} | DEFAULTS,
        "Sell 1 SOL in 24 parts",
    ),
    (
        DCA | {"maxPrice": "170", "given": "amountOut"},
        SELL
        | {"type": "DCA", "slices": 24, "intervalSeconds": 7200, "maxPrice": "170"}
        | {"priceIn": "USDC"}
        | DEFAULTS,
        "Sell 1 SOL in 24 parts",
    ),
    (
        TWAP | {"price": "140"},
        SELL
        | {"type": "TWAP", "slices": 24, "durationSeconds": 7200, "limitPrice": "140"}
        | {"priceIn": "USDC"}
        | DEFAULTS,
        "Sell 1 SOL in 24 parts",
    ),
    (
        {"type": "SNIPER", "symbolContains": "cat", "sellable": "on", "maxFee": "3"},
        HUNT | {"symbolContains": "cat", "guards": {"maxFeeBps": 300, "sellable": True}},
        "Snipe any new token for 1 SOL",
    ),
    (
        {"type": "SNIPER", "symbolContains": "cat", "mint": MINT, "minLiquidity": "50"},
        HUNT | {"tokenOut": MINT, "guards": {"minLiquidity": "50"}},
        "Snipe 2aPT… for 1 SOL",
    ),
]


@pytest.mark.parametrize(("fields", "body", "deed"), ORDERS, ids=[case[2] for case in ORDERS])
def test_fields_become_a_body_and_its_deed(
    call: Call, fields: dict[str, str], body: dict[str, Any], deed: str
) -> None:
    draft = call("draft.js", "draftOf", FIELDS | fields)

    assert (draft["problem"], draft["field"]) == ("", None)
    assert call("draft.js", "bodyOf", draft["order"], AT_MS) == body
    assert call("deed.js", "deed", draft["order"]) == deed
    assert call("deed.js", "deed", draft["order"], 3) == f"{deed}, 3 times"
    untimed = {k: v for k, v in body.items() if k not in ("expiresAt", "timeInForce")}
    again = FIELDS | call("draft_values.js", "valuesOf", untimed)
    assert call("draft.js", "bodyOf", call("draft.js", "draftOf", again)["order"], 0) == untimed


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tokenOut": "SOL"}, "tokenOut"),
        ({"count": "51"}, "count"),
        (LIMIT | {"price": ""}, "price"),
        ({"type": "STOP", "price": "1e3"}, "price"),
        (DCA | {"minPrice": "170", "maxPrice": "160"}, "maxPrice"),
        (DCA | {"slices": "1001"}, "slices"),
        (TWAP | {"span": "0"}, "span"),
        ({"type": "SNIPER", "mint": "MOONCAT"}, "mint"),
        ({"type": "SNIPER", "retryFor": "601"}, "retryFor"),
        ({"type": "SNIPER", "maxFee": "101"}, "maxFee"),
        ({"takeProfit": "10000.01"}, "takeProfit"),
        ({"stopLoss": "100"}, "stopLoss"),
        ({"trailing": "51"}, "trailing"),
        ({"maxHold": "2161"}, "maxHold"),
    ],
)
def test_first_field_that_is_wrong_is_named(call: Call, fields: dict[str, str], field: str) -> None:
    draft = call("draft.js", "draftOf", FIELDS | fields)

    assert (draft["order"], draft["field"]) == (None, field)
    assert draft["problem"].endswith(".")


@pytest.mark.parametrize(
    ("price", "text"),
    [(147.1881234, "147.188"), (0.00002212345, "0.0000221234"), (1234567.8, "1234568"), (2, "2")],
)
def test_price_is_a_plain_decimal(call: Call, price: float, text: str) -> None:
    assert call("price_units.js", "priceText", price) == text


@pytest.mark.parametrize(
    ("amount", "parts", "decimals", "each"),
    [("1", 24, 9, "0.041666666"), ("100", 4, 6, "25"), ("0.000001", 2, 6, "0"), ("7", 2, 0, "3")],
)
def test_part_is_rounded_down(
    call: Call, amount: str, parts: int, decimals: int, each: str
) -> None:
    assert call("schedule.js", "divided", amount, parts, decimals) == each


def test_last_part_is_due_one_interval_before_the_end(call: Call) -> None:
    day = {"slices": 24, "durationSeconds": 86_400}

    assert call("schedule.js", "gridOf", day, 0)["endsAt"] == 23 * 3_600_000
    assert call("schedule.js", "gridOf", {"slices": 1, "intervalSeconds": 60}, 5)["endsAt"] == 5
