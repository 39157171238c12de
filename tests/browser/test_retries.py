"""What the form does when it is not known whether an order arrived."""

import re

from playwright.sync_api import Route, expect

from tests.browser.dashboard import Dashboard

EXECUTE = "**/api/orders/execute"
LOST = "net::ERR_FAILED"
UNKNOWN = re.compile(r"UNREACHABLE, .*; not known whether it arrived; trying again is safe")


class Losing:
    """Passes orders on, and loses the answers while it is told to."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.keys: list[str] = []
        self.replays: list[str | None] = []
        self.loses = True
        dashboard.forgiven = LOST
        dashboard.page.route(EXECUTE, self.handle)

    def handle(self, route: Route) -> None:
        self.keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        self.replays.append(answer.headers.get("idempotent-replayed"))
        if self.loses:
            route.abort()
        else:
            route.fulfill(response=answer)


def place_again(dashboard: Dashboard) -> None:
    with dashboard.page.expect_response(EXECUTE):
        dashboard.page.get_by_role("button", name="Place order").click()


def test_form_places_no_second_order_when_the_answer_was_lost(dashboard: Dashboard) -> None:
    losing = Losing(dashboard)
    dashboard.open()
    dashboard.place(amount="3.25")
    expect(dashboard.page.locator("#form-problem")).to_have_text(UNKNOWN)
    losing.loses = False

    place_again(dashboard)
    expect(dashboard.page.locator("#form-problem")).to_have_text("")

    assert len({*losing.keys}) == 1
    assert losing.replays == [None, *["true"] * (len(losing.keys) - 1)]
    dashboard.expect_confirmed(1)


def test_form_places_another_order_when_the_last_one_was_answered(dashboard: Dashboard) -> None:
    losing = Losing(dashboard)
    losing.loses = False
    dashboard.open()
    dashboard.place(amount="3.5")
    dashboard.expect_confirmed(1)

    place_again(dashboard)

    dashboard.expect_confirmed(2)
    assert len({*losing.keys}) == len(losing.keys) == 2


def test_form_takes_a_new_key_when_the_order_was_changed(dashboard: Dashboard) -> None:
    losing = Losing(dashboard)
    dashboard.open()
    dashboard.place(amount="3.75")
    expect(dashboard.page.locator("#form-problem")).to_have_text(UNKNOWN)
    losing.loses = False

    dashboard.field("amount").fill("3.8")
    place_again(dashboard)

    dashboard.expect_confirmed(2)
    assert len({*losing.keys}) == 2
