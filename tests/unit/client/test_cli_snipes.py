"""Orders that wait for a new pool, as the command line shows them."""

from typing import Any

import pytest

from chalicelib.domain.orders.hunts import Finding
from orders_client.cli.exits import ExitCode
from orders_client.cli.snipes import FINDINGS, verdict_text
from orders_client.cli.timeline import Timeline
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import ACCEPTED, CONFIRMED, ORDER_ID
from tests.unit.client.test_cli import orders

MINT = "2aPTU8pLoRGdQ6xVLf5bMrXHkuSf7bLEoQ5mDrpTMcSL"
POOL = "8sRgrMSqZVcxTPaFSAPVCWYxXP3PNgUvbcJDBiSPJXRh"
OTHER_POOL = "H2rfNyKbSnokh6Rc1UTXuNAWWN3uPo6ZCaJ1JqJdqdjv"
GUARDS = {
    "minLiquidity": "50",
    "maxLiquidity": "5000",
    "maxPrice": "0.001",
    "maxFeeBps": 200,
    "maxPriceImpactBps": 500,
    "maxPoolAgeSlots": 150,
    "venues": ["meteora", "raydium"],
    "mintRenounced": True,
    "notFreezable": True,
    "liquidityLocked": True,
    "sellable": True,
}
ARMED: dict[str, Any] = {
    **{name: value for name, value in ACCEPTED.items() if name not in ("tokenOut", "events")},
    "orderId": ORDER_ID,
    "streamUrl": "ws://localhost/",
    "type": "SNIPER",
    "status": "open",
    "amount": "0.5",
    "retryFor": 30,
    "guards": {},
    "poolsJudged": 0,
    "verdicts": [],
}


WAITS: dict[str, Any] = {"waitingFor": "pool"}


def orders_at(service: CannedService, *words: str) -> Any:
    """Run the command in a terminal that is wide enough for any line."""
    return orders("--url", service.url, *words, environment={"COLUMNS": "500"})


def verdict(code: str, *, final: bool, pool: str = POOL, **found: str) -> dict[str, Any]:
    judged = {"mint": MINT, "createdSlot": 5, "slot": 9, "code": code, "final": final}
    return {"pool": pool, "symbol": "MOONCAT", **judged, **found}


def event(sequence: int, status: str, **details: object) -> dict[str, Any]:
    at = {"attempt": 0, "timestamp": "2026-01-01T00:00:02.500Z"}
    return {"orderId": ORDER_ID, "sequence": sequence, "status": status, **at, **details}


def judged(sequence: int, told: dict[str, Any]) -> dict[str, Any]:
    return event(sequence, "open", waitingFor="pool", verdict=told)


def bought(sequence: int) -> list[dict[str, Any]]:
    """The events of a buy in the pool, from its trigger on."""
    trigger = {"kind": "pool", "slot": 9, "observedAt": "2026-01-01T00:00:02.500Z", "pool": POOL}
    *_, building, _, confirmed = CONFIRMED
    leg = building["route"]["legs"][-1] | {"pool": POOL, "outputMint": MINT}
    return [
        event(sequence, "routing", trigger=trigger),
        building | {"sequence": sequence + 1, "route": building["route"] | {"legs": [leg]}},
        confirmed | {"sequence": sequence + 2},
    ]


def lines_of(order: dict[str, Any], *events: dict[str, Any]) -> list[str]:
    """The lines of the order as it was when it was placed, while its events arrive."""
    timeline = Timeline(order)
    return [timeline.heading.plain, *(timeline.line(each).plain for each in events)]


def shown(order: dict[str, Any], *events: dict[str, Any]) -> str:
    path = f"/api/orders/{ORDER_ID}"
    answers: dict[str, tuple[int, Any]] = {
        path: (200, order | {"events": list(events)}),
        "/api/tokens": (200, {"tokens": []}),
    }
    with canned(answers) as service:
        result = orders_at(service, "show", ORDER_ID)
    assert result.exit_code == ExitCode.OK, result.stderr
    return str(result.stdout)


