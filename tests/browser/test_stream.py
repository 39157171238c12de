import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.dashboard import CONFIRMED, PATIENCE_MS, Dashboard

STREAM = "**/api/orders/execute?*"


class Interference:
    """Stands in the stream: passes frames on, except those that the test keeps back."""

    def __init__(self, keeps: Callable[["Interference", dict[str, Any]], bool]) -> None:
        self.keeps = keeps
        self.connections: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.passed: list[dict[str, Any]] = []

    def __call__(self, route: WebSocketRoute) -> None:
        self.connections.append(route.url)
        server = route.connect_to_server()

        def to_server(text: str | bytes) -> None:
            self.sent.append(json.loads(text))
            server.send(text)

        def to_page(text: str | bytes) -> None:
            frame = json.loads(text)
            if self.keeps(self, frame):
                return
            self.passed.append(frame)
            route.send(text)

        self.route = route
        route.on_message(to_server)
        server.on_message(to_page)


def after_of(url: str) -> int:
    return int(url.rpartition("after=")[2])


def test_nothing_is_missing_when_the_stream_is_cut_in_the_middle(dashboard: Dashboard) -> None:
    def cut_once(stream: Interference, _: dict[str, Any]) -> bool:
        if len(stream.passed) == 17 and len(stream.connections) == 1:
            stream.route.close(code=1012)
            return True
        return len(stream.passed) >= 17 and len(stream.connections) == 1

    stream = Interference(cut_once)
    dashboard.page.route_web_socket(STREAM, stream)
    dashboard.open()

    dashboard.place(10)
    dashboard.expect_confirmed(10)

    assert dashboard.sequences() == [CONFIRMED] * 10
    assert len(stream.connections) == 2
    dashboard.expect_live(r"^Live, resumed \d+ orders? at ")
    asked_again = [after_of(stream.connections[1]), *(f["after"] for f in stream.sent[9:])]
    assert any(after > 0 for after in asked_again)
    seen = [(f["data"]["orderId"], f["data"]["sequence"]) for f in stream.passed]
    assert len(set(seen)) == 50


def test_missing_frame_is_asked_for_when_a_later_one_shows_the_hole(dashboard: Dashboard) -> None:
    def lose_one(stream: Interference, frame: dict[str, Any]) -> bool:
        is_third = frame.get("data", {}).get("sequence") == 3
        return is_third and not any(sent["action"] == "subscribe" for sent in stream.sent)

    stream = Interference(lose_one)
    dashboard.page.route_web_socket(STREAM, stream)
    dashboard.open()

    dashboard.place()
    dashboard.expect_confirmed(1)

    assert dashboard.sequences() == [CONFIRMED]
    assert len(stream.connections) == 1
    assert stream.sent[0]["action"] == "subscribe"
    assert stream.sent[0]["after"] == 2


def test_frames_are_drawn_once_when_they_come_twice(dashboard: Dashboard) -> None:
    def echo(stream: Interference, frame: dict[str, Any]) -> bool:
        stream.route.send(json.dumps(frame))
        return False

    dashboard.page.route_web_socket(STREAM, Interference(echo))
    dashboard.open()

    dashboard.place(3)
    dashboard.expect_confirmed(3)

    assert dashboard.sequences() == [CONFIRMED] * 3


def test_page_says_that_it_reconnects_and_asks_for_the_order_while_it_cannot(
    dashboard: Dashboard,
) -> None:
    dashboard.page.route_web_socket(STREAM, lambda route: route.close(code=1013))
    dashboard.open()

    dashboard.place()
    said = dashboard.page.locator("#connection")
    expect(said).to_have_attribute("data-state", "reconnecting", timeout=PATIENCE_MS)
    dashboard.expect_confirmed(1)

    assert dashboard.sequences() == [CONFIRMED]
