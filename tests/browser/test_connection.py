"""What the header says of the service and of the stream, and what that means for what is shown."""

import json
import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browser.conftest import visitor
from tests.browser.dashboard import CONFIRMED, Dashboard, hide, opened
from tests.outside import Outside

API = "**/api/**"
STREAM = "**/api/orders/execute?*"
# A check every ten seconds, and the calls between: that an idle page notices may take so long.
NOTICED_MS = 12_000
# One that hangs is given up only after some seconds.
GIVEN_UP_MS = 25_000
UNAVAILABLE = {"code": "UNAVAILABLE", "detail": "the database is away", "status": 503}


def said(dashboard: Dashboard, state: str, timeout: float = NOTICED_MS) -> str:
    """Return what the header says once it is in this state."""
    header = dashboard.page.locator("#connection")
    expect(header).to_have_attribute("data-state", state, timeout=timeout)
    return header.inner_text()


def shown(dashboard: Dashboard) -> None:
    """The page has everything on it that may become old."""
    dashboard.open()
    expect(dashboard.part("total")).not_to_be_empty()
    expect(dashboard.page.locator("polyline.price")).to_have_count(3)
    expect(dashboard.part("accepted")).to_have_text(re.compile(r"^\d+$"))
    assert said(dashboard, "idle") == "Idle"


def test_idle_page_says_so_and_marks_what_is_old_when_the_service_is_gone(
    dashboard: Dashboard,
) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    shown(dashboard)
    stale = dashboard.page.locator("#figures[data-stale], #chart[data-stale]")
    slot = dashboard.page.locator("#slot")
    expect(slot).to_have_text(re.compile(r"^slot [\d,]+, \d s ago$"))

    dashboard.page.route(API, lambda route: route.abort())

    assert re.fullmatch(r"Unreachable since \d\d:\d\d:\d\d", said(dashboard, "unreachable"))
    expect(stale).to_have_count(2)
    expect(slot).to_have_text(re.compile(r"^slot [\d,]+, at \d\d:\d\d:\d\d$"))
    expect(dashboard.page.locator("#figures [data-part=message]")).to_have_text(
        re.compile(r"^UNREACHABLE: .*; shown as of \d\d:\d\d:\d\d$")
    )
    expect(dashboard.page.locator("#quote > [data-part=problem]")).to_contain_text("UNREACHABLE")

    dashboard.page.unroute(API)

    assert said(dashboard, "idle") == "Idle"
    expect(stale).to_have_count(0)
    expect(dashboard.page.locator("#figures [data-part=message]")).to_be_empty()