@pytest.mark.parametrize("finding", [each for each in Finding if each is not Finding.PASSED])
def test_every_finding_has_words(finding: Finding) -> None:
    refused = verdict_text(verdict(finding, final=True, value="4", wanted="7"))
    waits = verdict_text(verdict(finding, final=False, value="4", wanted="7"))

    assert finding in FINDINGS
    assert refused.startswith("MOONCAT ")
    assert finding not in refused
    assert (refused[-9:], waits[-13:]) == (": refused", ", asked again")


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (verdict("FREEZABLE", final=True), "MOONCAT freezable: refused"),
        (verdict("NOT_OPEN", final=False), "MOONCAT not open yet, asked again"),
        (
            verdict("LIQUIDITY_TOO_LOW", final=False, value="4", wanted="50"),
            "MOONCAT with a liquidity of 4, below 50, asked again",
        ),
        (verdict("OF_A_LATER_SERVICE", final=True), "MOONCAT OF_A_LATER_SERVICE: refused"),
    ],
)
def test_verdict_is_a_line_of_the_timeline(told: dict[str, Any], text: str) -> None:
    assert text in shown(ARMED, event(1, "open", waitingFor="pool"), judged(2, told))


def test_order_on_any_token_is_shown_with_all_that_it_wants() -> None:
    filters = {"symbolContains": "cat", "creator": MINT, "guards": GUARDS}
    text = shown(ARMED | filters | {"exit": {"takeProfitBps": 5000}}, event(1, "open", **WAITS))

    assert "0.5 SOL → any new token, with cat in its symbol, made by 2aPT" in text
    assert "liquidity at least 50 SOL, liquidity at most 5000 SOL, price at most 0.001 SOL" in text
    assert "fee at most 200 bps, the pool's price impact at most 500 bps" in text
    assert "at most 150 slots old, at meteora or raydium" in text
    assert "not mintable, not freezable, locked, sellable, asked for 30 s" in text
    assert "sold again at +5000 bps, slippage at most" in text
    assert "waits for a new pool" in text


def test_order_on_a_mint_is_shown_with_it() -> None:
    text = shown(ARMED | {"tokenOut": MINT, "existing": True}, event(1, "open", **WAITS))

    assert f"0.5 SOL → {MINT}, even one that is there already, asked for 30 s" in text


def test_list_shows_open_snipers() -> None:
    met = ARMED | {"poolsJudged": 1, "tokenOut": MINT}
    page = {"orders": [ARMED, met, met | {"poolsJudged": 7}], "nextCursor": None}
    with canned({"/api/orders?limit=20": (200, page)}) as service:
        result = orders_at(service, "list")

    assert result.exit_code == ExitCode.OK, result.stderr
    assert "0.5 SOL → any new token" in result.stdout
    words = " ".join(result.stdout.split())
    assert f"0.5 SOL → {MINT} 1 pool judged, asked for 30 s" in words
    assert "7 pools judged, asked for 30 s" in words


@pytest.mark.parametrize("placed", [ARMED, ARMED | {"tokenOut": MINT}], ids=["any", "mint"])
def test_followed_order_names_its_token_once_its_pool_was_judged(placed: dict[str, Any]) -> None:
    waits = judged(2, verdict("NOT_OPEN", final=False))
    other = judged(3, verdict("FREEZABLE", final=True, pool=OTHER_POOL) | {"symbol": "TRAP"})

    *_, trigger, building, confirmed = lines_of(placed, waits, other, *bought(4))

    assert f"pool {POOL} of MOONCAT in slot 9" in trigger
    assert " MOONCAT on " in building
    assert " MOONCAT at " in confirmed


def test_followed_order_names_its_token_by_the_mint_while_no_more_is_known() -> None:
    heading, trigger, building, confirmed = lines_of(ARMED, *bought(2))

    assert "any new token" in heading
    assert f"pool {POOL} in slot 9" in trigger
    assert f" {MINT} on " in building
    assert f" {MINT} at " in confirmed


def test_bought_token_is_shown_by_its_symbol_wherever_the_route_names_it() -> None:
    order = ARMED | {
        "status": "confirmed",
        "tokenOut": "MOONCAT",
        "pool": POOL,
        "verdicts": [verdict("PASSED", final=True)],
    }

    text = shown(order, *bought(2))

    assert f"pool {POOL} of MOONCAT in slot 9" in text
    assert MINT not in text


def test_edited_guards_are_shown_as_they_are_written() -> None:
    text = shown(ARMED, event(2, "open", waitingFor="pool", changed={"guards": {"sellable": True}}))

    assert 'guards is now {"sellable": true}' in text
