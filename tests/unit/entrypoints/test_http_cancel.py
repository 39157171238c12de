from typing import Any

import pytest

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.messages import ExecuteOrder
from tests.unit.entrypoints.contract import check, check_answer
from tests.unit.functions import Answer, Functions, captured
from tests.world import ticks

NOBODYS = "ffffffff-ffff-4fff-8fff-ffffffffffff"
RESOURCE = "/api/orders/{order_id}/cancel"
EVENT = {"$ref": "#/components/schemas/Event"}


def cancel(functions: Functions, order_id: str) -> Answer:
    event = captured("http_post") | {"body": None, "pathParameters": {"order_id": order_id}}
    event["resource"] = event["requestContext"]["resourcePath"] = RESOURCE
    event["headers"] = {}
    answer = functions.http(event)
    check_answer("POST", RESOURCE, answer)
    return answer


def step(functions: Functions, order_id: OrderId, status: OrderStatus) -> None:
    world = functions.world
    while world.order(order_id).status is not status:
        world.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(1))
        world.clock.sleep(1)


def test_cancelled_order_is_shown(functions: Functions) -> None:
    order_id = functions.world.submit()

    first, again = cancel(functions, order_id), cancel(functions, order_id)

    assert (first.status, again.status) == (200, 200)
    assert first.document == again.document
    assert first.document["status"] == "cancelled"
    assert "cancelRequested" not in first.document
    shown = functions.get("/api/orders/{order_id}", path={"order_id": order_id}).document
    assert shown.items() >= first.document.items()
    assert [event["status"] for event in shown["events"]] == ["pending", "cancelled"]


def test_order_is_to_be_cancelled_when_it_is_signed(functions: Functions) -> None:
    order_id = functions.world.submit()
    step(functions, order_id, OrderStatus.BUILDING)

    answer = cancel(functions, order_id)

    assert answer.status == 202
    assert (answer.document["status"], answer.document["cancelRequested"]) == ("building", True)
    functions.world.run()
    shown = functions.get("/api/orders/{order_id}", path={"order_id": order_id})
    check_answer("GET", "/api/orders/{order_id}", shown)
    final = shown.document
    assert (final["status"], final["cancelRequested"]) == ("confirmed", True)
    assert [e["sequence"] for e in final["events"] if e.get("cancelRequested")] == [4]


@pytest.mark.parametrize(
    "fault", [{"cancelRequested": True}, {"minAmountOut": None}, {"route": None}, {"quotes": None}]
)
def test_decision_is_whole_and_stands_apart_from_a_request(
    functions: Functions, fault: dict[str, object]
) -> None:
    order_id = functions.world.submit()
    functions.world.run()
    shown = functions.get("/api/orders/{order_id}", path={"order_id": order_id}).document
    [built] = [event for event in shown["events"] if event["status"] == "building"]
    check(EVENT, built)

    faulty = {name: value for name, value in (built | fault).items() if value is not None}

    with pytest.raises(AssertionError):
        check(EVENT, faulty)


def test_confirmed_order_comes_with_the_refusal(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.run()

    answer = cancel(functions, order_id)

    assert (answer.status, answer.document["code"]) == (409, "ALREADY_CONFIRMED")
    assert answer.document["order"]["orderId"] == order_id
    assert answer.document["order"]["status"] == "confirmed"


@pytest.mark.parametrize(
    ("order_id", "status", "code"),
    [(NOBODYS, 404, "ORDER_NOT_FOUND"), ("one", 422, "INVALID_ORDER_ID")],
)
def test_what_is_no_order_is_refused(
    functions: Functions, order_id: str, status: int, code: str
) -> None:
    answer = cancel(functions, order_id)

    assert (answer.status, answer.document["code"]) == (status, code)


def test_cancelled_orders_are_listed_and_counted(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.submit()
    cancel(functions, order_id)

    listed = functions.get("/api/orders", query={"status": "cancelled"}).document
    statistics: dict[str, Any] = functions.get("/api/statistics").document

    assert [order["orderId"] for order in listed["orders"]] == [order_id]
    counts = {name: statistics[name] for name in ("accepted", "cancelled", "unfinished")}
    assert counts == {"accepted": 2, "cancelled": 1, "unfinished": 1}
    assert statistics["failed"] == {}
