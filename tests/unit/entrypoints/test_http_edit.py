"""Editing orders, cancelling many, and what an open order shows of what it waits for."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.terms import LimitTerms, TimeInForce
from tests.unit.entrypoints.contract import check_answer
from tests.unit.entrypoints.test_http_waiting import (
    LIMIT,
    OCO,
    SELL,
    STOP,
    TRAIL,
    in_days,
    place,
    shown,
)
from tests.unit.functions import Answer, Functions, captured

ORDER = "/api/orders/{order_id}"
CANCEL = "/api/orders/cancel"
NOBODYS = "ffffffff-ffff-4fff-8fff-ffffffffffff"
OUT_OF_REACH = LimitTerms(limit=10**18, time_in_force=TimeInForce.GTC)


def call(functions: Functions, method: str, resource: str, body: object, **more: Any) -> Answer:
    event = captured("http_post")
    event["httpMethod"] = event["requestContext"]["httpMethod"] = method
    event["resource"] = event["requestContext"]["resourcePath"] = resource
    event["body"] = json.dumps(body)
    headers = {"content-type": "application/json"} | more.pop("headers", {})
    event |= {"headers": headers, **more}
    answer = functions.http(event)
    check_answer(method, resource, answer)
    return answer


def edit(functions: Functions, order_id: str, body: object, sequence: str | None = "1") -> Answer:
    headers = {} if sequence is None else {"if-match": sequence}
    return call(
        functions, "PATCH", ORDER, body, headers=headers, pathParameters={"order_id": order_id}
    )


def cancel_many(functions: Functions, body: object) -> Answer:
    return call(functions, "POST", CANCEL, body)


@pytest.mark.parametrize(
    ("order", "change", "changed"),
    [
        (STOP, {"triggerPrice": "30"}, {"triggerPrice": "30"}),
        (STOP, {"slippageBps": 300, "triggerPrice": "20"}, {"slippageBps": 300}),
        (STOP, {"triggerCondition": "above", "triggerPrice": 3000}, None),
        (
            LIMIT,
            {"limitPrice": "1900"},
            {"limitPrice": "1900", "minAmountOut": "1900"},
        ),
        (LIMIT, {"minAmountOut": "1900.5"}, {"minAmountOut": "1900.5"}),
        (
            SELL | {"type": "LIMIT", "minAmountOut": "1900"},
            {"limitPrice": "1800"},
            {"limitPrice": "1800", "priceIn": "USDC", "minAmountOut": "1800"},
        ),
        (
            LIMIT | {"timeInForce": "GTT", "expiresAt": in_days(1)},
            {"expiresAt": in_days(2)},
            {"expiresAt": "2026-01-03T00:00:00.000Z"},
        ),
        (TRAIL, {"trailingBps": 900}, {"trailingBps": 900}),
        (TRAIL, {"activationPrice": "400"}, {"activationPrice": "400", "priceIn": "USDC"}),
        (OCO, {"stopPrice": "21.5"}, {"stopPrice": "21.5"}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("sequence", ["1", '"1"'])
def test_edit_changes_what_it_names_and_tells_followers(
    functions: Functions,
    order: dict[str, Any],
    change: dict[str, Any],
    changed: dict[str, Any] | None,
    sequence: str,
) -> None:
    placed = place(functions, order).document
    order_id = placed["orderId"]
    functions.world.connect("follower", order_id)

    answer = edit(functions, order_id, change, sequence)

    assert answer.status == 200
    assert answer.headers["ETag"] == '"2"'
    expected = changed or {"triggerCondition": "above", "triggerPrice": "3000"}
    assert answer.document.items() >= expected.items()
    kept = {k: v for k, v in placed.items() if k not in expected}
    moved = {"sequence", "updatedAt", "streamUrl", "limitPrice", "priceIn"}
    assert {k for k, v in kept.items() if answer.document.get(k) != v} <= moved
    functions.world.run()
    functions.world.publish()
    [*_, event] = functions.world.updates("follower")
    assert (event["sequence"], event["status"], event["changed"]) == (2, "open", expected)
    assert shown(functions, order_id)["sequence"] == 2


def test_edited_trigger_counts_from_now_on(functions: Functions) -> None:
    world = functions.world
    order_id = place(functions, STOP).document["orderId"]
    now = world.rate() / 10**27
    world.clock.at += timedelta(seconds=10)

    edit(functions, order_id, {"triggerPrice": f"{now * 2:.2f}", "triggerIfMet": True})
    armed_slot = world.order(order_id).armed_slot
    world.clock.at += timedelta(seconds=1)
    world.watch()
    world.run()

    order = shown(functions, order_id)
    assert order["status"] == "confirmed"
    assert armed_slot is not None
    assert order["events"][2]["trigger"]["slot"] > armed_slot


def test_edit_straight_after_the_order_is_not_lost(functions: Functions) -> None:
    order_id = place(functions, LIMIT).document["orderId"]

    answer = edit(functions, order_id, {"limitPrice": "1"})
    functions.world.run()

    assert answer.status == 200
    order = shown(functions, order_id)
    assert order["status"] == "confirmed"
    assert order["minAmountOut"] == "1"


def test_best_price_stays_when_a_trailing_stop_is_edited(functions: Functions) -> None:
    order_id = place(functions, TRAIL).document["orderId"]
    functions.world.clock.at += timedelta(seconds=2)
    functions.world.watch()
    [before] = functions.world.book.watches(functions.world.order(order_id).order_id)

    edit(functions, order_id, {"trailingBps": 1_000})

    [after] = functions.world.book.watches(functions.world.order(order_id).order_id)
    assert before.mark == after.mark
    assert after.mark
    assert after.key == after.mark * 9 // 10


@pytest.mark.parametrize(
    ("change", "sequence", "status", "code"),
    [
        ({"triggerPrice": "30"}, None, 428, "IF_MATCH_REQUIRED"),
        ({"triggerPrice": "30"}, "2", 412, "SEQUENCE_MISMATCH"),
        ({"triggerPrice": "30"}, "*", 400, "INVALID_IF_MATCH"),
        ({"triggerPrice": "30"}, '"1', 400, "INVALID_IF_MATCH"),
        ({"triggerPrice": "30"}, 'W/"1"', 400, "INVALID_IF_MATCH"),
        ({"triggerPrice": "0"}, "1", 422, "INVALID_PRICE"),
        ({"triggerPrice": "3000"}, "1", 422, "WOULD_TRIGGER_IMMEDIATELY"),
        ({"expiresAt": in_days(-1)}, "1", 422, "INVALID_EXPIRY"),
        ({"expiresAt": in_days(100)}, "1", 422, "INVALID_EXPIRY"),
        ({"limitPrice": "1"}, "1", 422, "NOT_EDITABLE"),
        ({"amount": "2"}, "1", 422, "NOT_EDITABLE"),
        ({"type": "MARKET"}, "1", 422, "NOT_EDITABLE"),
        ({"slippageBps": -1}, "1", 422, "INVALID_SLIPPAGE"),
        ({}, "1", 400, "INVALID_REQUEST"),
        ([], "1", 400, "INVALID_REQUEST"),
    ],
)
def test_bad_edit_is_refused_and_changes_nothing(
    functions: Functions, change: object, sequence: str | None, status: int, code: str
) -> None:
    order_id = place(functions, STOP).document["orderId"]
    before = functions.world.order(order_id)

    answer = edit(functions, order_id, change, sequence)

    assert (answer.status, answer.document["code"]) == (status, code)
    assert functions.world.order(order_id) == before
    assert ("order" in answer.document) == (status == 412)


def test_edit_that_changes_nothing_is_none(functions: Functions) -> None:
    order_id = place(functions, STOP).document["orderId"]

    answer = edit(functions, order_id, {"triggerPrice": "20"})

    assert (answer.status, answer.document["sequence"]) == (200, 1)


def test_order_that_does_not_wait_cannot_be_edited(functions: Functions) -> None:
    order_id = functions.world.submit()

    answer = edit(functions, order_id, {"slippageBps": 1})

    assert (answer.status, answer.document["code"]) == (409, "ORDER_NOT_OPEN")
    assert answer.document["order"]["status"] == "pending"
    assert edit(functions, NOBODYS, {"slippageBps": 1}).status == 404


def test_edit_loses_against_what_happened_meanwhile(functions: Functions) -> None:
    world = functions.world
    order_id = world.submit(terms=OUT_OF_REACH)
    world.meanwhile("store.save", lambda: world.cancel(order_id))

    answer = edit(functions, order_id, {"limitPrice": "1"})

    assert (answer.status, answer.document["code"]) == (409, "ORDER_NOT_OPEN")
    assert world.order(order_id).status == "cancelled"


def test_many_orders_are_cancelled_at_once(functions: Functions) -> None:
    world = functions.world
    waiting = [place(functions, order).document["orderId"] for order in (LIMIT, STOP, OCO)]
    pending = world.submit()
    confirmed = world.submit(amount_in=1)
    world.clock.at += timedelta(milliseconds=1)

    one_type = cancel_many(functions, {"type": "STOP"})
    open_ones = cancel_many(functions, {"status": "open"})
    rest = cancel_many(functions, {})

    assert one_type.document["cancelled"] == [waiting[1]]
    assert sorted(open_ones.document["cancelled"]) == sorted([waiting[0], waiting[2]])
    assert sorted(rest.document["cancelled"]) == sorted([pending, confirmed])
    assert rest.document["cancelledCount"] == 2
    assert cancel_many(functions, {}).document["cancelledCount"] == 0
    assert {order.status for order in world.store.orders.values()} == {"cancelled"}


def test_no_more_than_a_hundred_are_cancelled_by_a_call(functions: Functions) -> None:
    for _ in range(150):
        functions.world.submit(terms=OUT_OF_REACH)

    first, second = (cancel_many(functions, {"waitingFor": "price"}) for _ in range(2))

    assert (first.document["cancelledCount"], first.document["more"]) == (100, True)
    assert (second.document["cancelledCount"], second.document["more"]) == (50, False)


def test_order_that_moved_meanwhile_is_cancelled_as_it_is_then(functions: Functions) -> None:
    world = functions.world
    order_id = world.submit()
    world.submit(terms=OUT_OF_REACH)
    world.meanwhile("store.save", world.run)

    answer = cancel_many(functions, {})

    assert world.order(order_id).status == "confirmed"
    assert answer.document["cancelledCount"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"status": "done"}, 422, "UNKNOWN_STATUS"),
        ({"type": "X"}, 422, "UNKNOWN_ORDER_TYPE"),
        ({"tokenIn": "NOPE"}, 422, "UNKNOWN_TOKEN"),
        ({"waitingFor": "rain"}, 422, "UNKNOWN_WAITING_FOR"),
        ({"limit": "1"}, 400, "INVALID_REQUEST"),
        ({"tokenOut": None}, 400, "INVALID_REQUEST"),
        ({"status": None}, 400, "INVALID_REQUEST"),
        ([], 400, "INVALID_REQUEST"),
    ],
)
def test_bad_filter_is_refused_and_nothing_is_cancelled(
    functions: Functions, body: object, status: int, code: str
) -> None:
    order_id = functions.world.submit()

    answer = cancel_many(functions, body)

    assert (answer.status, answer.document["code"]) == (status, code)
    assert functions.world.order(order_id).status == "pending"


def test_final_orders_are_not_cancelled_though_they_are_named(functions: Functions) -> None:
    functions.world.submit()
    functions.world.run()

    assert cancel_many(functions, {"status": "confirmed"}).document["cancelledCount"] == 0


def test_open_order_shows_how_far_it_is(functions: Functions) -> None:
    rate = functions.world.rate() / 10**27
    stop_at = f"{rate * 0.9:.4f}"
    order_id = place(functions, STOP | {"triggerPrice": stop_at}).document["orderId"]

    waiting = shown(functions, order_id)["waiting"]

    assert waiting["slot"] == functions.world.rates.current_slot()
    assert float(waiting["price"]) == pytest.approx(rate)
    [trigger] = waiting["triggers"]
    assert (trigger["kind"], trigger["price"]) == ("stop", stop_at.rstrip("0").rstrip("."))
    assert trigger["distanceBps"] == pytest.approx(1_000, abs=2)


def test_open_limit_shows_what_it_lacks_at_its_size(functions: Functions) -> None:
    order_id = place(functions, LIMIT).document["orderId"]

    waiting = shown(functions, order_id)["waiting"]

    quoted, lacks = float(waiting["quotedAmountOut"]), float(waiting["lacks"])
    assert quoted + lacks == pytest.approx(1850)
    assert waiting["triggers"][0]["kind"] == "limit"


@pytest.mark.parametrize("order", [TRAIL, TRAIL | {"activationPrice": "400"}, OCO])
def test_every_leg_is_shown(functions: Functions, order: dict[str, Any]) -> None:
    order_id = place(functions, order).document["orderId"]
    at_first = shown(functions, order_id)["waiting"]["triggers"]
    functions.world.clock.at += timedelta(seconds=2)
    functions.world.watch()
    later = shown(functions, order_id)["waiting"]["triggers"]

    kinds = [leg["kind"] for leg in later]
    if order is OCO:
        assert kinds == ["takeProfit", "stop"]
    elif "activationPrice" in order:
        assert kinds == ["activation"]
    else:
        assert at_first == [{"kind": "trailingStop"}]
        assert later[0]["distanceBps"] <= 800


def test_order_is_shown_though_no_price_is_known(functions: Functions) -> None:
    from chalicelib.engine.errors import UnavailableError

    order_id = place(functions, STOP).document["orderId"]
    functions.world.outages["rates.latest"] = UnavailableError("away")

    document = shown(functions, order_id)

    assert document["status"] == "open"
    assert "waiting" not in document


def test_list_is_filtered_by_what_orders_wait_for(functions: Functions) -> None:
    open_id = place(functions, LIMIT).document["orderId"]
    functions.world.submit()

    page = functions.get("/api/orders", query={"waitingFor": "price"}).document
    none = functions.get("/api/orders", query={"waitingFor": "price", "status": "failed"})

    assert [order["orderId"] for order in page["orders"]] == [open_id]
    assert none.document["orders"] == []
