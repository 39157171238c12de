"""Every view, wide and narrow, light and dark: what it looks like, and who can use it."""

import json
import re
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, expect

from infra.paths import ROOT
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


def show_trade(dashboard: Dashboard, outside: Outside) -> None:
    """Live orders of several pairs, a quote, prices and figures."""
    with dashboard.page.expect_response("**/api/orders?limit=*"):
        dashboard.open()
    for order in ORDERS:
        outside.submit(**order)
    dashboard.place(3, amount="4.2")
    dashboard.expect_confirmed(3)
    expect(dashboard.part("total")).not_to_be_empty()
    expect(dashboard.page.locator("polyline.price")).to_have_count(3)
    expect(dashboard.part("confirmed")).to_have_text(re.compile(r"^\d+$"))


def show_history(dashboard: Dashboard, outside: Outside) -> None:
    outside.submit()
    dashboard.open("history")
    expect(dashboard.page.locator("#history tbody tr").first).to_be_visible()


def show_order(dashboard: Dashboard, outside: Outside) -> None:
    order = outside.submit(tokenIn="USDC", tokenOut="SOL", amount="300")
    dashboard.open(f"orders/{order['orderId']}")
    expect(dashboard.page.locator("#order .timeline .confirmed")).to_be_visible()
    dashboard.page.get_by_text("As JSON").click()


def grave_findings(dashboard: Dashboard) -> str:
    """What axe finds serious or critical, the nodes included."""
    found = Axe().run(dashboard.page).response["violations"]
    grave = [violation for violation in found if violation["impact"] in GRAVE]
    return json.dumps(
        [[v["id"], *(node["failureSummary"] for node in v["nodes"])] for v in grave], indent=2
    )


SHOW = {"trade": show_trade, "history": show_history, "order": show_order}


@pytest.mark.parametrize("view", SHOW)
def test_view_fits_and_is_accessible_wide_and_narrow_light_and_dark(
    dashboard: Dashboard, outside: Outside, view: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    SHOW[view](dashboard, outside)

    for size, scheme in product(SIZES, ("light", "dark")):
        width, height = SIZES[size]
        dashboard.page.set_viewport_size({"width": width, "height": height})
        dashboard.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        picture = SCREENSHOTS / f"{size}-{scheme}-{view}.png"
        dashboard.page.screenshot(path=picture, full_page=size == "narrow")
        assert dashboard.overflow() <= 0
        assert grave_findings(dashboard) == "[]"


def test_theme_stays_when_it_was_chosen(dashboard: Dashboard) -> None:
    dashboard.open()
    button = dashboard.page.get_by_role("button", name="Theme: auto")

    button.click()
    dashboard.page.get_by_role("button", name="Theme: light").click()
    dashboard.page.reload()

    expect(dashboard.page.get_by_role("button", name="Theme: dark")).to_be_visible()
    ground = dashboard.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(13, 17, 23)"
    dashboard.page.get_by_role("button", name="Theme: dark").click()


def test_prices_are_read_out_when_arrow_keys_ask(dashboard: Dashboard) -> None:
    dashboard.open()
    expect(dashboard.page.locator("polyline.price")).to_have_count(3)
    readout = dashboard.part("readout")
    drawing = dashboard.part("drawing")

    drawing.focus()
    drawing.press("Home")
    expect(dashboard.page.locator(".cross")).to_have_count(1)
    first = readout.inner_text()
    drawing.press("ArrowRight")

    expect(readout).not_to_have_text(first)
    assert all(line in first for line in ("Best route", "Meteora", "Raydium"))
    drawing.press("Escape")
    expect(dashboard.page.locator(".cross")).to_have_count(0)


def test_best_route_stands_alone_when_no_pool_trades_the_pair(dashboard: Dashboard) -> None:
    dashboard.open()
    dashboard.field("tokenIn").select_option("WIF")
    dashboard.field("tokenOut").select_option("JUP")

    expect(dashboard.page.locator("polyline.price")).to_have_count(1)
    expect(dashboard.page.locator("polyline.best-route")).to_have_attribute(
        "points", re.compile(r"\d,\d")
    )
    told = dashboard.page.locator("#chart").get_by_text("No pool trades this pair directly")
    expect(told).to_be_visible()


def test_theme_is_that_of_the_other_tab_when_it_was_chosen_there(
    dashboard: Dashboard, context: BrowserContext
) -> None:
    dashboard.open()
    with opened(context, dashboard.base_url) as other:
        other.open()
        other.page.get_by_role("button", name="Theme: auto").click()
        expect(dashboard.page.get_by_role("button", name="Theme: light")).to_be_visible()
        other.page.evaluate("() => localStorage.removeItem('theme')")

    expect(dashboard.page.get_by_role("button", name="Theme: auto")).to_be_visible()
