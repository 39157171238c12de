"""What the form does when it is not known whether an order arrived."""

import re
from time import monotonic

from playwright.sync_api import Route, expect

from tests.browser.dashboard import PATIENCE_MS, Dashboard

EXECUTE = "**/api/orders/execute"
LOST = "net::ERR_FAILED"
SAFE = re.compile(r"^1 order like this got no answer before; .* trying again is safe")
FORBIDDEN = {"code": "FORBIDDEN", "detail": "this key may not trade", "status": 403}
UNKNOWN = re.compile(r"UNREACHABLE, .*; not known whether it arrived; trying again is safe")


class Losing:
    """Passes orders on, and loses the answers while it is told to."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.keys: list[str] = []
        self.replays: list[str | None] = []
        self.loses = True
        self.dashboard = dashboard
        dashboard.forgiven = LOST
        dashboard.page.route(EXECUTE, self.handle)

    def handle(self, route: Route) -> None:
        self.keys.append(route.request.headers["idempotency-key"])
        answer = route.fetch()
        self.replays.append(answer.headers.get("idempotent-replayed"))
        # It is there, whoever hears of it.
        self.dashboard.note_placed(answer.status, answer.headers)
        if self.loses:
            route.abort()
        else:
            route.fulfill(response=answer)


def place_again(dashboard: Dashboard) -> None:
    with dashboard.page.expect_response(EXECUTE):
        dashboard.part("place").click()


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


def test_form_places_no_second_order_when_the_page_was_reloaded_without_an_answer(
    dashboard: Dashboard,
) -> None:
    losing = Losing(dashboard)
    dashboard.open()
    dashboard.page.get_by_text("Receive exactly").click()
    fields = {"amount": "3.25", "slippage": "0.5", "impact": "12.5"}
    dashboard.place(**fields)
    expect(dashboard.page.locator("#form-problem")).to_have_text(UNKNOWN)
    losing.loses = False

    dashboard.page.reload()
    expect(dashboard.page.locator("#form-problem")).to_have_text(SAFE)
    for name, value in fields.items():
        expect(dashboard.field(name)).to_have_value(value)
    place_again(dashboard)

    expect(dashboard.page.locator("#form-problem")).to_have_text("")
    dashboard.expect_confirmed(1)
    assert len({*losing.keys}) == 1
    assert losing.replays[-1] == "true"


def test_form_places_no_second_order_when_reloaded_before_the_answer_came(
    dashboard: Dashboard,
) -> None:
    keys: list[str] = []
    held: list[Route] = []

    def hold(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        held.append(route)

    dashboard.page.route(EXECUTE, hold)
    dashboard.open()
    with dashboard.page.expect_request(EXECUTE):
        dashboard.place(amount="4.5")

    dashboard.page.reload()
    expect(dashboard.page.locator("#form-problem")).to_have_text(SAFE)
    with dashboard.page.expect_request(EXECUTE):
        dashboard.part("place").click()
    # A request is heard of before its handler has run.
    deadline = monotonic() + PATIENCE_MS / 1000
    while len(held) < 2 and monotonic() < deadline:
        dashboard.page.wait_for_timeout(10)

    assert len(keys) == 2
    assert len({*keys}) == 1


def test_form_says_so_when_the_order_is_one_that_was_never_answered(dashboard: Dashboard) -> None:
    losing = Losing(dashboard)
    dashboard.open()
    dashboard.place(amount="5.25")
    problem = dashboard.page.locator("#form-problem")
    expect(problem).to_have_text(UNKNOWN)
    losing.loses = False

    dashboard.field("amount").fill("5.3")
    expect(problem).to_have_text("")
    dashboard.field("amount").fill("5.250")
    expect(problem).to_have_text(SAFE)
    place_again(dashboard)

    expect(problem).to_have_text("")
    assert len({*losing.keys}) == 1
    assert losing.replays[-1] == "true"


def test_form_keeps_the_key_when_an_order_without_an_answer_is_refused_next_time(
    dashboard: Dashboard,
) -> None:
    losing = Losing(dashboard)
    dashboard.forgiven = f"{LOST}|status of 403"
    dashboard.open()
    dashboard.place(amount="6.25")
    problem = dashboard.page.locator("#form-problem")
    expect(problem).to_have_text(UNKNOWN)
    losing.loses = False
    dashboard.page.route(EXECUTE, lambda route: route.fulfill(status=403, json=FORBIDDEN), times=1)
    place_again(dashboard)
    expect(problem).to_contain_text("1 order refused: FORBIDDEN")

    place_again(dashboard)

    expect(problem).to_have_text("")
    assert len({*losing.keys}) == 1
    assert losing.replays[-1] == "true"


def test_nothing_is_restored_when_the_order_was_answered(dashboard: Dashboard) -> None:
    Losing(dashboard).loses = False
    dashboard.open()
    dashboard.place(amount="7.25")
    dashboard.expect_confirmed(1)

    dashboard.page.reload()

    dashboard.expect_confirmed(1)
    expect(dashboard.field("amount")).to_have_value("1")
    expect(dashboard.page.locator("#form-problem")).to_have_text("")
