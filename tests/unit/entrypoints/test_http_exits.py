"""Exits over HTTP: what is taken and shown, how parent and child name each other, what is refused
and not stored."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from chalicelib.domain.orders.exits import exit_id
from chalicelib.domain.orders.order import OrderId
from chalicelib.entrypoints.contract import examples
from tests.unit.entrypoints.contract import check_answer
from tests.unit.entrypoints.test_http_edit import call, cancel_many, edit
from tests.unit.entrypoints.test_http_waiting import BUY, STOP, TRAIL, check_refused, place, shown
from tests.unit.functions import Answer, Functions

ORDERS = "/api/orders"
PLAN = {"takeProfitBps": 5000, "stopLossBps": 2500, "trailingBps": 800, "maxHoldSeconds": 3600}
MARKET = BUY | {"type": "MARKET", "exit": PLAN}
LIMIT = BUY | {"type": "LIMIT", "limitPrice": "200", "priceIn": "USDC", "exit": PLAN}


def children_of(functions: Functions, order_id: str, **query: str) -> Any:
    answer = functions.get(ORDERS, query={"parentId": order_id} | query)
    check_answer("GET", ORDERS, answer)
    return answer.document["orders"]


def bought(functions: Functions, order: dict[str, Any]) -> tuple[Any, Any]:
    """An order that is confirmed, and its exit, as they are shown."""
    order_id = place(functions, order).document["orderId"]
    functions.world.run()
    parent = shown(functions, order_id)
    assert parent["status"] == "confirmed"
    return parent, shown(functions, parent["exitOrderId"])


@pytest.mark.parametrize(
    "order", [MARKET, LIMIT, examples.EXITING_ORDER], ids=["market", "limit", "example"]
)
def test_parent_and_exit_name_each_other(functions: Functions, order: dict[str, Any]) -> None:
    accepted = place(functions, order).document
    functions.world.run()
    parent = shown(functions, accepted["orderId"])
    child = shown(functions, parent["exitOrderId"])

    assert accepted["exit"] == parent["exit"] == order["exit"]
    assert "exitOrderId" not in accepted
    assert parent["events"][-1]["exitOrderId"] == parent["exitOrderId"] == child["orderId"]
    assert child["orderId"] == exit_id(OrderId(parent["orderId"]))
    assert child["parentId"] == parent["orderId"]
    assert "parentId" not in parent
    assert "exit" not in child
    [listed] = children_of(functions, parent["orderId"])
    assert listed["orderId"] == child["orderId"]
    assert listed["parentId"] == parent["orderId"]


def test_exit_sells_what_was_received_and_says_what_it_waits_for(functions: Functions) -> None:
    parent, child = bought(functions, MARKET)

    assert (child["type"], child["status"], child["waitingFor"]) == ("EXIT", "open", "price")
    assert (child["tokenIn"], child["tokenOut"]) == ("SOL", "USDC")
    assert child["amount"] == parent["amountOut"]
    assert (child["slippageBps"], child["maxPriceImpactBps"]) == (100, 1500)
    assert child["priceIn"] == "USDC"
    assert child["trailingBps"] == 800
    confirmed_at = datetime.fromisoformat(parent["updatedAt"])
    assert datetime.fromisoformat(child["sellAt"]) == confirmed_at + timedelta(hours=1)
    until = confirmed_at + timedelta(hours=1, days=90)
    assert datetime.fromisoformat(child["expiresAt"]) == until
    fill = Fraction(parent["amountIn"]) / Fraction(parent["amountOut"])
    profit, stop = Fraction(child["takeProfitPrice"]), Fraction(child["stopPrice"])
    # Never earlier than promised, and no more than a digit of the last place off.
    assert 0 <= profit - fill * Fraction("1.5") < Fraction(1, 10**26)
    assert 0 <= fill * Fraction("0.75") - stop < Fraction(1, 10**26)


def test_open_exit_says_how_far_it_is(functions: Functions) -> None:
    _, child = bought(functions, MARKET)

    triggers = child["waiting"]["triggers"]

    assert [leg["kind"] for leg in triggers] == ["maxHold", "takeProfit", "trailingStop", "stop"]
    distances = {leg["kind"]: leg.get("distanceBps") for leg in triggers}
    assert distances["takeProfit"] == pytest.approx(5_000, abs=200)
    assert distances["stop"] == pytest.approx(2_500, abs=200)
    assert distances["maxHold"] is distances["trailingStop"] is None


@pytest.mark.parametrize(
    ("plan", "fields"),
    [
        ({"takeProfitBps": 1_000_000}, {"takeProfitPrice", "priceIn"}),
        ({"stopLossBps": 9_999}, {"stopPrice", "priceIn"}),
        ({"trailingBps": 5_000}, {"trailingBps"}),
        ({"maxHoldSeconds": 7_776_000}, {"sellAt"}),
        ({"stopLossBps": 1, "trailingBps": 1}, {"stopPrice", "priceIn", "trailingBps"}),
    ],
)
def test_exit_has_the_legs_that_were_asked_for(
    functions: Functions, plan: dict[str, int], fields: set[str]
) -> None:
    _, child = bought(functions, MARKET | {"exit": plan})

    every = {"takeProfitPrice", "stopPrice", "priceIn", "trailingBps", "sellAt"}
    assert child.keys() & every == fields


def test_trigger_and_fill_of_an_exit_are_shown(functions: Functions) -> None:
    parent, child = bought(functions, MARKET | {"exit": {"maxHoldSeconds": 1}})
    functions.world.clock.at += timedelta(seconds=2)
    functions.world.watch()
    functions.world.run()

    order = shown(functions, child["orderId"])

    assert order["status"] == "confirmed"
    assert order["events"][1]["trigger"]["kind"] == "maxHold"
    assert order["amountIn"] == parent["amountOut"]


def test_slippage_of_a_limit_is_its_exits(functions: Functions) -> None:
    by_default = bought(functions, LIMIT)
    own = bought(functions, LIMIT | {"slippageBps": 350})

    assert [order["slippageBps"] for order in (*by_default, *own)] == [100, 100, 350, 350]


PART: dict[str, Any] = {"type": "LIMIT", "timeInForce": "IOC", "amount": "15000000"}


def test_exit_of_a_part_is_of_what_was_received(functions: Functions) -> None:
    parent, child = bought(functions, LIMIT | PART | {"limitPrice": "151"})

    assert Decimal(parent["amountUnfilled"]) > 0
    assert child["amount"] == parent["amountOut"]


def test_order_that_is_not_filled_names_no_exit(functions: Functions) -> None:
    order = LIMIT | {"limitPrice": "1", "timeInForce": "FOK"}
    order_id = place(functions, order).document["orderId"]
    functions.world.run()

    document = shown(functions, order_id)

    assert (document["status"], document["exit"]) == ("failed", PLAN)
    assert "exitOrderId" not in document
    assert children_of(functions, order_id) == []


def with_exit(**fields: object) -> dict[str, Any]:
    return MARKET | {"exit": fields}


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "empty": (with_exit(), 400, "INVALID_REQUEST"),
    "null": (MARKET | {"exit": None}, 400, "INVALID_REQUEST"),
    "text": (MARKET | {"exit": "5000"}, 400, "INVALID_REQUEST"),
    "list": (MARKET | {"exit": [PLAN]}, 400, "INVALID_REQUEST"),
    "number": (MARKET | {"exit": 5000}, 400, "INVALID_REQUEST"),
    "unknown field": (with_exit(**PLAN, takeProfit=1), 400, "INVALID_REQUEST"),
    "only an unknown field": (with_exit(stopBps=1), 400, "INVALID_REQUEST"),
    "null field": (with_exit(takeProfitBps=1, stopLossBps=None), 400, "INVALID_REQUEST"),
    "profit of 0": (with_exit(takeProfitBps=0), 400, "INVALID_REQUEST"),
    "negative profit": (with_exit(takeProfitBps=-1), 400, "INVALID_REQUEST"),
    "profit too high": (with_exit(takeProfitBps=1_000_001), 400, "INVALID_REQUEST"),
    "huge profit": (with_exit(takeProfitBps=1e300), 400, "INVALID_REQUEST"),
    "profit as text": (with_exit(takeProfitBps="5000"), 400, "INVALID_REQUEST"),
    "half a bp": (with_exit(takeProfitBps=0.5), 400, "INVALID_REQUEST"),
    "profit of yes": (with_exit(takeProfitBps=True), 400, "INVALID_REQUEST"),
    "profit in a list": (with_exit(takeProfitBps=[1]), 400, "INVALID_REQUEST"),
    "loss of 0": (with_exit(stopLossBps=0), 400, "INVALID_REQUEST"),
    "negative loss": (with_exit(stopLossBps=-2500), 400, "INVALID_REQUEST"),
    "loss of all": (with_exit(stopLossBps=10_000), 400, "INVALID_REQUEST"),
    "trailing of 0": (with_exit(trailingBps=0), 422, "INVALID_TRAILING"),
    "trailing too far": (with_exit(trailingBps=5_001), 422, "INVALID_TRAILING"),
    "held for 0": (with_exit(maxHoldSeconds=0), 400, "INVALID_REQUEST"),
    "held too long": (with_exit(maxHoldSeconds=7_776_001), 400, "INVALID_REQUEST"),
    "held as text": (with_exit(maxHoldSeconds="1h"), 400, "INVALID_REQUEST"),
    "of a stop": (STOP | {"exit": PLAN}, 400, "INVALID_REQUEST"),
    "of a trailing stop": (TRAIL | {"exit": PLAN}, 400, "INVALID_REQUEST"),
    "of an OCO": (examples.OCO_ORDER | {"exit": PLAN}, 400, "INVALID_REQUEST"),
    "of a limit": (LIMIT | {"exit": {"stopLossBps": 10_000}}, 400, "INVALID_REQUEST"),
    "slippage without an exit": (
        {name: field for name, field in LIMIT.items() if name != "exit"} | {"slippageBps": 1},
        422,
        "INVALID_SLIPPAGE",
    ),
    "slippage": (LIMIT | {"slippageBps": 10_001}, 422, "INVALID_SLIPPAGE"),
    "a type of its own": (BUY | {"type": "EXIT"} | PLAN, 422, "UNKNOWN_ORDER_TYPE"),
    "a parent": (MARKET | {"parentId": examples.ORDER_ID}, 400, "INVALID_REQUEST"),
}


@pytest.mark.parametrize(("order", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_exit_is_refused_with_its_code_and_nothing_is_stored(
    functions: Functions, order: dict[str, Any], status: int, code: str
) -> None:
    check_refused(functions, order, status, code)


def test_refusal_names_the_field_and_its_bounds(functions: Functions) -> None:
    detail = place(functions, with_exit(stopLossBps=10_000)).document["detail"]

    assert detail == "exit.stopLossBps: a whole number from 1 to 9999 is expected"


@pytest.mark.parametrize("order", [MARKET, LIMIT], ids=["market", "limit"])
def test_key_names_one_order_with_its_exit(functions: Functions, order: dict[str, Any]) -> None:
    first = place(functions, order, key="mine")
    functions.world.run()
    again = place(functions, order | {"exit": dict(reversed(PLAN.items()))}, key="mine")
    others = [
        place(functions, order | {"exit": PLAN | {"stopLossBps": 2501}}, key="mine"),
        place(functions, order | {"exit": {"trailingBps": 800}}, key="mine"),
        place(functions, {n: f for n, f in order.items() if n != "exit"}, key="mine"),
    ]

    assert again.document["orderId"] == first.document["orderId"]
    assert again.document["exit"] == PLAN
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [other.document["code"] for other in others] == ["IDEMPOTENCY_KEY_REUSED"] * 3


def test_slippage_of_an_exit_can_be_edited_and_nothing_else(functions: Functions) -> None:
    parent, child = bought(functions, MARKET)
    order_id = child["orderId"]

    refused = [
        edit(functions, order_id, {name: value})
        for name, value in (
            *PLAN.items(),
            ("takeProfitPrice", "1"),
            ("stopPrice", "1"),
            ("expiresAt", "2026-02-01T00:00:00Z"),
        )
    ]
    wrong = edit(functions, order_id, {"slippageBps": 10_001})
    edited = edit(functions, order_id, {"slippageBps": 900})
    same = edit(functions, order_id, {"slippageBps": "900"}, "2")

    assert {(r.status, r.document["code"]) for r in refused} == {(422, "NOT_EDITABLE")}
    assert (wrong.status, wrong.document["code"]) == (422, "INVALID_SLIPPAGE")
    assert edited.document["slippageBps"] == 900
    assert same.document["sequence"] == edited.document["sequence"] == 2
    later = shown(functions, order_id)
    assert later["events"][-1]["changed"] == {"slippageBps": 900}
    unchanged = ("takeProfitPrice", "stopPrice", "sellAt", "expiresAt", "amount", "parentId")
    assert [later[name] for name in unchanged] == [child[name] for name in unchanged]
    assert parent["status"] == "confirmed"


def test_limit_keeps_its_exit_when_it_is_edited(functions: Functions) -> None:
    order = LIMIT | {"limitPrice": "1", "slippageBps": 350}
    order_id = place(functions, order).document["orderId"]

    refused = [
        edit(functions, order_id, {"exit": {"trailingBps": 1}}),
        edit(functions, order_id, {"slippageBps": 1}),
    ]
    edited = edit(functions, order_id, {"limitPrice": "200"}).document
    functions.world.run()

    assert [answer.document["code"] for answer in refused] == ["NOT_EDITABLE"] * 2
    assert (edited["limitPrice"], edited["exit"], edited["slippageBps"]) == ("200", PLAN, 350)
    assert shown(functions, order_id)["events"][1]["changed"].keys() == {
        "limitPrice",
        "minAmountOut",
    }
    [child] = children_of(functions, order_id)
    assert (child["slippageBps"], child["trailingBps"]) == (350, 800)


def test_exit_is_cancelled_alone_or_with_others(functions: Functions) -> None:
    (one, first), (other, second) = bought(functions, MARKET), bought(functions, MARKET)

    many = cancel_many(functions, {"parentId": one["orderId"]}).document
    single = cancelled(functions, second["orderId"])
    of_confirmed = cancelled(functions, other["orderId"])

    assert many["cancelled"] == [first["orderId"]]
    assert (single.status, single.document["status"]) == (200, "cancelled")
    assert of_confirmed.document["code"] == "ALREADY_CONFIRMED"


def cancelled(functions: Functions, order_id: str) -> Answer:
    resource = "/api/orders/{order_id}/cancel"
    return call(functions, "POST", resource, {}, pathParameters={"order_id": order_id})


def test_children_are_filtered_like_other_orders(functions: Functions) -> None:
    parent, child = bought(functions, MARKET)
    bought(functions, MARKET)
    order_id = parent["orderId"]

    assert [o["orderId"] for o in children_of(functions, order_id)] == [child["orderId"]]
    assert len(children_of(functions, order_id.upper())) == 1
    assert len(children_of(functions, order_id, type="EXIT", status="open")) == 1
    assert children_of(functions, order_id, type="MARKET") == []
    assert children_of(functions, child["orderId"]) == []


@pytest.mark.parametrize("text", ["", "1", examples.ORDER_ID + "0"])
def test_parent_must_be_an_order_id(functions: Functions, text: str) -> None:
    answer = functions.get(ORDERS, query={"parentId": text})

    check_answer("GET", ORDERS, answer)
    assert (answer.status, answer.document["code"]) == (422, "INVALID_ORDER_ID")
