"""Orders that wait for a new pool, on the dashboard: nothing of them is shown as undefined."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.dashboard import Dashboard
from tests.outside import Outside

MINT = "2aPTU8pLoRGdQ6xVLf5bMrXHkuSf7bLEoQ5mDrpTMcSL"
POOL = "8sRgrMSqZVcxTPaFSAPVCWYxXP3PNgUvbcJDBiSPJXRh"


# No launch has as much.
OUT_OF_REACH = {"guards": {"minLiquidity": "1000000000"}}


@contextmanager
def placed(outside: Outside, **fields: Any) -> Iterator[dict[str, Any]]:
    """An order that waits for a pool, until it is cancelled in the end."""
    order = {"type": "SNIPER", "tokenIn": "SOL", "amount": "0.5", **OUT_OF_REACH, **fields}
    body = json.dumps(order).encode()
    answer = outside.call("POST", "/api/orders/execute", body, content_type="application/json")
    assert answer.status == 202, answer.document
    yield answer.document
    outside.call("POST", f"/api/orders/{answer.document['orderId']}/cancel")


@pytest.fixture
def sniper(outside: Outside) -> Iterator[dict[str, Any]]:
    """One on a mint that has no pool."""
    with placed(outside, tokenOut=MINT) as order:
        yield order


def verdict(code: str, *, final: bool, **found: str) -> dict[str, Any]:
    judged = {"mint": MINT, "createdSlot": 5, "slot": 9, "code": code, "final": final}
    return {"pool": POOL, "symbol": "MOONCAT", **judged, **found}


def expect_defined(dashboard: Dashboard) -> None:
    expect(dashboard.page.locator("body")).not_to_contain_text("undefined")


def test_order_on_any_token_is_shown_wherever_orders_are(
    dashboard: Dashboard, outside: Outside
) -> None:
    with placed(outside) as order:
        shown = dashboard.page.locator(f"[data-order='{order['orderId']}']")
        dashboard.open()

        expect(shown.first).to_contain_text("0.5 SOL → any new token")
        expect_defined(dashboard)
        dashboard.open("history?type=SNIPER")
        expect(shown.last).to_contain_text("SOL → any new token")
        expect_defined(dashboard)


def test_order_on_a_mint_is_shown_by_its_beginning(
    dashboard: Dashboard, sniper: dict[str, Any]
) -> None:
    dashboard.open(f"orders/{sniper['orderId']}")

    title = dashboard.page.locator("#order").get_by_role("heading", level=2).first
    expect(title).to_have_text("0.5 SOL → 2aPT…")
    expect_defined(dashboard)


def test_verdicts_and_the_pool_are_told_and_the_bought_token_is_named(
    dashboard: Dashboard, outside: Outside, sniper: dict[str, Any]
) -> None:
    market = outside.submit(amount="0.5")
    *_, building, submitted, confirmed = [each["data"] for each in outside.follow(market)]
    at = {"orderId": sniper["orderId"], "timestamp": building["timestamp"], "attempt": 0}
    waits = {"status": "open", "waitingFor": "pool"} | at
    closed = verdict("NOT_OPEN", final=False, value="9", wanted="12")
    trigger = {"kind": "pool", "slot": 12, "observedAt": building["timestamp"], "pool": POOL}
    events = [
        waits,
        waits | {"verdict": closed},
        waits | {"verdict": verdict("FREEZABLE", final=True) | {"pool": MINT, "symbol": "TRAP"}},
        {"status": "routing", "trigger": trigger, "verdict": verdict("PASSED", final=True)} | at,
        *(each | {"orderId": sniper["orderId"]} for each in (building, submitted, confirmed)),
    ]

    def bought(route: Route) -> None:
        document = route.fetch().json()
        document["events"] = [e | {"sequence": n} for n, e in enumerate(events, 1)]
        del document["tokenOut"]
        route.fulfill(json=document | {"status": "confirmed", "sequence": len(events)})

    dashboard.page.route(f"**/api/orders/{sniper['orderId']}", bought)
    dashboard.open(f"orders/{sniper['orderId']}")

    page = dashboard.page.locator("#order")
    title = page.get_by_role("heading", level=2).first
    expect(title).to_have_text("0.5 SOL → MOONCAT")
    for text in (
        "MOONCAT not open (9, wanted 12), asked again",
        "TRAP freezable: refused",
        f"new pool {POOL}",
        "Buys from",
        "MOONCAT per SOL",
    ):
        expect(page).to_contain_text(text)
    expect(page.locator(".timeline li")).to_have_count(5)
    expect(page).to_contain_text(re.compile(r"Received[\d.,]+ MOONCAT"))
    expect_defined(dashboard)
