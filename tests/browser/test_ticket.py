"""The ticket: each type of order is placed as its button says, and what is grave is confirmed."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.dashboard import NARROW, Dashboard, expect_active
from tests.browser.test_views import grave_findings
from tests.outside import Outside

EXECUTE = "**/api/orders/execute"
QUOTES = "**/api/quotes?*"
KINDS = ("Market", "Limit", "Stop", "DCA/TWAP", "Snipe")
MINT = "2aPTU8pLoRGdQ6xVLf5bMrXHkuSf7bLEoQ5mDrpTMcSL"


def ready(dashboard: Dashboard) -> None:
    """The ticket is filled in, and knows the price of now."""
    dashboard.open()
    expect(dashboard.part("total")).not_to_be_empty()
    expect(dashboard.part("chips").locator("button").first).to_be_enabled()


def deed(dashboard: Dashboard) -> str:
    return dashboard.part("place").inner_text()


def place(dashboard: Dashboard, outside: Outside) -> dict[str, Any]:
    """Place what the ticket says, and take it back."""
    with dashboard.page.expect_response(EXECUTE) as answer:
        dashboard.part("place").click()
    order: dict[str, Any] = answer.value.json()
    assert answer.value.status == 202, order
    outside.call("POST", f"/api/orders/{order['orderId']}/cancel")
    return order


def test_each_type_is_placed_as_its_button_says(dashboard: Dashboard, outside: Outside) -> None:
    ready(dashboard)
    chips = dashboard.part("chips")
    distance = dashboard.part("distance")

    dashboard.choose("Limit")
    chips.locator("[value='1000']").click()
    expect(distance).to_have_text(re.compile(r"^now [\d.]+, \+(9|10)\.\d\d%$"))
    price = dashboard.field("price").input_value()
    assert deed(dashboard) == f"Sell 1 SOL if ≥ {price}"
    limit = place(dashboard, outside)
    assert (limit["type"], limit["limitPrice"], limit["priceIn"]) == ("LIMIT", price, "USDC")
    chips.locator("[value='-500']").click()
    expect(distance).to_contain_text("it would be filled at once")

    dashboard.choose("Stop")
    dashboard.field("expiry").select_option(label="one day")
    chips.locator("[value='-1000']").click()
    expect(dashboard.field("condition")).to_have_value("below")
    price = dashboard.field("price").input_value()
    assert deed(dashboard) == f"Sell 1 SOL if ≤ {price}"
    stop = place(dashboard, outside)
    assert (stop["triggerPrice"], stop["triggerCondition"]) == (price, "below")
    dashboard.field("condition").select_option("above")
    expect(distance).to_contain_text("the price is there already")
    dashboard.part("swap").click()
    dashboard.field("priceIn").select_option("SOL")
    expect(distance).to_have_text(re.compile(r"^now 0\.00\d+"))

    dashboard.choose("DCA/TWAP")
    dashboard.field("tokenIn").select_option("USDC")
    dashboard.field("amount").fill("100")
    expect(dashboard.part("schedule")).to_have_text(
        re.compile(r"^4\.166666 USDC a part, about 0\.0\d+ SOL each; ends \d+ \w+, [\d:]+$")
    )
    expect(dashboard.part("total")).to_have_text(re.compile(r"^0\.0\d+ SOL$"))
    assert deed(dashboard) == "Buy SOL for 100 USDC in 24 parts"
    dca = place(dashboard, outside)
    assert (dca["type"], dca["slices"], dca["intervalSeconds"]) == ("DCA", 24, 3600)

    dashboard.choose("Snipe")
    expect(dashboard.page.locator("#quote > [data-part=problem]")).to_contain_text("no quote")
    dashboard.field("mint").fill(MINT)
    dashboard.field("liquidityLocked").uncheck()
    assert deed(dashboard) == "Snipe 2aPT… for 100 USDC"
    sniper = place(dashboard, outside)
    promised = ("mintRenounced", "notFreezable", "sellable")
    assert sniper["guards"] == dict.fromkeys(promised, True) | {"maxFeeBps": 300}
    assert sniper["tokenOut"] == MINT


def test_line_on_the_chart_moves_the_price(dashboard: Dashboard) -> None:
    ready(dashboard)
    line = dashboard.page.get_by_role("slider", name="Price of the order")
    expect(line).to_be_hidden()
    dashboard.choose("Stop")
    dashboard.part("chips").locator("[value='-100']").click()
    before = float(dashboard.field("price").input_value())
    expect(line).to_have_attribute("aria-valuetext", f"{before:g} USDC")
    place = line.bounding_box()
    assert place

    mouse = dashboard.page.mouse
    mouse.move(place["x"] + 200, place["y"] + 2)
    mouse.down()
    mouse.move(place["x"] + 200, place["y"] - 40, steps=4)
    mouse.up()
    dragged = float(dashboard.field("price").input_value())
    assert dragged > before
    line.press("ArrowDown")
    stepped = float(dashboard.field("price").input_value())
    assert stepped / dragged == pytest.approx(0.999, rel=1e-5)
    assert deed(dashboard) == f"Sell 1 SOL if ≤ {stepped:g}"
    dashboard.choose("Market")
    expect(line).to_be_hidden()


def test_price_of_another_pair_is_cleared(dashboard: Dashboard) -> None:
    ready(dashboard)
    dashboard.choose("Limit")
    dashboard.field("price").fill("160")

    dashboard.field("tokenIn").select_option("JUP")

    expect(dashboard.field("price")).to_have_value("")
    assert deed(dashboard) == "Place order"
    dashboard.part("place").click()
    expect(dashboard.page.locator("#form-problem")).to_have_text("Enter a price.")
    expect_active(dashboard.field("price"))


def test_price_impact_is_told_by_how_grave_it_is_and_confirmed(
    dashboard: Dashboard, outside: Outside
) -> None:
    impact_bps, is_filled = 99, True

    def quote(route: Route) -> None:
        document = route.fetch().json()
        document["route"]["priceImpactBps"] = impact_bps
        if not is_filled:
            document["route"] |= {"baseline": None}
        route.fulfill(json=document)

    dashboard.page.route(QUOTES, quote)
    ready(dashboard)
    impact, accept = dashboard.part("impact"), dashboard.field("accepted")
    for bps, look in ((99, ""), (100, "warned"), (500, "problem"), (1499, "problem")):
        impact_bps = bps
        dashboard.field("amount").fill(f"1.{bps}")
        expect(impact).to_have_text(f"Price impact {bps / 100:.2f}%")
        expect(impact).to_have_class(look)
        expect(accept).to_be_hidden()

    impact_bps, is_filled = 1500, False
    dashboard.field("amount").fill("2")
    expect(accept).to_be_visible()
    saving = dashboard.part("saving")
    expect(saving).to_have_text("No single pool can fill this.")
    expect(saving).to_have_class("quiet")
    dashboard.part("place").click()
    expect(dashboard.page.locator("#form-problem")).to_contain_text("Accept the price impact")
    expect_active(accept)
    accept.check()
    assert place(dashboard, outside)["amount"] == "2"
    expect(accept).not_to_be_checked()


def test_order_with_an_expiry_is_sent_again_as_it_was(
    dashboard: Dashboard, outside: Outside
) -> None:
    dashboard.forgiven = "net::ERR_FAILED"
    sent: list[tuple[str, str | None]] = []
    loses = True

    def lose(route: Route) -> None:
        sent.append((route.request.headers["idempotency-key"], route.request.post_data))
        if loses:
            route.abort()
        else:
            route.continue_()

    ready(dashboard)
    dashboard.page.route(EXECUTE, lose)
    dashboard.choose("Limit")
    dashboard.field("price").fill("1600.5")
    dashboard.field("expiry").select_option(label="one hour")
    dashboard.field("maxHold").evaluate("(node) => { node.closest('details').open = true; }")
    dashboard.field("maxHold").fill("2")
    dashboard.part("place").click()
    problem = dashboard.page.locator("#form-problem")
    expect(problem).to_contain_text("trying again is safe")
    loses = False

    dashboard.page.reload()
    expect(problem).to_contain_text("1 order like this got no answer before")
    assert deed(dashboard) == "Sell 1 SOL if ≥ 1,600.5"
    order = place(dashboard, outside)

    assert order["exit"] == {"maxHoldSeconds": 7200}
    assert len({*sent}) == 1


def test_every_type_fits_a_phone_and_is_accessible(dashboard: Dashboard) -> None:
    width, height = NARROW
    dashboard.page.set_viewport_size({"width": width, "height": height})
    dashboard.page.emulate_media(color_scheme="dark")
    ready(dashboard)
    for kind in KINDS:
        dashboard.choose(kind)
        # What is asked for anew is dim meanwhile.
        expect(dashboard.page.locator("#quote[aria-busy]")).to_have_count(0)
        assert dashboard.overflow() <= 0
        assert grave_findings(dashboard) == "[]"
