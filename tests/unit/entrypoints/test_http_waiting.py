"""Orders that wait, over HTTP: what is taken and shown, and what is refused and not stored."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.terms import LimitTerms, TimeInForce
from chalicelib.entrypoints.contract import examples
from tests.unit.entrypoints.contract import check_answer
from tests.unit.functions import Answer, Functions

EXECUTE = "/api/orders/execute"
SELL: dict[str, Any] = {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
BUY: dict[str, Any] = {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "150"}
LIMIT = SELL | {"type": "LIMIT", "limitPrice": "1850"}
STOP = SELL | {"type": "STOP", "triggerPrice": "20", "triggerCondition": "below"}
TRAIL = SELL | {"type": "TRAILING_STOP", "trailingBps": 800}
OUT_OF_REACH = LimitTerms(limit=10**18, time_in_force=TimeInForce.GTC)
OCO = SELL | {"type": "OCO", "takeProfitPrice": "2000", "stopPrice": "20"}


def place(functions: Functions, order: dict[str, Any], key: str | None = None) -> Answer:
    headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
    answer = functions.post(json.dumps(order), headers=headers)
    check_answer("POST", EXECUTE, answer)
    return answer


def shown(functions: Functions, order_id: str) -> Any:
    answer = functions.get("/api/orders/{order_id}", path={"order_id": order_id})
    check_answer("GET", "/api/orders/{order_id}", answer)
    return answer.document


@pytest.mark.parametrize(
    "order", [LIMIT, STOP, TRAIL, OCO, examples.LIMIT_ORDER], ids=lambda order: order["type"]
)
def test_order_that_waits_is_open_and_shown_as_it_was_written(
    functions: Functions, order: dict[str, Any]
) -> None:
    order = order | ({"limitPrice": "1.5"} if order is examples.LIMIT_ORDER else {})

    answer = place(functions, order)

    assert answer.status == 202
    document = answer.document
    assert document.items() >= order.items()
    assert document["status"] == "open"
    later = shown(functions, document["orderId"])
    assert later["waitingFor"] == "price"
    assert [event["status"] for event in later["events"]] == ["open"]
    assert later["expiresAt"] == document["expiresAt"]


@pytest.mark.parametrize(
    ("order", "limit"),
    [
        (LIMIT, {"minAmountOut": "1850"}),
        (SELL | {"type": "LIMIT", "minAmountOut": "1850.5"}, {"minAmountOut": "1850.5"}),
        (
            BUY | {"type": "LIMIT", "limitPrice": "7", "priceIn": "USDC"},
            {"minAmountOut": "21.428571429"},
        ),
        (
            {"tokenIn": "USDC", "tokenOut": "SOL", "amountOut": "3", "type": "LIMIT"}
            | {"limitPrice": "33.3333333", "priceIn": "USDC"},
            {"maxAmountIn": "99.999999"},
        ),
        (
            {"tokenIn": "USDC", "tokenOut": "SOL", "amountOut": "3", "type": "LIMIT"}
            | {"maxAmountIn": "99.5"},
            {"maxAmountIn": "99.5"},
        ),
        (LIMIT | {"amount": "1.234567891"}, {"minAmountOut": "2283.950599"}),
    ],
    ids=repr,
)
def test_limit_is_what_the_price_implies_rounded_for_the_owner(
    functions: Functions, order: dict[str, Any], limit: dict[str, str]
) -> None:
    document = place(functions, order).document

    assert document.items() >= limit.items()


@pytest.mark.parametrize("written", ["1850", "1850.0", 1850, 1850.0, "1850.00"])
def test_price_is_echoed_as_it_was_written(functions: Functions, written: object) -> None:
    document = place(functions, LIMIT | {"limitPrice": written}).document

    assert document["limitPrice"] == str(written)
    assert document["minAmountOut"] == "1850"


@pytest.mark.parametrize("time_in_force", ["IOC", "FOK"])
def test_order_is_pending_when_it_does_not_wait(functions: Functions, time_in_force: str) -> None:
    document = place(functions, LIMIT | {"timeInForce": time_in_force}).document

    assert document["status"] == "pending"
    assert "expiresAt" not in document
    functions.world.run()
    failed = shown(functions, document["orderId"])
    assert (failed["status"], failed["code"]) == ("failed", "NOT_FILLABLE")


def test_order_says_until_when_it_waits(functions: Functions) -> None:
    now = functions.world.clock.at
    zone = timedelta(hours=1)
    at = (now + zone + timedelta(days=2)).replace(tzinfo=None).isoformat() + "+01:00"

    until = place(functions, LIMIT | {"timeInForce": "GTT", "expiresAt": at}).document["expiresAt"]
    longest = place(functions, LIMIT).document["expiresAt"]

    assert datetime.fromisoformat(until) == now + timedelta(days=2)
    assert datetime.fromisoformat(longest) == now + timedelta(days=90)


def in_days(days: float) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)
    return at.isoformat()


GTT = LIMIT | {"timeInForce": "GTT"}
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "price of 0": (LIMIT | {"limitPrice": "0"}, 422, "INVALID_PRICE"),
    "price of 0.0": (STOP | {"triggerPrice": "0.0"}, 422, "INVALID_PRICE"),
    "negative price": (LIMIT | {"limitPrice": "-1"}, 422, "INVALID_PRICE"),
    "negative number": (LIMIT | {"limitPrice": -1}, 422, "INVALID_PRICE"),
    "too many digits": (LIMIT | {"limitPrice": "1." + "1" * 36}, 422, "INVALID_PRICE"),
    "huge price": (LIMIT | {"limitPrice": 1e300}, 422, "INVALID_PRICE"),
    "price of no number": (OCO | {"stopPrice": "low"}, 422, "INVALID_PRICE"),
    "price of other digits": (LIMIT | {"limitPrice": "\u0661"}, 422, "INVALID_PRICE"),
    "no price": (OCO | {"stopPrice": None}, 422, "INVALID_PRICE"),
    "third token": (LIMIT | {"priceIn": "BONK"}, 422, "INVALID_PRICE_IN"),
    "unknown token": (LIMIT | {"priceIn": "NOPE"}, 422, "INVALID_PRICE_IN"),
    "price in without a price": (TRAIL | {"priceIn": "SOL"}, 422, "INVALID_PRICE_IN"),
    "price in beside an amount": (
        SELL | {"type": "LIMIT", "minAmountOut": "1", "priceIn": "SOL"},
        422,
        "INVALID_PRICE_IN",
    ),
    "no limit": (SELL | {"type": "LIMIT"}, 422, "LIMIT_FORM"),
    "two limits": (LIMIT | {"minAmountOut": "1"}, 422, "LIMIT_FORM"),
    "limit of the given amount": (
        SELL | {"type": "LIMIT", "maxAmountIn": "1"},
        422,
        "LIMIT_FORM",
    ),
    "limit that fits no account": (LIMIT | {"limitPrice": "1" + "0" * 20}, 422, "AMOUNT_RANGE"),
    "limit of too many decimals": (
        SELL | {"type": "LIMIT", "minAmountOut": "1.1234567"},
        422,
        "AMOUNT_PRECISION",
    ),
    "time in force": (LIMIT | {"timeInForce": "DAY"}, 422, "INVALID_TIME_IN_FORCE"),
    "time in force of a stop": (STOP | {"timeInForce": "IOC"}, 422, "INVALID_TIME_IN_FORCE"),
    "time in force of a market order": (
        SELL | {"type": "MARKET", "timeInForce": "FOK"},
        422,
        "INVALID_TIME_IN_FORCE",
    ),
    "GTT without a time": (GTT, 422, "INVALID_EXPIRY"),
    "GTC with a time": (LIMIT | {"expiresAt": in_days(1)}, 422, "INVALID_EXPIRY"),
    "FOK with a time": (
        LIMIT | {"timeInForce": "FOK", "expiresAt": in_days(1)},
        422,
        "INVALID_EXPIRY",
    ),
    "in the past": (GTT | {"expiresAt": in_days(-1)}, 422, "INVALID_EXPIRY"),
    "too late": (STOP | {"expiresAt": in_days(91)}, 422, "INVALID_EXPIRY"),
    "without a zone": (STOP | {"expiresAt": "2026-01-02T00:00:00"}, 422, "INVALID_EXPIRY"),
    "no day": (STOP | {"expiresAt": "2026-02-30T00:00:00Z"}, 422, "INVALID_EXPIRY"),
    "a number": (STOP | {"expiresAt": 1}, 422, "INVALID_EXPIRY"),
    "condition": (STOP | {"triggerCondition": "under"}, 422, "INVALID_TRIGGER_CONDITION"),
    "no condition": (
        {name: value for name, value in STOP.items() if name != "triggerCondition"},
        400,
        "INVALID_REQUEST",
    ),
    "met": (STOP | {"triggerCondition": "above"}, 422, "WOULD_TRIGGER_IMMEDIATELY"),
    "profit met": (OCO | {"takeProfitPrice": "21"}, 422, "WOULD_TRIGGER_IMMEDIATELY"),
    "reversed": (
        OCO | {"takeProfitPrice": "20", "stopPrice": "2000"},
        422,
        "PRICES_REVERSED",
    ),
    "trailing of 0": (TRAIL | {"trailingBps": 0}, 422, "INVALID_TRAILING"),
    "trailing too far": (TRAIL | {"trailingBps": 5_001}, 422, "INVALID_TRAILING"),
    "half a bp": (TRAIL | {"trailingBps": 0.5}, 422, "INVALID_TRAILING"),
    "trailing as text": (TRAIL | {"trailingBps": "800"}, 422, "INVALID_TRAILING"),
    "null price": (SELL | {"type": "LIMIT", "limitPrice": None}, 400, "INVALID_REQUEST"),
    "null token of a price": (LIMIT | {"priceIn": None}, 400, "INVALID_REQUEST"),
    "null expiry": (STOP | {"expiresAt": None}, 422, "INVALID_EXPIRY"),
    "slippage of a limit": (LIMIT | {"slippageBps": 100}, 422, "INVALID_SLIPPAGE"),
    "price of a market order": (
        SELL | {"type": "MARKET", "limitPrice": "1"},
        400,
        "INVALID_REQUEST",
    ),
    "unknown type": (SELL | {"type": "ICEBERG"}, 422, "UNKNOWN_ORDER_TYPE"),
    "both amounts": (LIMIT | {"amountOut": "1"}, 400, "INVALID_REQUEST"),
}


def check_refused(functions: Functions, order: dict[str, Any], status: int, code: str) -> None:
    """Place an order that is answered so, and of which nothing is kept."""
    answer = place(functions, order)

    assert (answer.status, answer.document["code"]) == (status, code)
    assert functions.world.store.orders == {}
    assert functions.world.store.watches == {}
    assert not functions.world.order_queue.messages


@pytest.mark.parametrize(("order", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_order_is_refused_with_its_code_and_nothing_is_stored(
    functions: Functions, order: dict[str, Any], status: int, code: str
) -> None:
    check_refused(functions, order, status, code)


def test_order_is_accepted_though_its_trigger_is_met_when_that_is_wanted(
    functions: Functions,
) -> None:
    answer = place(functions, STOP | {"triggerCondition": "above", "triggerIfMet": True})

    assert (answer.status, answer.document["status"]) == (202, "open")


def test_too_many_orders_may_not_wait(functions: Functions) -> None:
    for _ in range(1_000):
        functions.world.submit(terms=OUT_OF_REACH)

    answer = place(functions, LIMIT)

    assert (answer.status, answer.document["code"]) == (422, "TOO_MANY_WAITING_ORDERS")
    assert "1000" in answer.document["detail"]


def test_key_names_one_order_whatever_the_price_is_by_now(functions: Functions) -> None:
    gtt = GTT | {"expiresAt": in_days(1)}

    first = place(functions, gtt, key="mine")
    functions.world.clock.at += timedelta(days=2)
    again = place(functions, gtt, key="mine")
    other = place(functions, gtt | {"limitPrice": "1851"}, key="mine")

    assert again.document["orderId"] == first.document["orderId"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.document["status"] == "open"
    assert other.document["code"] == "IDEMPOTENCY_KEY_REUSED"


def test_trigger_and_fill_are_shown(functions: Functions) -> None:
    document = place(functions, STOP | {"triggerCondition": "above", "triggerIfMet": True}).document
    functions.world.clock.at += timedelta(seconds=1)
    functions.world.watch()
    functions.world.run()

    order = shown(functions, document["orderId"])

    assert order["status"] == "confirmed"
    assert order["events"][1]["trigger"]["kind"] == "stop"
    assert float(order["events"][1]["trigger"]["price"]) == pytest.approx(150, rel=0.1)


def test_part_that_is_left_is_shown(functions: Functions) -> None:
    order = SELL | {"type": "LIMIT", "amount": "100000", "timeInForce": "IOC"}

    document = place(functions, order | {"limitPrice": "149"}).document
    functions.world.run()

    confirmed = shown(functions, document["orderId"])
    assert confirmed["status"] == "confirmed"
    filled, left = confirmed["amountIn"], confirmed["amountUnfilled"]
    assert float(filled) + float(left) == pytest.approx(100_000)
    assert 0 < float(filled) < 100_000


def test_lists_and_statistics_tell_of_those_that_wait(functions: Functions) -> None:
    open_id = place(functions, LIMIT).document["orderId"]
    functions.world.submit()

    page = functions.get("/api/orders", query={"status": "open", "type": "LIMIT"})
    statistics = functions.get("/api/statistics").document

    check_answer("GET", "/api/orders", page)
    assert [order["orderId"] for order in page.document["orders"]] == [open_id]
    assert page.document["orders"][0]["waitingFor"] == "price"
    assert (statistics["waiting"], statistics["unfinished"]) == (1, 1)
