"""Orders over time, over HTTP: what is taken and shown, and what is refused and not stored."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.orders.order import OrderId
from tests.unit.entrypoints.contract import check_answer
from tests.unit.entrypoints.test_http_cancel import cancel
from tests.unit.entrypoints.test_http_edit import edit as patch
from tests.unit.entrypoints.test_http_waiting import check_refused, place, shown
from tests.unit.functions import Answer, Functions

SPEND: dict[str, Any] = {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "100"}
DCA = SPEND | {"type": "DCA", "slices": 3, "intervalSeconds": 60}
TWAP = SPEND | {"type": "TWAP", "slices": 3, "durationSeconds": 180}


def listed(functions: Functions, **query: str) -> list[str]:
    answer = functions.get("/api/orders", query=query)
    check_answer("GET", "/api/orders", answer)
    return [order["orderId"] for order in answer.document["orders"]]


@pytest.mark.parametrize(
    "order",
    [
        DCA,
        DCA | {"minPrice": "1", "maxPrice": "1000.5", "priceIn": "USDC", "onMissed": "catchUp"},
        DCA | {"startAt": "2026-01-02T03:04:05.000Z", "slippageBps": 300},
        TWAP,
        TWAP | {"limitPrice": "200", "priceIn": "USDC", "onMissed": "skip", "paused": True},
    ],
)
def test_order_over_time_is_open_and_shown_as_it_was_written(
    functions: Functions, order: dict[str, Any]
) -> None:
    answer = place(functions, order)

    assert answer.status == 202
    assert answer.document.items() >= order.items()
    later = shown(functions, answer.document["orderId"])
    assert (later["status"], later["waitingFor"]) == ("open", "schedule")
    assert "expiresAt" not in later
    assert later["progress"]["slicesDone"] == 0
    assert later["progress"]["nextDueAt"] == later["startAt"]


def test_slices_and_progress_are_shown(functions: Functions) -> None:
    document = place(functions, DCA).document
    parent_id = document["orderId"]
    assert listed(functions, waitingFor="schedule") == [parent_id]
    assert listed(functions, waitingFor="price") == []

    functions.world.pass_time(timedelta(seconds=70))

    order = shown(functions, parent_id)
    progress = order["progress"]
    assert (progress["slicesDone"], progress["amountIn"]) == (2, "66.666666")
    assert float(progress["executedPrice"]) == pytest.approx(1 / 150, rel=0.1)
    slices = listed(functions, parentId=parent_id)
    happened = [event["slice"] for event in order["events"][1:]]
    assert [each["status"] for each in happened] == ["begun", "confirmed"] * 2
    assert {each["orderId"] for each in happened} == {*slices}
    assert shown(functions, slices[0])["parentId"] == parent_id
    functions.world.pass_time(timedelta(seconds=120))
    done = shown(functions, parent_id)
    assert (done["status"], done["slicesDone"], done["amountIn"]) == ("completed", 3, "100")
    assert "nextDueAt" not in done["progress"]
    statistics = functions.get("/api/statistics").document
    assert statistics["completed"] == 1
    assert listed(functions, status="completed") == [parent_id]


def test_order_over_time_is_paused_and_goes_on(functions: Functions) -> None:
    parent_id = place(functions, DCA).document["orderId"]

    def edit(sequence: int, **fields: object) -> Answer:
        return patch(functions, parent_id, fields, str(sequence))

    paused = edit(1, paused=True, maxPrice="1000", priceIn="USDC")
    functions.world.pass_time(timedelta(seconds=120))
    events = shown(functions, parent_id)["events"]
    resumed = edit(2, paused=False)
    refused = edit(3, slices=4)

    assert (paused.document["paused"], paused.document["maxPrice"]) == (True, "1000")
    assert events[-1]["changed"] == {"paused": True, "maxPrice": "1000", "priceIn": "USDC"}
    assert listed(functions, parentId=parent_id) == []
    assert resumed.document["paused"] is False
    assert (refused.status, refused.document["code"]) == (422, "NOT_EDITABLE")


def test_cancelled_order_over_time_names_what_is_in_flight(functions: Functions) -> None:
    parent_id = place(functions, DCA).document["orderId"]

    answer = cancel(functions, OrderId(parent_id))

    assert (answer.status, answer.document["status"]) == (200, "cancelled")
    assert answer.document["inFlight"] == []
    functions.world.pass_time(timedelta(seconds=120))
    assert listed(functions, parentId=parent_id) == []


def test_key_names_one_order_whenever_it_starts(functions: Functions) -> None:
    first = place(functions, DCA, key="mine")
    functions.world.clock.at += timedelta(minutes=1)

    again = place(functions, DCA, key="mine")

    assert again.document["orderId"] == first.document["orderId"]
    assert again.headers["Idempotent-Replayed"] == "true"


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no slice": (DCA | {"slices": 0}, 422, "INVALID_SCHEDULE"),
    "too many slices": (DCA | {"slices": 1_001}, 422, "INVALID_SCHEDULE"),
    "half a slice": (DCA | {"slices": 1.5}, 422, "INVALID_SCHEDULE"),
    "slices as text": (DCA | {"slices": "3"}, 422, "INVALID_SCHEDULE"),
    "no interval": (DCA | {"intervalSeconds": 0}, 422, "INVALID_SCHEDULE"),
    "interval beyond all numbers": (DCA | {"intervalSeconds": 10**30}, 422, "INVALID_SCHEDULE"),
    "too long": (DCA | {"intervalSeconds": 90 * 24 * 3_600}, 422, "INVALID_SCHEDULE"),
    "in the past": (DCA | {"startAt": "2025-01-01T00:00:00Z"}, 422, "INVALID_SCHEDULE"),
    "no time": (DCA | {"startAt": "tomorrow"}, 422, "INVALID_SCHEDULE"),
    "what was missed": (DCA | {"onMissed": "double"}, 422, "INVALID_SCHEDULE"),
    "too small": (DCA | {"amount": "0.000002"}, 422, "SLICE_TOO_SMALL"),
    "reversed band": (DCA | {"minPrice": "2", "maxPrice": "1"}, 422, "PRICES_REVERSED"),
    "token without a price": (DCA | {"priceIn": "USDC"}, 422, "INVALID_PRICE_IN"),
    "price of 0": (TWAP | {"limitPrice": "0"}, 422, "INVALID_PRICE"),
    "exact output": (
        {name: value for name, value in DCA.items() if name != "amount"} | {"amountOut": "1"},
        400,
        "INVALID_REQUEST",
    ),
    "expiry": (DCA | {"expiresAt": "2026-02-01T00:00:00Z"}, 400, "INVALID_REQUEST"),
    "duration of a DCA": (DCA | {"durationSeconds": 60}, 400, "INVALID_REQUEST"),
    "paused as text": (DCA | {"paused": "yes"}, 400, "INVALID_REQUEST"),
    "no slices": (
        {name: value for name, value in DCA.items() if name != "slices"},
        400,
        "INVALID_REQUEST",
    ),
}


@pytest.mark.parametrize(("order", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_order_is_refused_with_its_code_and_nothing_is_stored(
    functions: Functions, order: dict[str, Any], status: int, code: str
) -> None:
    check_refused(functions, order, status, code)


def test_no_parent_is_refused_as_a_filter(functions: Functions) -> None:
    answer = functions.get("/api/orders", query={"parentId": "me"})

    assert (answer.status, answer.document["code"]) == (422, "INVALID_ORDER_ID")
