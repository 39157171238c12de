"""Another pair, another side: nothing of the former one is left, nor comes late."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.dashboard import Dashboard

OF_SOL = re.compile(r"/api/(prices|quotes)\?.*tokenIn=SOL")
OF_JUP = re.compile(r"/api/(prices|quotes)\?.*tokenIn=JUP")
PROBLEM = {"code": "LATE_REFUSAL", "detail": "of the former pair", "status": 422}


@pytest.fixture
def shown(dashboard: Dashboard) -> Dashboard:
    dashboard.open()
    expect(dashboard.part("total")).to_have_text(re.compile(r" USDC$"))
    expect(dashboard.page.locator("polyline.price")).to_have_count(3)
    expect(dashboard.part("readout")).not_to_be_empty()
    return dashboard


def test_former_pair_is_gone_at_once_when_another_is_chosen(shown: Dashboard) -> None:
    held: list[Route] = []
    shown.page.get_by_text("As a table").click()
    expect(shown.page.locator("#chart [data-part=rows] table")).to_be_visible()
    shown.page.route(OF_JUP, lambda route: held.append(route))

    shown.field("tokenIn").select_option("JUP")

    expect(shown.page.locator("polyline.price")).to_have_count(0)
    expect(shown.page.locator("#chart [data-part=legend] li.venue")).to_have_count(0)
    expect(shown.page.locator("#chart [data-part=rows] table")).to_have_count(0)
    expect(shown.part("readout")).to_be_empty()
    expect(shown.part("drawing")).to_have_attribute("aria-label", "Prices")
    expect(shown.page.locator("#quote > [data-part=problem]")).to_have_text("Asking…")
    expect(shown.part("total")).to_be_hidden()
    expect(shown.page.locator("#quote")).to_have_attribute("aria-busy", "true")


def test_quote_of_the_other_side_is_gone_at_once_when_the_side_changes(shown: Dashboard) -> None:
    held: list[Route] = []
    shown.page.route(re.compile(r"/api/quotes\?.*amountOut="), lambda route: held.append(route))

    shown.page.get_by_text("Receive exactly").click()

    expect(shown.part("total")).to_be_hidden()


def test_prices_come_at_once_when_those_of_the_former_pair_hang(dashboard: Dashboard) -> None:
    held: list[Route] = []
    dashboard.page.route(OF_SOL, lambda route: held.append(route))
    dashboard.open()
    expect(dashboard.field("tokenIn")).to_have_value("SOL")
    expect(dashboard.part("symbol")).to_have_text("SOL")
    dashboard.page.wait_for_event("request", lambda request: "/api/prices?" in request.url)

    dashboard.field("tokenIn").select_option("JUP")

    expect(dashboard.page.locator("polyline.price")).to_have_count(3, timeout=10_000)
    expect(dashboard.part("drawing")).to_have_attribute(
        "aria-label", re.compile(r"^Prices of JUP in USDC ")
    )


def test_refusal_of_the_former_pair_is_not_told_when_it_comes_late(dashboard: Dashboard) -> None:
    dashboard.forgiven = "status of 422"
    held: list[Route] = []
    dashboard.page.route(OF_SOL, lambda route: held.append(route))
    dashboard.open()
    dashboard.page.wait_for_event("request", lambda request: "/api/prices?" in request.url)

    dashboard.field("tokenIn").select_option("JUP")
    for route in held:
        route.fulfill(status=422, json=PROBLEM)

    expect(dashboard.part("total")).to_have_text(re.compile(r" USDC$"))
    expect(dashboard.page.locator("polyline.price")).to_have_count(3)
    expect(dashboard.page.locator("#trade")).not_to_contain_text(PROBLEM["code"])
