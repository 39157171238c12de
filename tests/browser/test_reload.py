"""The orders after a reload, and those that were placed elsewhere meanwhile."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Route, expect

from tests.browser.dashboard import PATIENCE_MS, Dashboard
from tests.outside import Outside

ONE_ORDER = "**/api/orders/*-*"
STREAM = "**/api/orders/execute?*"
PAGES = "**/api/orders?limit=*"


def ids(dashboard: Dashboard) -> list[str]:
    return [row["id"] for row in dashboard.rows()]


def test_orders_are_the_same_after_a_reload_with_what_they_did(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.place(3)
    dashboard.expect_confirmed(3)
    before = ids(dashboard)[:3]

    dashboard.page.reload()
    dashboard.expect_confirmed(3)

    assert ids(dashboard)[:3] == before
    dashboard.expect_complete(3)


def test_orders_go_on_to_their_end_when_reloaded_under_way(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.place(5)
    expect(dashboard.part("place")).not_to_have_attribute("aria-disabled", "true")

    dashboard.page.reload()
    dashboard.expect_confirmed(5)

    dashboard.expect_complete(5)


def test_orders_come_back_later_when_the_service_is_away_at_the_reload(
    dashboard: Dashboard,
) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    dashboard.open()
    dashboard.place(2)
    dashboard.expect_confirmed(2)

    dashboard.page.route(PAGES, lambda route: route.abort())
    with dashboard.page.expect_event("requestfailed", lambda r: "/api/orders?" in r.url):
        dashboard.page.reload()
    expect(dashboard.page.locator(".row")).to_have_count(0)
    dashboard.page.unroute(PAGES)

    dashboard.expect_confirmed(2)


def test_every_new_order_is_shown_when_more_come_at_once_than_a_page_holds(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.open()
    with dashboard.page.expect_response("**/api/orders?limit=20"):
        pass
    held: list[Route] = []
    dashboard.page.route(PAGES, lambda route: held.append(route))
    with dashboard.page.expect_request(PAGES):
        pass

    placed = [outside.submit(amount="0.5")["orderId"] for _ in range(25)]
    dashboard.page.unroute(PAGES)
    for route in held:
        route.continue_()

    expect(dashboard.row(placed[-1])).to_be_visible(timeout=PATIENCE_MS)
    assert ids(dashboard)[:25] == placed[::-1]


def test_order_under_way_is_shown_however_much_came_after_it(
    dashboard: Dashboard, outside: Outside
) -> None:
    order = outside.submit(amount="0.75")
    outside.follow(order)
    pages = {"submitted": [order | {"status": "submitted"}]}

    def answer(route: Route) -> None:
        status = parse_qs(urlsplit(route.request.url).query).get("status", [""])[0]
        route.fulfill(json={"orders": pages.get(status, []), "nextCursor": None})

    dashboard.page.route("**/api/orders?*", answer)
    dashboard.open()

    row = dashboard.row(order["orderId"])
    expect(row).to_have_attribute("data-status", "confirmed", timeout=PATIENCE_MS)
    assert ids(dashboard) == [order["orderId"]]


def test_row_goes_when_the_service_knows_its_order_no_more(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 404"
    problem = {"code": "ORDER_NOT_FOUND", "detail": "there is no such order", "status": 404}
    empty = {"orders": [], "nextCursor": None}
    dashboard.page.route("**/api/orders?*", lambda route: route.fulfill(json=empty))
    dashboard.page.route_web_socket(STREAM, lambda route: route.close(code=1013))
    dashboard.page.route(ONE_ORDER, lambda route: route.fulfill(status=404, json=problem))
    dashboard.open()

    with dashboard.page.expect_response("**/api/orders/execute"):
        dashboard.place()

    with dashboard.page.expect_response(ONE_ORDER):
        pass
    expect(dashboard.page.locator(".row")).to_have_count(0)