def test_page_says_so_when_the_service_answers_that_it_is_unavailable(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 503"
    shown(dashboard)

    dashboard.page.route(API, lambda route: route.fulfill(status=503, json=UNAVAILABLE))

    assert said(dashboard, "unavailable").startswith("Not available since ")
    dashboard.page.unroute(API)
    assert said(dashboard, "idle") == "Idle"


def test_page_says_so_when_the_service_hangs(dashboard: Dashboard) -> None:
    shown(dashboard)
    held: list[Route] = []

    dashboard.page.route(API, lambda route: held.append(route))

    assert "Unreachable" in said(dashboard, "unreachable", GIVEN_UP_MS)
    expect(dashboard.page.locator("body")).to_have_attribute("data-away", "")


def test_page_says_so_when_the_browser_has_no_network(dashboard: Dashboard) -> None:
    dashboard.forgiven = "net::ERR_INTERNET_DISCONNECTED"
    shown(dashboard)

    dashboard.page.context.set_offline(True)
    try:
        assert said(dashboard, "offline").startswith("Offline since ")
    finally:
        dashboard.page.context.set_offline(False)

    assert said(dashboard, "idle") == "Idle"


def test_page_says_so_when_the_service_is_halted(dashboard: Dashboard) -> None:
    def halt(route: Route) -> None:
        route.fulfill(json=route.fetch().json() | {"halted": True})

    dashboard.page.route("**/api/ready", halt)

    dashboard.open()

    assert said(dashboard, "halted") == "Halted: no orders are taken"


def test_page_says_that_a_key_is_needed_when_it_is(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 401"
    problem = {"code": "UNAUTHORIZED", "detail": "an API key is required", "status": 401}
    dashboard.page.route(API, lambda route: route.fulfill(status=401, json=problem))

    dashboard.open()

    assert said(dashboard, "locked") == "Key needed"


@pytest.fixture
def hurried(browser: Browser, outside: Outside) -> Iterator[Page]:
    """A page whose time the test tells, of a visitor of its own: the clock stays with all pages."""
    with closing(visitor(browser)) as context, opened(context, outside.base_url) as dashboard:
        context.clock.install()
        shown(dashboard)
        yield dashboard.page


def test_service_is_asked_while_the_page_is_seen_and_only_then(hurried: Page) -> None:
    asked: list[str] = []
    with hurried.expect_response("**/api/ready"):
        hurried.clock.run_for(11_000)

    hide(hurried, True)
    hurried.wait_for_load_state("networkidle")
    hurried.on("request", lambda request: asked.append(request.url))
    hurried.clock.run_for(120_000)
    assert asked == []

    with hurried.expect_response("**/api/ready"):
        hide(hurried, False)


def test_lost_stream_is_noticed_when_all_orders_are_done(dashboard: Dashboard) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    sockets: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        sockets.append(route)
        route.connect_to_server()

    dashboard.page.route_web_socket(STREAM, pass_on)
    dashboard.open()
    dashboard.place()
    dashboard.expect_confirmed(1)
    dashboard.expect_live()

    dashboard.page.route(API, lambda route: route.abort())
    sockets[0].close(code=1001)

    assert "Unreachable" in said(dashboard, "unreachable")
    dashboard.page.unroute(API)
    assert said(dashboard, "idle") == "Idle"


def test_stream_is_opened_anew_when_it_is_dead_without_a_close(dashboard: Dashboard) -> None:
    connections: list[str] = []

    def go_silent(route: WebSocketRoute) -> None:
        connections.append(route.url)
        server = route.connect_to_server()
        if len(connections) == 1:
            server.on_message(lambda frame: None)

    dashboard.page.route_web_socket(STREAM, go_silent)
    dashboard.open()
    dashboard.place()
    dashboard.expect_live()

    hide(dashboard.page, False)
    dashboard.expect_confirmed(1)

    assert dashboard.sequences() == [CONFIRMED]
    assert len(connections) == 2


def test_stream_goes_on_at_once_when_the_service_is_back(dashboard: Dashboard) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    refuses = True

    def refuse(route: WebSocketRoute) -> None:
        if refuses:
            route.close(code=1013)
        else:
            route.connect_to_server()

    dashboard.page.route_web_socket(STREAM, refuse)
    shown(dashboard)
    dashboard.page.route("**/api/orders/*-*", lambda route: route.abort())
    dashboard.place()
    said(dashboard, "reconnecting")
    dashboard.page.route(API, lambda route: route.abort())
    said(dashboard, "unreachable")

    refuses = False
    dashboard.page.unroute_all()
    expect(dashboard.last).to_have_attribute("data-status", "confirmed", timeout=NOTICED_MS)

    assert dashboard.sequences() == [CONFIRMED]


def test_order_page_fills_itself_when_the_service_is_back(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 503"
    shown(dashboard)
    dashboard.place()
    dashboard.expect_confirmed(1)
    order_id = dashboard.placed[0]
    dashboard.page.route(API, lambda route: route.fulfill(status=503, body=json.dumps(UNAVAILABLE)))
    said(dashboard, "unavailable")

    dashboard.page.evaluate("(id) => { location.hash = `#/orders/${id}`; }", order_id)
    message = dashboard.page.locator("#order [data-part=message]")
    expect(message).not_to_be_empty()
    dashboard.page.unroute(API)

    expect(dashboard.page.locator("#order .timeline .confirmed")).to_be_visible()
    expect(message).to_be_empty()
