"""The page of an order: why it failed, how long what took, what it came from, and what to do."""

import json
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from infra.paths import ROOT
from tests.browser.conftest import Call
from tests.browser.dashboard import Dashboard
from tests.outside import Outside

LIMIT = {"type": "LIMIT", "tokenIn": "USDC", "tokenOut": "SOL", "amount": "150"}
EXIT = {"takeProfitBps": 5000, "trailingBps": 800, "maxHoldSeconds": 3600}
GUARDS = {"minLiquidity": "1000000000", "maxFeeBps": 300, "venues": ["raydium"], "sellable": True}
PLACED: dict[str, dict[str, Any]] = {
    "limit": LIMIT | {"limitPrice": "1.5", "priceIn": "USDC", "exit": EXIT},
    "stop": {"type": "STOP", "tokenIn": "SOL", "tokenOut": "USDC", "amountOut": "5"}
    | {"triggerPrice": "2", "triggerCondition": "below"},
    "trail": {"type": "TRAILING_STOP", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
    | {"trailingBps": 800, "activationPrice": "900"},
    "oco": {"type": "OCO", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
    | {"takeProfitPrice": "2000", "stopPrice": "2"},
    "dca": {"type": "DCA", "tokenIn": "USDC", "tokenOut": "SOL", "amount": "100", "slices": 9}
    | {"intervalSeconds": 90, "maxPrice": "1", "priceIn": "USDC", "slippageBps": 70},
    "sniper": {"type": "SNIPER", "tokenIn": "SOL", "amount": "0.5", "symbolContains": "it's $1"}
    | {"guards": GUARDS, "retryFor": 60},
}
# What tells one order from another of its kind.
OWN = {"orderId", "createdAt", "updatedAt", "expiresAt", "startAt", "progress", "streamUrl"}


def place(outside: Outside, body: dict[str, Any]) -> dict[str, Any]:
    raw = json.dumps(body).encode()
    answer = outside.call("POST", "/api/orders/execute", raw, content_type="application/json")
    assert answer.status == 202, answer.document
    cancelled = outside.call("POST", f"/api/orders/{answer.document['orderId']}/cancel")
    assert cancelled.status in (200, 202)
    placed: dict[str, Any] = answer.document
    return placed


def same(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in OWN}


@pytest.mark.parametrize("body", PLACED.values(), ids=PLACED)
def test_copied_call_and_command_place_the_same_order(
    call: Call, outside: Outside, body: dict[str, Any]
) -> None:
    order = place(outside, body)
    shown = outside.call("GET", f"/api/orders/{order['orderId']}").document
    again = call("order_commands.js", "bodyAgain", shown)

    words = shlex.split(call("order_commands.js", "curl", again, outside.base_url, False))
    name, *options = shlex.split(call("order_commands.js", "command", again))

    assert words[3] == f"{outside.base_url}/api/orders/execute"
    assert same(place(outside, json.loads(words[-1]))) == same(order)
    assert name == "orders"
    run = [sys.executable, "-m", "orders_client.cli", "--url", outside.base_url, *options, "--json"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    by_command = json.loads(done.stdout)
    outside.call("POST", f"/api/orders/{by_command['orderId']}/cancel")
    assert same(by_command) == same(order)


def event(status: str, second: float, **more: Any) -> dict[str, Any]:
    return {"status": status, "timestamp": f"2026-01-01T10:00:{second:06.3f}Z"} | more


def test_lanes_are_of_one_attempt_each_and_leave_waiting_out(call: Call) -> None:
    events = [
        event("open", 0),
        event("open", 3, verdict={"code": "NOT_OPEN"}),
        event("routing", 10),
        event("building", 11),
        event("submitted", 11.5, signature="first"),
        event("routing", 14, retryOf={"code": "TRANSACTION_FAILED"}),
        event("building", 14.5),
        event("submitted", 15, signature="second"),
        event("confirmed", 17),
    ]

    found = call("waterfall.js", "lanesOf", events, 0)

    assert found["totalMs"] == 7000
    first, second = found["lanes"]
    assert [(step["status"], step["startMs"], step["ms"]) for step in first["steps"]] == [
        ("routing", 0, 1000),
        ("building", 1000, 500),
        ("submitted", 1500, 2500),
    ]
    assert (first["signature"], first["end"], first["why"]) == (
        *("first", "failed", "TRANSACTION_FAILED"),
    )
    assert [step["startMs"] for step in second["steps"]] == [4000, 4500, 5000]
    assert (second["signature"], second["end"]) == ("second", "confirmed")


def test_failed_order_says_what_to_do_and_is_repeated_from_its_page(
    dashboard: Dashboard, outside: Outside
) -> None:
    body = {"amount": "20000", "maxPriceImpactBps": 0, "slippageBps": 70}
    order = outside.submit(**body)
    outside.follow(order)
    dashboard.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dashboard.open(f"orders/{order['orderId']}")
    page = dashboard.page.locator("#order")

    banner = page.locator(".banner")
    expect(banner).to_contain_text(re.compile(r"This order failed\.\s*PRICE_IMPACT_TOO_HIGH: "))
    expect(banner).to_contain_text("Nothing was swapped. Order less, or allow a higher price imp")
    for name in ("Cancel", "Edit"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()
    page.get_by_role("button", name="Copy as command").click()
    expect(dashboard.part("copy-note")).to_have_text("Copied.")
    copied = dashboard.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("orders submit SOL USDC 20000 ")

    page.get_by_role("button", name="Repeat").click()
    expect(dashboard.part("place")).to_have_text("Sell 20,000 SOL for USDC")
    expect(dashboard.field("slippage")).to_have_value("0.7")
    assert dashboard.placed == []


def test_parts_and_fees_are_shown_and_what_is_open_is_cancelled_on_its_page(
    dashboard: Dashboard, outside: Outside
) -> None:
    dca = {"type": "DCA", "slices": 3, "intervalSeconds": 3600, "amount": "3"}
    order = outside.submit(**dca)
    dashboard.open(f"orders/{order['orderId']}")
    page = dashboard.page.locator("#order")
    part = page.locator("section").filter(has_text="Orders of this one").locator("tbody tr")
    expect(part.locator(".status")).to_have_text("confirmed")
    expect(page).to_contain_text("Parts1 of 3")
    expect(page).to_contain_text(re.compile(r"Paid1 SOLReceived[\d.]+ USDC"))
    expect(page.locator(".timeline .ahead")).to_have_text(["completed"])

    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".banner")).to_contain_text("Parts that were traded stay traded.")
    part.get_by_role("link").click()

    expect(page).to_contain_text("This order is a part, or the exit, of")
    lane = page.locator(".waterfall li")
    expect(lane.locator("p")).to_have_text(
        re.compile(r"^queue [\d.]+ s, routing [\d.]+ s, building [\d.]+ s, submitted [\d.]+ s$")
    )
    shown = outside.call("GET", f"/api/orders/{page.locator('code').first.inner_text()}").document
    expect(lane.locator("code")).to_have_text(shown["events"][-1]["signature"])
    fees = page.get_by_text(re.compile(r"^Fees: "))
    expect(page.get_by_role("table", name="The fees of each leg")).to_be_hidden()
    fees.click()
    expect(page.get_by_role("table", name="The fees of each leg")).to_be_visible()
    page.get_by_role("link", name=order["orderId"][:8]).click()
    expect(page.locator(".status").first).to_have_text("cancelled")


def test_guards_and_their_verdicts_are_told(dashboard: Dashboard, outside: Outside) -> None:
    order = place(outside, PLACED["sniper"])
    found = {"symbol": "CAT", "mint": "m", "pool": "p1", "slot": 12, "final": True}
    low = found | {"code": "LIQUIDITY_TOO_LOW", "value": "12", "wanted": "50", "final": False}
    verdicts = [found | {"code": "FREEZABLE"}, low]

    def judged(route: Route) -> None:
        document = route.fetch().json()
        opened = document["events"][0]
        met = [opened | {"verdict": each} for each in verdicts]
        events = [opened, *met, *document["events"][1:]]
        numbered = [each | {"sequence": n} for n, each in enumerate(events, 1)]
        route.fulfill(json=document | {"events": numbered, "sequence": len(events)})

    dashboard.page.route(f"**/api/orders/{order['orderId']}", judged)
    dashboard.open(f"orders/{order['orderId']}")
    page = dashboard.page.locator("#order")

    expect(page.locator(".checked li")).to_have_text(
        [
            *("at least 1000000000 of liquidity", "a fee of at most 3.00%", "at raydium"),
            "it can be sold again",
        ]
    )
    rows = page.get_by_role("table", name="Pools judged").locator("tbody tr")
    expect(rows).to_have_text(
        [re.compile("CAT liquidity too low .12, wanted 50., asked again"), re.compile("freezable")]
    )
    expect(page.locator(".banner")).to_contain_text("This order was cancelled.")


@pytest.mark.parametrize(
    "terms",
    [{"type": "EXIT", "tokenIn": "SOL", "amount": "1"}, PLACED["sniper"] | {"tokenOut": "MOONCAT"}],
    ids=["an exit", "a sniper that has bought"],
)
def test_order_that_cannot_be_placed_again_has_no_body(call: Call, terms: dict[str, Any]) -> None:
    assert call("order_commands.js", "bodyAgain", terms) is None
