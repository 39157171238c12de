"""The commands for orders that wait: from the command line to the body of the request."""

import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import canned
from tests.unit.client.fake_stream import ORDER_ID
from tests.unit.client.test_cli import ORDER, orders_at

EXECUTE = "/api/orders/execute"
MINT = "2aPTU8pLoRGdQ6xVLf5bMrXHkuSf7bLEoQ5mDrpTMcSL"
CREATOR = "ENFc9Fj8E7WBjgPRE9quDQPSopfy5pNJBz9MAYmg61Af"
PAY = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "9", "slippageBps": 100}
HELD = {name: value for name, value in PAY.items() if name != "slippageBps"}
BUY = {"tokenIn": "SOL", "tokenOut": "USDC", "amountOut": "9", "slippageBps": 50}
ANY = {"type": "SNIPER", "tokenIn": "SOL", "amount": "0.5", "slippageBps": 100}
EXIT_OPTIONS = "--take-profit-bps 5000 --stop-loss-bps 2500 --exit-trailing-bps 800 --max-hold 90m"
EXIT = {"takeProfitBps": 5000, "stopLossBps": 2500, "trailingBps": 800, "maxHoldSeconds": 5400}
STRICT = {
    "mintRenounced": True,
    "notFreezable": True,
    "liquidityLocked": True,
    "sellable": True,
}
# A moment stands for how far it lies ahead.
BODIES: dict[str, dict[str, Any]] = {
    "limit SOL USDC 9 --price 150": {"type": "LIMIT", **HELD, "limitPrice": "150"},
    "limit SOL USDC 9 --price 150 --price-in USDC --exact-out --time-in-force FOK": {
        "type": "LIMIT",
        "tokenIn": "SOL",
        "tokenOut": "USDC",
        "amountOut": "9",
        "limitPrice": "150",
        "priceIn": "USDC",
        "timeInForce": "FOK",
    },
    f"limit SOL USDC 9 --price 1 --expires-in 15m --slippage-bps 7 {EXIT_OPTIONS}": {
        "type": "LIMIT",
        **HELD,
        "limitPrice": "1",
        "timeInForce": "GTT",
        "expiresAt": timedelta(minutes=15),
        "slippageBps": 7,
        "exit": EXIT,
    },
    "stop SOL USDC 9 --price 120 --below": {
        "type": "STOP",
        **PAY,
        "triggerPrice": "120",
        "triggerCondition": "below",
    },
    "stop SOL USDC 9 --price 1 --above --exact-out --slippage-bps 50 --trigger-if-met": {
        "type": "STOP",
        **BUY,
        "triggerPrice": "1",
        "triggerCondition": "above",
        "triggerIfMet": True,
    },
    "trail SOL USDC 9 --trailing-bps 800": {"type": "TRAILING_STOP", **PAY, "trailingBps": 800},
    "trail SOL USDC 9 --trailing-bps 8 --activation-price 170 --price-in USDC --expires-in 7d": {
        "type": "TRAILING_STOP",
        **PAY,
        "trailingBps": 8,
        "activationPrice": "170",
        "priceIn": "USDC",
        "expiresAt": timedelta(days=7),
    },
    "oco SOL USDC 9 --take-profit-price 200 --stop-price 120 --max-price-impact-bps 30": {
        "type": "OCO",
        **PAY,
        "takeProfitPrice": "200",
        "stopPrice": "120",
        "maxPriceImpactBps": 30,
    },
    "dca SOL USDC 9 --slices 24 --every 1h": {
        "type": "DCA",
        **PAY,
        "slices": 24,
        "intervalSeconds": 3_600,
    },
    "dca SOL USDC 9 --slices 2 --every 60s --min-price 1 --max-price 2 --price-in SOL "
    "--starts-in 30s --catch-up": {
        "type": "DCA",
        **PAY,
        "slices": 2,
        "intervalSeconds": 60,
        "minPrice": "1",
        "maxPrice": "2",
        "priceIn": "SOL",
        "startAt": timedelta(seconds=30),
        "onMissed": "catchUp",
    },
    "twap SOL USDC 9 --slices 60 --over 1h --price 150 --skip": {
        "type": "TWAP",
        **PAY,
        "slices": 60,
        "durationSeconds": 3_600,
        "limitPrice": "150",
        "onMissed": "skip",
    },
    "snipe SOL 0.5": ANY,
    f"snipe SOL 0.5 {MINT} --existing --retry-for 0s --expires-in 12h": {
        **ANY,
        "tokenOut": MINT,
        "existing": True,
        "retryFor": 0,
        "expiresAt": timedelta(hours=12),
    },
    f"snipe SOL 0.5 --symbol-contains cat --creator {CREATOR} --retry-for 10m": {
        **ANY,
        "symbolContains": "cat",
        "creator": CREATOR,
        "retryFor": 600,
    },
    "snipe SOL 0.5 --min-liquidity 50 --max-liquidity 5000 --max-price 0.001 --max-fee-bps 200 "
    "--max-pool-impact-bps 500 --max-pool-age-slots 150 --venue raydium --venue meteora": {
        **ANY,
        "guards": {
            "minLiquidity": "50",
            "maxLiquidity": "5000",
            "maxPrice": "0.001",
            "maxFeeBps": 200,
            "maxPriceImpactBps": 500,
            "maxPoolAgeSlots": 150,
            "venues": ["raydium", "meteora"],
        },
    },
    "snipe SOL 0.5 --mint-renounced": {**ANY, "guards": {"mintRenounced": True}},
    "snipe SOL 0.5 --not-freezable": {**ANY, "guards": {"notFreezable": True}},
    "snipe SOL 0.5 --liquidity-locked": {**ANY, "guards": {"liquidityLocked": True}},
    "snipe SOL 0.5 --sellable": {**ANY, "guards": {"sellable": True}},
    f"snipe SOL 0.5 --strict --slippage-bps 1000 --max-price-impact-bps 900 {EXIT_OPTIONS}": {
        **ANY,
        "guards": STRICT,
        "slippageBps": 1000,
        "maxPriceImpactBps": 900,
        "exit": EXIT,
    },
}
WRONG = [
    "snipe SOL",
    "snipe SOL none",
    "snipe SOL 1 --min-liquidity 0",
    "snipe SOL 1 --max-liquidity -1",
    "snipe SOL 1 --max-price cheap",
    "snipe SOL 1 --max-fee-bps low",
    "snipe SOL 1 --retry-for soon",
    "snipe SOL 1 --expires-in 0s",
    "snipe SOL 1 --max-hold 0s",
    "dca SOL USDC 9 --slices 0 --every 1h",
    "twap SOL USDC 9 --slices 2 --over 0s",
    f"edit {ORDER_ID} guards=sellable",
]


