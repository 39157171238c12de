"""Fifty orders at once: nothing is lost, and no frame takes too long to draw."""

import json
from collections.abc import Iterable, Iterator
from statistics import quantiles
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.dashboard import CONFIRMED, Dashboard

ORDERS = 50
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


@pytest.fixture
def traced(browser: Browser, dashboard: Dashboard) -> list[Event]:
    """What the page did while fifty orders were placed and confirmed."""
    dashboard.open()
    expect(dashboard.part("total")).not_to_be_empty()
    browser.start_tracing(page=dashboard.page, categories=CATEGORIES)
    dashboard.place(ORDERS)
    dashboard.expect_confirmed(ORDERS)
    return page_events(browser.stop_tracing())


def test_fifty_orders_at_once_are_drawn_smoothly_and_without_loss(
    dashboard: Dashboard, traced: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = frames(traced)
    scripts = milliseconds(outermost(e for e in traced if e["name"] in SCRIPT))

    p95 = quantiles(drawn, n=20)[-1]
    with capsys.disabled():
        print(
            f"\n{ORDERS} orders: {len(drawn)} frames, drawing p95 {p95:.1f} ms,"
            f" at most {max(drawn):.1f} ms; {len(scripts)} scripts, at most {max(scripts):.1f} ms"
        )
    assert dashboard.sequences() == [CONFIRMED] * ORDERS
    assert p95 <= FRAME_MS
    assert max(scripts) <= TASK_MS
