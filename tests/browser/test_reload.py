"""The live orders after a reload, and those that were placed elsewhere meanwhile."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Route, expect

from tests.browser.dashboard import CONFIRMED, Dashboard
from tests.outside import Outside

ONE_ORDER = "**/api/orders/*-*"
STREAM = "**/api/orders/execute?*"
PAGES = "**/api/orders?limit=*"


def ids(dashboard: Dashboard) -> list[str | None]:
    return [card.get_attribute("data-order") for card in dashboard.cards.all()]


def test_live_orders_are_the_same_after_a_reload(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.place(3)
    dashboard.expect_confirmed(3)
    before = ids(dashboard)

    dashboard.page.reload()
    dashboard.expect_confirmed(3)

    assert ids(dashboard) == before
    assert dashboard.sequences() == [CONFIRMED] * 3


def test_orders_go_on_to_their_end_when_reloaded_under_way(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.place(5)
    expect(dashboard.cards).to_have_count(5)
    before = sorted(map(str, ids(dashboard)))

    dashboard.page.reload()
    dashboard.expect_confirmed(5)

    assert sorted(map(str, ids(dashboard))) == before
    assert dashboard.sequences() == [CONFIRMED] * 5


def test_live_orders_come_back_later_when_the_service_is_away_at_the_reload(
    dashboard: Dashboard,
) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    dashboard.open()
    dashboard.place(2)
    dashboard.expect_confirmed(2)

    dashboard.page.route(ONE_ORDER, lambda route: route.abort())
    with dashboard.page.expect_event("requestfailed", lambda r: "/api/orders/" in r.url):
        dashboard.page.reload()
    expect(dashboard.cards).to_have_count(0)
    dashboard.page.unroute(ONE_ORDER)

    dashboard.expect_confirmed(2)


def test_live_order_is_forgotten_when_the_service_knows_it_no_more(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 404"
    problem = {"code": "ORDER_NOT_FOUND", "detail": "there is no such order", "status": 404}
    dashboard.open()
    dashboard.place(2)
    dashboard.expect_confirmed(2)
    gone = ids(dashboard)[0]
    dashboard.page.route(
        f"**/api/orders/{gone}", lambda route: route.fulfill(status=404, json=problem)
    )

    dashboard.page.reload()
    dashboard.expect_confirmed(1)

    kept = dashboard.page.evaluate("() => sessionStorage.getItem('live-orders')")
    assert gone not in kept


def test_every_new_order_is_shown_when_more_come_at_once_than_a_page_holds(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.open()
    with dashboard.page.expect_response(PAGES):
        pass
    held: list[Route] = []
    dashboard.page.route(PAGES, lambda route: held.append(route))
    with dashboard.page.expect_request(PAGES):
        pass

    placed = [outside.submit(amount="0.5")["orderId"] for _ in range(25)]
    dashboard.page.unroute(PAGES)
    for route in held:
        route.continue_()

    dashboard.expect_confirmed(25)
    assert ids(dashboard) == placed[::-1]


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

    dashboard.expect_confirmed(1)
    assert ids(dashboard) == [order["orderId"]]


def test_card_goes_when_the_service_knows_its_order_no_more(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 404"
    problem = {"code": "ORDER_NOT_FOUND", "detail": "there is no such order", "status": 404}
    dashboard.page.route_web_socket(STREAM, lambda route: route.close(code=1013))
    dashboard.page.route(ONE_ORDER, lambda route: route.fulfill(status=404, json=problem))
    dashboard.open()

    with dashboard.page.expect_response("**/api/orders/execute"):
        dashboard.place()

    with dashboard.page.expect_response(ONE_ORDER):
        pass
    expect(dashboard.cards).to_have_count(0)