@pytest.mark.parametrize("line", BODIES)
def test_command_sends_the_order_that_its_options_name(line: str) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    with canned({EXECUTE: (202, ORDER)}) as service:
        result = orders_at(service, *shlex.split(line), "--idempotency-key", "mine")
    after = datetime.now(UTC)

    assert result.exit_code == ExitCode.OK, result.stderr
    [request] = service.requests
    assert (request.method, request.path) == ("POST", EXECUTE)
    assert request.headers["Idempotency-Key"] == "mine"
    expected = BODIES[line]
    spans = {name: value for name, value in expected.items() if isinstance(value, timedelta)}
    for name, span in spans.items():
        assert before + span <= datetime.fromisoformat(request.body[name]) <= after + span
    assert request.body == expected | {name: request.body[name] for name in spans}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_told_and_nothing_is_sent(line: str) -> None:
    with canned({}) as service:
        result = orders_at(service, *shlex.split(line))

    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    assert service.requests == []


def test_guards_are_edited_as_json() -> None:
    path = f"/api/orders/{ORDER_ID}"
    changes = ['guards={"minLiquidity": "5", "sellable": true}', "slippageBps=700"]
    with canned({path: (200, ORDER)}) as service:
        result = orders_at(service, "edit", ORDER_ID, *changes, "--json")

    assert result.exit_code == ExitCode.OK, result.stderr
    assert service.requests[-1].method == "PATCH"
    assert service.requests[-1].body == {
        "guards": {"minLiquidity": "5", "sellable": True},
        "slippageBps": "700",
    }
