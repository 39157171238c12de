"""The book of orders: its tabs and rows, and how orders are edited and cancelled there."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, WebSocketRoute, expect

from tests.browser.conftest import Call
from tests.browser.dashboard import NARROW, Dashboard, expect_active
from tests.outside import Outside

STREAM = "**/api/orders/execute?*"
LIMIT = {"type": "LIMIT", "limitPrice": "1600", "priceIn": "USDC"}
DCA = {"type": "DCA", "slices": 20, "intervalSeconds": 3600, "maxPrice": "1", "priceIn": "USDC"}
TRAIL = {"type": "TRAILING_STOP", "trailingBps": 500}
CHANGED = {"code": "ORDER_CHANGED", "detail": "the order has changed", "status": 412}
LIMIT_IN_USDC = {"type": "LIMIT", "tokenIn": "USDC", "tokenOut": "SOL", "amount": "150"}


@contextmanager
def waiting(outside: Outside, *orders: dict[str, Any]) -> Iterator[list[str]]:
    """The ids of such orders, which are cancelled in the end."""
    ids = [outside.submit(**order)["orderId"] for order in orders]
    yield ids
    for order_id in ids:
        outside.call("POST", f"/api/orders/{order_id}/cancel")


def tab(dashboard: Dashboard, name: str) -> Locator:
    return dashboard.page.get_by_role("tab", name=name)


def test_orders_that_wait_say_what_for_and_are_edited_and_cancelled_in_their_row(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.forgiven = "status of 412"
    with waiting(outside, LIMIT, DCA, TRAIL) as (limit, dca, trail):
        dashboard.open()
        row = dashboard.row(limit)
        expect(row.locator(".note")).to_have_text(re.compile(r"^≥ 1,600 USDC, \+[\d.]+%$"))
        expect(row.locator(".time")).to_have_text(re.compile(r"^(89|90) d left$"))
        expect(dashboard.row(trail)).to_contain_text("trails by 5.00%")
        expect(dashboard.row(dca)).to_contain_text("0 of 20 parts")
        expect(dashboard.row(dca).locator(".ring")).to_be_visible()

        tab(dashboard, "All").focus()
        dashboard.page.keyboard.press("ArrowRight")
        expect_active(tab(dashboard, "Open"))
        expect(dashboard.page.locator(".row:not([data-status=open])")).to_have_count(0)

        row.get_by_role("button", name="Edit").click()
        field = dashboard.page.get_by_label("Limit, USDC")
        field.fill("dear")
        dashboard.part("save").click()
        expect(dashboard.page.locator("#edit [data-part=problem]")).to_contain_text("a number")
        field.fill("1700")
        patch = f"**/api/orders/{limit}"
        dashboard.page.route(patch, lambda route: route.fulfill(status=412, json=CHANGED), times=1)
        dashboard.part("save").click()
        expect(dashboard.page.locator("#edit")).to_contain_text("has changed meanwhile")
        expect(field).to_have_value("1600")
        field.fill("1700")
        dashboard.part("save").click()
        expect(dashboard.page.locator("#edit")).to_be_hidden()
        expect(row.locator(".note")).to_have_text(re.compile(r"^≥ 1,700 USDC"))
        assert outside.call("GET", f"/api/orders/{limit}").document["limitPrice"] == "1700"

        dashboard.row(dca).get_by_role("button", name="Edit").click()
        dashboard.page.get_by_label("Paused").check()
        dashboard.part("save").click()
        expect(dashboard.row(dca)).to_contain_text("0 of 20 parts, paused")

        width, height = NARROW
        dashboard.page.set_viewport_size({"width": width, "height": height})
        row.get_by_role("button", name="Cancel").click()
        expect(row).to_have_count(0)
        tab(dashboard, "Done").click()
        expect(row.locator(".status")).to_have_text("cancelled")


def test_many_orders_are_chosen_and_cancelled_at_once(
    dashboard: Dashboard, outside: Outside
) -> None:
    with waiting(outside, LIMIT, LIMIT, TRAIL) as ids:
        dashboard.open()
        tab(dashboard, "Open").click()
        button = dashboard.part("cancel-chosen")
        for order_id in ids:
            dashboard.row(order_id).get_by_role("checkbox").check()
        dashboard.row(ids[2]).get_by_role("checkbox").uncheck()
        expect(button).to_have_text("Cancel 2 orders")

        button.click()

        for order_id in ids[:2]:
            expect(dashboard.row(order_id)).to_have_count(0)
        expect(dashboard.row(ids[2])).to_have_attribute("data-status", "open")
        expect(button).to_be_disabled()
        for order_id in ids[:2]:
            document = outside.call("GET", f"/api/orders/{order_id}").document
            assert document["status"] == "cancelled"


class Holding:
    """Stands in the stream, and keeps frames back once an order is submitted."""

    def __init__(self) -> None:
        self.held: list[str | bytes] = []
        self.holds = True

    def __call__(self, route: WebSocketRoute) -> None:
        self.route = route
        server = route.connect_to_server()

        def to_page(text: str | bytes) -> None:
            status = json.loads(text).get("data", {}).get("status")
            if self.holds and status == "confirmed":
                self.held.append(text)
            else:
                route.send(text)

        route.on_message(server.send)
        server.on_message(to_page)

    def release(self) -> None:
        self.holds = False
        for text in self.held:
            self.route.send(text)


@pytest.mark.parametrize(
    ("is_request", "why"),
    [
        (False, "it was confirmed before the cancel came"),
        (True, "its transaction was signed before the cancel"),
    ],
)
def test_cancel_that_comes_too_late_ends_as_filled_first_and_says_why(
    dashboard: Dashboard, outside: Outside, is_request: bool, why: str
) -> None:
    dashboard.forgiven = "status of 409"
    holding = Holding()
    held: list[Route] = []
    dashboard.page.route_web_socket(STREAM, holding)
    dashboard.page.route("**/api/orders/*/cancel", lambda route: held.append(route))
    dashboard.open()
    dashboard.place()
    dashboard.expect_rows("submitted", 1)
    row = dashboard.last
    assert outside.follow({"streamUrl": outside_stream(outside, dashboard.placed[0])})

    with dashboard.page.expect_request("**/api/orders/*/cancel"):
        row.get_by_role("button", name="Cancel").click()
    expect(row.locator(".status")).to_have_text("cancelling…")
    expect(row.get_by_role("button", name="Cancel")).to_be_hidden()
    if is_request:
        order = outside.call("GET", f"/api/orders/{dashboard.placed[0]}").document
        late = order | {"status": "submitted", "cancelRequested": True}
        late = {name: value for name, value in late.items() if name != "events"}
        held[0].fulfill(status=202, json=late)
        expect(row.locator(".status")).to_have_text("cancelling…")
    else:
        held[0].continue_()
    holding.release()

    expect(row.locator(".status")).to_have_text("filled first")
    expect(row.locator(".note")).to_have_text(re.compile(f"^{why}; Received "))


def outside_stream(outside: Outside, order_id: str) -> str:
    url: str = outside.call("GET", f"/api/orders/{order_id}").document["streamUrl"]
    return url


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        *((0, "now"), (41_500, "0:42"), (3_599_000, "59:59"), (3_600_000, "1 h")),
        *((7_500_000, "2 h 5 min"), (129_600_000, "1 d 12 h"), (7_775_000_000, "90 d")),
    ],
)
def test_time_that_is_left_is_said_in_few_words(call: Call, ms: int, text: str) -> None:
    assert call("durations.js", "left", ms) == text


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (LIMIT | {"tokenIn": "SOL", "tokenOut": "USDC"}, "≥ 1,600 USDC, +966.67%"),
        (
            LIMIT_IN_USDC | {"limitPrice": "120", "priceIn": "USDC"},
            "≤ 120 USDC, \N{MINUS SIGN}20.00%",
        ),
        (LIMIT_IN_USDC | {"minAmountOut": "3"}, "≥ 0.02 SOL, +200.00%"),
        (
            {"tokenIn": "SOL", "tokenOut": "USDC", "type": "EXIT", "priceIn": "USDC"}
            | {"takeProfitPrice": "300", "stopPrice": "135"},
            "≤ 135 USDC, \N{MINUS SIGN}10.00% or ≥ 300 USDC, +100.00%",
        ),
        (
            {"tokenIn": "USDC", "tokenOut": "SOL", "type": "STOP", "priceIn": "USDC"}
            | {"triggerPrice": "165", "triggerCondition": "above"},
            "≥ 165 USDC, +10.00%",
        ),
    ],
)
def test_levels_are_in_the_words_of_the_order(call: Call, terms: dict[str, Any], text: str) -> None:
    levels = call("levels.js", "levelsOf", terms)
    rate = 150 if terms["tokenIn"] == "SOL" else 1 / 150

    assert call("levels.js", "levelsText", levels, terms, rate) == text
