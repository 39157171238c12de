import re
import uuid

from playwright.sync_api import Route, expect

from tests.browser.dashboard import Dashboard
from tests.outside import Outside


def test_order_page_survives_a_reload_when_it_is_linked_to(
    dashboard: Dashboard, outside: Outside
) -> None:
    order = outside.submit(tokenIn="USDC", tokenOut="RAY", amount="20")
    confirmed = outside.follow(order)[-1]["data"]

    dashboard.open(f"orders/{order['orderId']}")
    dashboard.page.reload()

    shown = dashboard.page.locator("#order")
    expect(shown.get_by_role("heading", level=2, name="20 USDC → RAY")).to_be_visible()
    for text in (order["orderId"], confirmed["signature"], str(confirmed["slot"])):
        expect(shown).to_contain_text(text)
    expect(shown.locator("[data-sequence]")).to_have_count(5)
    shown.get_by_text("As JSON").click()
    expect(shown.locator("details pre")).to_contain_text('"executedPrice"')


def test_order_page_goes_on_by_itself_when_the_order_does(
    dashboard: Dashboard, outside: Outside
) -> None:
    order = outside.submit()

    dashboard.open(f"orders/{order['orderId']}")

    expect(dashboard.page.locator("#order .timeline .confirmed")).to_be_visible()


def test_order_page_names_the_pools_that_refused_when_it_was_tried_again(
    dashboard: Dashboard, outside: Outside
) -> None:
    order = outside.submit()
    outside.follow(order)
    pool = "AyffqAvfFuMPhm8rUVeHJQeyXSxrGk43mf2yYMN99HGp"

    def try_again(route: Route) -> None:
        document = route.fetch().json()
        document["events"][1] |= {
            "retryOf": {"code": "TRANSACTION_FAILED", "message": "it failed"},
            "refusedBy": [pool],
        }
        route.fulfill(json=document)

    dashboard.page.route(f"**/api/orders/{order['orderId']}", try_again)
    dashboard.open(f"orders/{order['orderId']}")

    note = f"again after TRANSACTION_FAILED: it failed; less of {pool}"
    expect(dashboard.page.locator("#order")).to_contain_text(note)


def test_order_page_says_so_when_there_is_no_such_order(dashboard: Dashboard) -> None:
    dashboard.open(f"orders/{uuid.uuid4()}")

    expect(dashboard.page.locator("#order")).to_contain_text("ORDER_NOT_FOUND")
    dashboard.forgiven = "status of 404"


def test_history_pages_there_and_back_when_filtered(dashboard: Dashboard, outside: Outside) -> None:
    ids = [outside.submit(tokenIn="USDT", tokenOut="WIF", amount=5)["orderId"] for _ in range(22)]
    dashboard.open("history")
    rows = dashboard.page.locator("#history tbody tr")

    dashboard.page.locator("#history [name=tokenIn]").select_option("USDT")
    dashboard.page.locator("#history [name=tokenOut]").select_option("WIF")
    expect(rows.filter(has_text="USDT → WIF")).to_have_count(20)
    first = [row.get_attribute("data-order") for row in rows.all()]
    dashboard.page.get_by_role("button", name="Older").click()
    expect(dashboard.part("page")).to_have_text("Page 2")
    expect(dashboard.page.locator(f"[data-order='{ids[0]}']")).to_be_visible()
    second = [row.get_attribute("data-order") for row in rows.all()]
    dashboard.page.get_by_role("button", name="Newer").click()
    expect(dashboard.part("page")).to_have_text("Page 1")

    assert (first + second)[: len(ids)] == ids[::-1]
    rows.first.get_by_role("link").click()
    expect(dashboard.page.locator("#order")).to_contain_text(ids[-1])
    dashboard.page.go_back()
    expect(rows).to_have_count(20)


def test_history_filters_survive_a_reload(dashboard: Dashboard, outside: Outside) -> None:
    outside.follow(outside.submit(tokenIn="BONK", tokenOut="USDC", amount=1000))
    dashboard.open("history?tokenIn=BONK&status=confirmed")
    dashboard.page.reload()

    rows = dashboard.page.locator("#history tbody tr")
    expect(rows.first).to_contain_text("BONK → USDC")
    expect(dashboard.page.locator("#history [name=status]")).to_have_value("confirmed")
    assert all("BONK →" in row.inner_text() for row in rows.all())


def test_history_moves_on_by_itself_when_an_order_does(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.open("history")
    expect(dashboard.page.locator("#history [name=tokenIn] option")).not_to_have_count(1)

    order = outside.submit()

    row = dashboard.page.locator(f"#history [data-order='{order['orderId']}']")
    expect(row.locator(".status")).to_have_text("confirmed")


def test_history_stays_on_its_page_when_the_next_one_does_not_come(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    for _ in range(21):
        outside.submit(tokenIn="USDC", tokenOut="WIF", amount=5)
    dashboard.open("history?tokenIn=USDC&tokenOut=WIF")
    rows = dashboard.page.locator("#history tbody tr")
    older = dashboard.page.get_by_role("button", name="Older")
    expect(rows).to_have_count(20)
    expect(older).to_be_enabled()

    dashboard.page.route("**/api/orders?*cursor=*", lambda route: route.abort(), times=1)
    older.click()
    message = dashboard.page.locator("#history [data-part=message]")
    expect(message).to_have_text(re.compile(r"^UNREACHABLE: .*; shown as of "))
    expect(dashboard.part("page")).to_have_text("Page 1")
    older.click()

    expect(dashboard.part("page")).to_have_text("Page 2")
    expect(message).to_have_text("")
    newer = dashboard.page.get_by_role("button", name="Newer")
    newer.click()
    expect(dashboard.part("page")).to_have_text("Page 1")
    expect(newer).to_be_disabled()


def test_history_shows_what_was_asked_last_when_an_earlier_answer_comes_late(
    dashboard: Dashboard, outside: Outside
) -> None:
    outside.submit(tokenIn="RAY", tokenOut="USDC", amount=5)
    dashboard.open("history")
    rows = dashboard.page.locator("#history tbody tr")
    expect(rows.first).to_be_visible()
    held: list[Route] = []
    late = "**/api/orders?tokenIn=SOL*"
    dashboard.page.route(late, lambda route: held.append(route))

    with dashboard.page.expect_request(late):
        dashboard.page.locator("#history [name=tokenIn]").select_option("SOL")
    expect(rows).to_have_count(0)
    dashboard.page.locator("#history [name=tokenIn]").select_option("RAY")
    expect(rows.first).to_contain_text("RAY → USDC")
    with dashboard.page.expect_response(late):
        held[0].continue_()

    dashboard.page.locator("#history [name=tokenOut]").select_option("USDC")
    expect(rows.first).to_contain_text("RAY → USDC")
    assert all("RAY →" in row.inner_text() for row in rows.all())
