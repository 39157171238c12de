"""Every view, wide and narrow, light and dark: what it looks like, and who can use it."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from infra.deploy import ROOT
from tests.browser.dashboard import NARROW, WIDE, Dashboard, opened
from tests.outside import Outside

SCREENSHOTS = ROOT / "build" / "screenshots"
SIZES = {"wide": WIDE, "narrow": NARROW}
GRAVE = ("serious", "critical")
ORDERS = (
    {"tokenIn": "USDC", "tokenOut": "JUP", "amount": "120.5"},
    {"tokenIn": "SOL", "tokenOut": "USDC", "amount": "2500"},
    {"tokenIn": "USDC", "tokenOut": "SOL", "amount": "300"},
)


@pytest.fixture(scope="module")
def order_id(outside: Outside) -> str:
    """Some history, and one order of it."""
    orders = [outside.submit(**order) for order in ORDERS]
    for order in orders:
        outside.follow(order)
    return str(orders[1]["orderId"])


def show_trade(dashboard: Dashboard) -> None:
    """Live orders of several kinds, a quote, prices and figures."""
    dashboard.open()
    expect(dashboard.part("total")).not_to_be_empty()
    dashboard.place(3, amount="4.2")
    dashboard.expect_confirmed(3)
    expect(dashboard.page.locator("polyline.price")).to_have_count(2)
    expect(dashboard.part("confirmed")).to_have_text(re.compile(r"^\d+$"))
    dashboard.page.get_by_text("As a table").click()
    expect(dashboard.part("rows").locator("td").first).to_be_visible()


def show_history(dashboard: Dashboard) -> None:
    dashboard.open("history")
    expect(dashboard.page.locator("#history tbody tr").first).to_be_visible()


def show_order(dashboard: Dashboard, order_id: str) -> None:
    dashboard.open(f"orders/{order_id}")
    expect(dashboard.page.locator("#order .timeline .confirmed")).to_be_visible()
    dashboard.page.get_by_text("As JSON").click()


def grave_findings(dashboard: Dashboard) -> str:
    """What axe finds serious or critical, the nodes included."""
    found = Axe().run(dashboard.page).response["violations"]
    grave = [violation for violation in found if violation["impact"] in GRAVE]
    return json.dumps(
        [[v["id"], *(node["failureSummary"] for node in v["nodes"])] for v in grave], indent=2
    )


def check(dashboard: Dashboard, picture: Path) -> None:
    picture.parent.mkdir(parents=True, exist_ok=True)
    dashboard.page.screenshot(path=picture, full_page="narrow" in picture.name)
    assert dashboard.overflow() <= 0
    assert grave_findings(dashboard) == "[]"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_view_fits_and_is_accessible(
    browser: Browser, outside: Outside, order_id: str, size: str, scheme: str
) -> None:
    with opened(browser, outside.base_url, size=SIZES[size], scheme=scheme) as dashboard:
        show_trade(dashboard)
        check(dashboard, SCREENSHOTS / f"{size}-{scheme}-trade.png")
        show_history(dashboard)
        check(dashboard, SCREENSHOTS / f"{size}-{scheme}-history.png")
        show_order(dashboard, order_id)
        check(dashboard, SCREENSHOTS / f"{size}-{scheme}-order.png")


def test_theme_stays_when_it_was_chosen(dashboard: Dashboard) -> None:
    dashboard.open()
    button = dashboard.page.get_by_role("button", name="Theme: auto")

    button.click()
    dashboard.page.get_by_role("button", name="Theme: light").click()
    dashboard.page.reload()

    expect(dashboard.page.get_by_role("button", name="Theme: dark")).to_be_visible()
    ground = dashboard.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(13, 17, 23)"


def test_prices_are_read_out_when_arrow_keys_ask(dashboard: Dashboard) -> None:
    dashboard.open()
    expect(dashboard.page.locator("polyline.price")).to_have_count(2)
    readout = dashboard.part("readout")
    drawing = dashboard.part("drawing")

    drawing.focus()
    drawing.press("Home")
    expect(dashboard.page.locator(".cross")).to_have_count(1)
    first = readout.inner_text()
    drawing.press("ArrowRight")

    expect(readout).not_to_have_text(first)
    assert "Meteora" in first
    assert "Raydium" in first
    drawing.press("Escape")
    expect(dashboard.page.locator(".cross")).to_have_count(0)
