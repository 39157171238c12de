"""Markup, wherever it may come from, is text."""

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from tests.browser.dashboard import Dashboard, expect_active
from tests.outside import Outside

MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
# What the page calculates with, or finds its way by, has a form that the service warrants.
FORMED = {
    *("orderId", "status", "timestamp", "createdAt", "updatedAt", "streamUrl", "sequence"),
    *("amount", "amountIn", "amountOut", "minAmountOut", "slippageBps", "attempt", "slot"),
    *(
        "maxPriceImpactBps",
        "priceImpactBps",
        "feeBps",
        "improvementBps",
        "savingBps",
        "lastValidBlockHeight",
    ),
    *("executedPrice", "inputMint", "outputMint", "mint"),
}


def spoiled(content: Any, name: str = "") -> Any:
    """The same document with markup in every text that the page only shows."""
    if isinstance(content, dict):
        return {key: spoiled(value, key) for key, value in content.items()}
    if isinstance(content, list):
        return [spoiled(item, name) for item in content]
    return MARKUP + content if isinstance(content, str) and name not in FORMED else content


def assert_harmless(dashboard: Dashboard) -> None:
    strangers = dashboard.page.locator("img, body script, [onerror]")
    expect(strangers).to_have_count(0)


@pytest.mark.parametrize("name", ["amount", "slippage", "impact"])
def test_markup_is_text_when_typed_into_a_field(dashboard: Dashboard, name: str) -> None:
    dashboard.open()
    field = dashboard.field(name)
    field.evaluate("(node) => node.removeAttribute('maxlength')")

    field.fill(MARKUP)
    field.press("Enter")

    expect(field).to_have_attribute("aria-invalid", "true")
    expect_active(field)
    if name == "amount":
        expect(dashboard.page.locator("#form-problem")).to_contain_text(MARKUP)
    assert_harmless(dashboard)


@pytest.mark.parametrize("view", ["orders/", "history?status=", ""])
def test_markup_is_text_when_in_the_address(dashboard: Dashboard, view: str) -> None:
    dashboard.open(view + quote(MARKUP))

    if view == "orders/":
        expect(dashboard.page.locator("#order")).to_contain_text(MARKUP)
        expect(dashboard.page.locator("#order")).to_contain_text("This is not an order id")
    else:
        expect(dashboard.page.locator("#trade, #history").first).to_be_attached()
    assert_harmless(dashboard)
    dashboard.forgiven = "status of 4"


def test_markup_is_text_when_the_service_sends_it(dashboard: Dashboard, outside: Outside) -> None:
    order = outside.submit()
    outside.follow(order)

    def spoil(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=spoiled(answer.json()))

    for pattern in ("**/api/orders/*", "**/api/orders?*", "**/api/quotes?*", "**/api/tokens"):
        dashboard.page.route(pattern, spoil)
    dashboard.open(f"orders/{order['orderId']}")

    for part in ("title", "body"):
        expect(dashboard.page.locator(f"#order [data-part={part}]")).to_contain_text(MARKUP)
    dashboard.open("history")
    expect(dashboard.page.locator("#history tbody tr").first).to_contain_text(MARKUP)
    assert_harmless(dashboard)
    # Tokens of such names cannot be quoted.
    dashboard.forgiven = "status of 4"


def test_markup_is_text_when_a_refusal_holds_it(dashboard: Dashboard) -> None:
    problem = {"code": "SOME_CODE", "detail": MARKUP, "status": 422}
    dashboard.page.route("**/api/quotes?*", lambda route: route.fulfill(status=422, json=problem))

    dashboard.open()

    said = dashboard.page.locator("#quote > [data-part=problem]")
    expect(said).to_have_text(f"SOME_CODE: {MARKUP}")
    assert_harmless(dashboard)
    dashboard.forgiven = "status of 422"
