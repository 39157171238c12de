import re

import pytest
from playwright.sync_api import Route, WebSocket, expect

from tests.browser.dashboard import CONFIRMED, Dashboard, expect_active
from tests.outside import Outside


def test_order_is_shown_from_pending_to_confirmed_when_submitted(dashboard: Dashboard) -> None:
    dashboard.open()
    expect(dashboard.part("total")).to_have_text(re.compile(r"^[\d.,]+ USDC$"))

    dashboard.place()
    dashboard.expect_confirmed(1)

    assert dashboard.sequences() == [CONFIRMED]
    note = dashboard.last.locator(".note")
    expect(note).to_have_text(re.compile(r"^Received [\d.]+ USDC, "))
    expect(note).to_have_attribute(
        "title", re.compile(r"Meteora [\d.]+, Raydium|Raydium [\d.]+, M")
    )
    dashboard.expect_live()


def test_every_status_of_every_order_is_shown_when_ten_are_placed_at_once(
    dashboard: Dashboard,
) -> None:
    sockets: list[WebSocket] = []
    dashboard.page.on("websocket", lambda socket: sockets.append(socket))
    dashboard.open()

    dashboard.place(10)
    dashboard.expect_confirmed(10)

    assert dashboard.sequences() == [CONFIRMED] * 10
    assert len(sockets) == 1


def test_order_is_shown_when_it_was_placed_elsewhere(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.open()
    with dashboard.page.expect_response("**/api/orders?limit=*"):
        pass

    order = outside.submit(tokenIn="JUP", tokenOut="USDC", amount="3")

    card = dashboard.row(order["orderId"])
    expect(card).to_contain_text("3 JUP → USDC")


def test_keyboard_alone_places_an_order(dashboard: Dashboard) -> None:
    dashboard.open()
    expect(dashboard.part("total")).not_to_be_empty()
    keyboard = dashboard.page.keyboard

    keyboard.press("Tab")
    expect_active(dashboard.page.locator("#skip"))
    keyboard.press("Enter")
    for name in ("type", "tokenIn", None, "tokenOut", "given", "amount"):
        keyboard.press("Tab")
        if name == "tokenIn":
            keyboard.type("J")
        if name is not None:
            focused = dashboard.page.evaluate("() => document.activeElement.name")
            assert focused == name
    keyboard.press("ControlOrMeta+a")
    keyboard.type("12")
    keyboard.press("Enter")

    dashboard.expect_confirmed(1)
    expect(dashboard.last).to_contain_text("12 JUP → USDC")


def test_exact_output_is_ordered_when_chosen(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.page.get_by_text("Receive exactly").click()

    dashboard.place(amount="25.5")
    dashboard.expect_confirmed(1)

    expect(dashboard.last).to_contain_text("SOL → 25.5 USDC")
    expect(dashboard.last).to_contain_text(re.compile(r"Paid 0\.\d+ SOL, "))


def test_refusal_is_told_by_code_and_words_when_it_would_buy_nothing(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.field("amount").fill("0.000000001")

    said = dashboard.page.locator("#quote > [data-part=problem]")
    expect(said).to_have_text(re.compile(r"^ZERO_OUTPUT: \w+"))
    dashboard.forgiven = "status of 422"


def test_quote_warns_until_the_limit_is_raised_when_the_price_impact_is_above_it(
    dashboard: Dashboard,
) -> None:
    dashboard.open()
    dashboard.field("amount").fill("20000")
    dashboard.field("impact").fill("0.01")

    warning = dashboard.part("warning")
    said = r"^An order would fail now: a price impact of [\d.]+% is above your limit of 0\.01%; "
    expect(warning).to_have_text(re.compile(said))
    dashboard.field("impact").fill("100")
    expect(warning).to_have_text("")
    expect(dashboard.part("total")).to_have_text(re.compile(r"^[\d.,]+ USDC$"))


def test_order_fails_with_its_price_impact_when_it_is_placed_despite_the_warning(
    dashboard: Dashboard,
) -> None:
    dashboard.open()

    dashboard.place(amount="20000", impact="0")

    dashboard.expect_rows("failed", 1)
    expect(dashboard.last).to_contain_text("PRICE_IMPACT_TOO_HIGH")


@pytest.mark.parametrize("impact", ["", "100.01", "1.234", "-1", "much"])
def test_form_says_what_a_price_impact_is_when_the_limit_is_none(
    dashboard: Dashboard, impact: str
) -> None:
    dashboard.open()

    dashboard.place(impact=impact)

    said = "Price impact must be 0 to 100%, in steps of 0.01%."
    expect(dashboard.page.locator("#form-problem")).to_have_text(said)
    expect_active(dashboard.field("impact"))
    assert dashboard.placed == []


def test_last_quote_wins_when_an_earlier_one_answers_later(dashboard: Dashboard) -> None:
    held: list[Route] = []
    dashboard.page.route("**/api/quotes?*amount=7&*", lambda route: held.append(route))
    dashboard.open()
    dashboard.field("amount").fill("7")
    dashboard.page.wait_for_event("request", lambda request: "amount=7&" in request.url)

    dashboard.field("amount").fill("2")

    expect(dashboard.part("total")).to_have_text(re.compile(r"^[23]\d\d\.\d+ USDC$"))
    assert len(held) == 1


@pytest.mark.parametrize("amount", ["sol", ".5", "01", "1e-8", "-1", "0"])
def test_form_says_how_to_write_an_amount_when_it_is_none(
    dashboard: Dashboard, amount: str
) -> None:
    dashboard.open()

    dashboard.place(amount=amount)

    said = f"“{amount}” is not an amount: enter one such as 1 or 0.25."
    expect(dashboard.page.locator("#form-problem")).to_have_text(said)
    assert dashboard.placed == []


@pytest.mark.parametrize(
    "order_id", ["", "4d3f1a52", "4d3f1a52-6a39-4a8e-9d0a-0b1a5b0c9d11/", "%0A", "[b]"]
)
def test_order_page_says_what_is_wrong_when_the_address_has_no_order_id(
    dashboard: Dashboard, order_id: str
) -> None:
    asked: list[str] = []
    dashboard.page.route("**/api/orders/*", lambda route: asked.append(route.request.url))
    dashboard.open(f"orders/{order_id}")

    message = dashboard.page.locator("#order [data-part=message]")
    expect(message).to_contain_text("This is not an order id")
    assert asked == []
