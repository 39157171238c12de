"""The page before a service that wants a key: the stack's answers, refused without one."""

import json
from typing import Any

from playwright.sync_api import Route, WebSocketRoute, expect

from tests.browser.dashboard import CONFIRMED, Dashboard, expect_active

KEY = "ok_live_test"
PROBLEM = {"code": "UNAUTHORIZED", "detail": "an API key is required", "status": 401}


class Gate:
    """Lets calls with the key pass, and gives out tickets for the stream."""

    def __init__(self) -> None:
        self.tickets: set[str] = set()
        self.subscribed: list[dict[str, Any]] = []

    def guard(self, route: Route) -> None:
        if route.request.headers.get("authorization") != f"Bearer {KEY}":
            route.fulfill(status=401, json=PROBLEM)
            return
        answer = route.fetch()
        document = answer.json()
        if "streamUrl" in document:
            ticket = f"ticket-{document['orderId']}"
            self.tickets.add(ticket)
            stream_url, _, _ = document["streamUrl"].partition("&ticket=")
            document["streamUrl"] = f"{stream_url}&ticket={ticket}"
        route.fulfill(response=answer, json=document)

    def join(self, route: WebSocketRoute) -> None:
        assert "&ticket=ticket-" in route.url
        server = route.connect_to_server()

        def to_server(text: str | bytes) -> None:
            frame = json.loads(text)
            self.subscribed.append(frame)
            server.send(json.dumps({k: v for k, v in frame.items() if k != "ticket"}))

        route.on_message(to_server)


def test_key_is_asked_for_and_kept_in_the_tab_when_the_service_wants_one(
    dashboard: Dashboard,
) -> None:
    gate = Gate()
    dashboard.page.route("**/api/**", gate.guard)
    dashboard.page.route_web_socket("**/api/orders/execute?*", gate.join)
    dashboard.open()

    dashboard.page.get_by_label("Key", exact=True).fill("two words")
    dashboard.page.get_by_role("button", name="Use this key").click()
    expect(dashboard.page.locator("#key-form")).to_contain_text("visible ASCII")
    dashboard.page.get_by_label("Key", exact=True).fill("wrong")
    dashboard.page.get_by_role("button", name="Use this key").click()
    expect(dashboard.page.locator("#key-form")).to_contain_text("did not accept this key")
    dashboard.page.get_by_label("Key", exact=True).fill(KEY)
    dashboard.page.get_by_label("Key", exact=True).press("Enter")
    expect(dashboard.page.get_by_role("button", name="Forget key")).to_be_visible()
    expect(dashboard.page.locator("#key-form")).to_be_hidden()
    dashboard.place(3)
    dashboard.expect_confirmed(3)

    dashboard.forgiven = "status of 401"
    assert dashboard.sequences() == [CONFIRMED] * 3
    assert len(gate.subscribed) == 2
    assert all(frame["ticket"] == f"ticket-{frame['orderId']}" for frame in gate.subscribed)
    stored = dashboard.page.evaluate("() => ({...localStorage, ...sessionStorage})")
    assert [name for name, value in stored.items() if value == KEY] == ["api-key"]


def use_key(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.page.get_by_label("Key", exact=True).fill(KEY)
    dashboard.page.get_by_label("Key", exact=True).press("Enter")
    expect(dashboard.page.get_by_role("button", name="Forget key")).to_be_visible()


def test_live_orders_are_followed_on_after_a_reload_when_a_key_is_needed(
    dashboard: Dashboard,
) -> None:
    dashboard.forgiven = "status of 401"
    gate = Gate()
    dashboard.page.route("**/api/**", gate.guard)
    dashboard.page.route_web_socket("**/api/orders/execute?*", gate.join)
    use_key(dashboard)
    dashboard.place(3)
    expect(dashboard.part("place")).not_to_have_attribute("aria-disabled", "true")

    dashboard.page.reload()

    dashboard.expect_confirmed(3)
    dashboard.expect_complete(3)


def test_nothing_of_the_owner_is_left_when_the_key_is_forgotten(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 401"
    gate = Gate()
    dashboard.page.route("**/api/**", gate.guard)
    dashboard.page.route_web_socket("**/api/orders/execute?*", gate.join)
    use_key(dashboard)
    dashboard.place(amount="9.25")
    dashboard.expect_confirmed(1)
    order_id = dashboard.placed[0]
    dashboard.last.get_by_role("link").click()
    expect(dashboard.page.locator("#order .timeline .confirmed")).to_be_visible()

    dashboard.page.get_by_role("button", name="Forget key").click()
    expect_active(dashboard.page.get_by_label("Key", exact=True))

    assert dashboard.page.url.endswith("#/")
    expect(dashboard.page.locator(".row")).to_have_count(0)
    expect(dashboard.page.locator("body")).not_to_contain_text(str(order_id))
    assert dashboard.page.evaluate("() => Object.keys(sessionStorage)") == []


def test_key_is_gone_when_it_is_to_be_forgotten(dashboard: Dashboard) -> None:
    dashboard.page.route("**/api/**", Gate().guard)
    dashboard.open()
    dashboard.page.evaluate("(key) => sessionStorage.setItem('api-key', key)", KEY)
    dashboard.page.reload()

    dashboard.page.get_by_role("button", name="Forget key").click()

    expect_active(dashboard.page.get_by_label("Key", exact=True))
    assert dashboard.page.evaluate("() => sessionStorage.getItem('api-key')") is None
    dashboard.forgiven = "status of 401"
