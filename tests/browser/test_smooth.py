"""Fifty orders at once, and fifty among five hundred: nothing is lost, and no frame takes too long
to draw."""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from statistics import quantiles
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browser.dashboard import CONFIRMED, Dashboard
from tests.outside import Outside

ORDERS, CROWD = 50, 500
# Those that move do so a few at a time.
FEW, STEP_MS = 5, 30
# A sixtieth of a second, and what browsers call a long task.
FRAME_MS, TASK_MS = 16.0, 50.0
CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"]
# What the page's own scripts do, and what the browser does for what they changed.
SCRIPT = {"FireAnimationFrame", "FunctionCall", "TimerFire", "RunMicrotasks", "EventDispatch"}
RENDERING = {"FireAnimationFrame", "UpdateLayoutTree", "Layout", "PrePaint", "Paint"}

Event = dict[str, Any]


def page_events(trace: bytes) -> list[Event]:
    """What the page's main thread did, in order."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (e["pid"], e["tid"])
        for e in events
        if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    drawing = {(e["pid"], e["tid"]) for e in events if e["name"] == "FireAnimationFrame"}
    [main] = mains & drawing
    own = [e for e in events if (e["pid"], e["tid"]) == main and "tdur" in e]
    return sorted(own, key=lambda e: e["ts"])


def outermost(events: Iterable[Event]) -> Iterator[Event]:
    """Those that no other of them holds."""
    end = 0
    for event in events:
        if event["ts"] >= end:
            end = event["ts"] + event["dur"]
            yield event


def milliseconds(events: Iterable[Event]) -> list[float]:
    """The processor time of each: what others do on the machine is not in it."""
    return [event["tdur"] / 1000 for event in events]


def frames(events: list[Event]) -> list[float]:
    """The time that drawing took, from one frame to the next."""
    totals: list[float] = []
    for event in outermost(e for e in events if e["name"] in RENDERING):
        if event["name"] == "FireAnimationFrame":
            totals.append(0.0)
        if totals:
            totals[-1] += event["tdur"] / 1000
    return totals


def check_smoothness(events: list[Event], title: str) -> None:
    drawn = frames(events)
    scripts = milliseconds(outermost(e for e in events if e["name"] in SCRIPT))
    p95 = quantiles(drawn, n=20)[-1]
    print(
        f"\n{title}: {len(drawn)} frames, drawing p95 {p95:.1f} ms,"
        f" at most {max(drawn):.1f} ms; {len(scripts)} scripts, at most {max(scripts):.1f} ms"
    )
    assert p95 <= FRAME_MS
    assert max(scripts) <= TASK_MS


def test_fifty_orders_at_once_are_drawn_smoothly_and_without_loss(
    browser: Browser, dashboard: Dashboard, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard.open()
    expect(dashboard.part("total")).not_to_be_empty()
    browser.start_tracing(page=dashboard.page, categories=CATEGORIES)
    dashboard.place(ORDERS)
    expect(dashboard.part("place")).to_have_attribute("aria-disabled", "true")
    expect(dashboard.part("place")).not_to_have_attribute("aria-disabled", "true")
    expect(dashboard.page.get_by_role("tab", name="Working 0")).to_be_visible()
    events = page_events(browser.stop_tracing())
    dashboard.expect_confirmed(ORDERS)

    assert dashboard.sequences() == [CONFIRMED] * ORDERS
    with capsys.disabled():
        check_smoothness(events, f"{ORDERS} orders")


class Crowd:
    """A service with so many orders that wait, some of which go to their ends when it is told."""

    def __init__(self, order: dict[str, Any], events: list[Event]) -> None:
        self.events = events
        shown = {
            name: value for name, value in order.items() if name not in ("events", "streamUrl")
        }
        waits = {"status": "open", "sequence": 1, "type": "LIMIT", "limitPrice": "1600"}
        self.orders = [
            shown | waits | {"orderId": f"{n:08}-0000-4000-8000-000000000000"} for n in range(CROWD)
        ]
        self.stream_url = order["streamUrl"]

    def page(self, route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        start = int(query.get("cursor", ["0"])[0])
        end = start + int(query["limit"][0])
        is_open = query.get("status", ["open"]) == ["open"]
        cursor = str(end) if end < CROWD and "status" in query else None
        shown = self.orders[start:end] if is_open else []
        route.fulfill(json={"orders": shown, "nextCursor": cursor})

    def show(self, route: Route) -> None:
        order_id = route.request.url.rpartition("/")[2]
        [order] = [each for each in self.orders if each["orderId"] == order_id]
        route.fulfill(
            json=order | {"streamUrl": self.stream_url, "events": self.events_of(order)[:1]}
        )

    def stream(self, route: WebSocketRoute) -> None:
        self.socket = route
        self.heard: set[str] = set()

        def hear(text: str | bytes) -> None:
            frame = json.loads(text)
            if frame["action"] == "subscribe":
                self.heard.add(frame["orderId"])

        route.on_message(hear)

    def events_of(self, order: dict[str, Any]) -> list[Event]:
        own = [event | {"orderId": order["orderId"]} for event in self.events]
        return [own[0] | {"status": "open", "waitingFor": "price"}, *own[1:]]

    def move(self, page: Page, number: int) -> None:
        """Each of the newest so many goes to its end, one step after the other."""
        moving = [self.events_of(order) for order in self.orders[-number:]]
        for step, start in product(zip(*moving, strict=True), range(0, number, FEW)):
            for event in step[start : start + FEW]:
                self.socket.send(json.dumps({"type": "update", "data": event}))
            page.wait_for_timeout(STEP_MS)


def test_fifty_of_five_hundred_orders_move_smoothly(
    browser: Browser, dashboard: Dashboard, outside: Outside, capsys: pytest.CaptureFixture[str]
) -> None:
    order = outside.submit()
    events = [frame["data"] for frame in outside.follow(order)]
    crowd = Crowd(order, events)
    dashboard.page.route("**/api/orders?*", crowd.page)
    dashboard.page.route("**/api/orders/0*", crowd.show)
    dashboard.page.route_web_socket("**/api/orders/execute?*", crowd.stream)
    dashboard.open()
    expect(dashboard.page.get_by_role("tab", name=f"Open {CROWD}")).to_be_visible()
    expect(dashboard.part("total")).not_to_be_empty()
    in_page = dashboard.page.locator(".row")
    assert in_page.count() < CROWD / 5

    browser.start_tracing(page=dashboard.page, categories=CATEGORIES)
    crowd.move(dashboard.page, ORDERS)
    expect(dashboard.page.get_by_role("tab", name=f"Done {ORDERS}")).to_be_visible()
    dashboard.page.locator("#book [data-part=frame]").evaluate("(n) => { n.scrollTop = 9000; }")
    expect(dashboard.row(crowd.orders[CROWD - 330]["orderId"])).to_be_attached()
    traced = page_events(browser.stop_tracing())

    with capsys.disabled():
        check_smoothness(traced, f"{ORDERS} of {CROWD} orders")
