"""Exits from the command line and from the client: what is sent, and what is shown."""

import asyncio
from typing import Any

import pytest
from typer.testing import CliRunner

from orders_client import OrdersClient
from orders_client.cli.app import app
from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID

EXECUTE = "/api/orders/execute"
EXIT_ID = "90b5a891-dfd2-5a6b-b2d8-d544609f0dd5"
PLAN = {"takeProfitBps": 5000, "stopLossBps": 2500, "trailingBps": 800, "maxHoldSeconds": 5400}
OPTIONS = ["--take-profit-bps", "5000", "--stop-loss-bps", "2500"]
OPTIONS += ["--exit-trailing-bps", "800", "--max-hold", "90m"]
ORDER: dict[str, Any] = ACCEPTED | {"orderId": ORDER_ID, "streamUrl": "ws://localhost/"}
CHILD = ORDER | {
    "orderId": EXIT_ID,
    "parentId": ORDER_ID,
    "type": "EXIT",
    "status": "open",
    "takeProfitPrice": "225",
    "stopPrice": "112.5",
    "priceIn": "USDC",
    "trailingBps": 800,
    "sellAt": "2026-01-01T01:30:00.000Z",
}


@pytest.fixture(autouse=True)
def _clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "ORDERS_API_KEY", "ORDERS_URL"):
        monkeypatch.delenv(name, raising=False)


def orders(service: CannedService, *words: str) -> Any:
    return CliRunner().invoke(app, ["--url", service.url, *words], prog_name="orders")


def event(sequence: int, status: str, **details: object) -> dict[str, Any]:
    at = {"attempt": 1, "timestamp": "2026-01-01T00:00:02.500Z"}
    return {"orderId": ORDER_ID, "sequence": sequence, "status": status, **at, **details}


def shown(document: dict[str, Any], *events: dict[str, Any]) -> str:
    path = f"/api/orders/{document['orderId']}"
    answers: dict[str, tuple[int, Any]] = {
        path: (200, document | {"events": list(events)}),
        "/api/tokens": (200, {"tokens": []}),
    }
    with canned(answers) as service:
        result = orders(service, "show", document["orderId"])
    assert result.exit_code == ExitCode.OK
    return str(result.stdout)


def test_submit_and_limit_send_the_exit_that_the_options_name() -> None:
    with canned({EXECUTE: (202, ORDER)}) as service:
        submitted = orders(service, "submit", "SOL", "USDC", "9", *OPTIONS)
        limit = ["limit", "SOL", "USDC", "9", "--price", "150", "--slippage-bps", "300"]
        limited = orders(service, *limit, *OPTIONS)

    assert (submitted.exit_code, limited.exit_code) == (ExitCode.OK, ExitCode.OK)
    bodies = [request.body for request in service.requests if request.method == "POST"]
    assert [body["exit"] for body in bodies] == [PLAN, PLAN]
    assert [body["slippageBps"] for body in bodies] == [100, 300]


@pytest.mark.parametrize(
    ("option", "value", "plan"),
    [
        ("--take-profit-bps", "1", {"takeProfitBps": 1}),
        ("--stop-loss-bps", "1", {"stopLossBps": 1}),
        ("--exit-trailing-bps", "1", {"trailingBps": 1}),
        ("--max-hold", "7d", {"maxHoldSeconds": 604_800}),
    ],
)
def test_each_option_alone_is_an_exit(option: str, value: str, plan: dict[str, int]) -> None:
    with canned({EXECUTE: (202, ORDER)}) as service:
        orders(service, "submit", "SOL", "USDC", "9", option, value)

    assert service.requests[-1].body["exit"] == plan


def test_no_exit_is_sent_without_an_option() -> None:
    with canned({EXECUTE: (202, ORDER)}) as service:
        orders(service, "submit", "SOL", "USDC", "9")
        orders(service, "limit", "SOL", "USDC", "9", "--price", "150")

    bodies = [request.body for request in service.requests if request.method == "POST"]
    assert not any("exit" in body for body in bodies)
    assert "slippageBps" not in bodies[1]


def test_span_that_is_none_is_wrong_usage() -> None:
    with canned({EXECUTE: (202, ORDER)}) as service:
        result = orders(service, "submit", "SOL", "USDC", "9", "--max-hold", "soon")

    assert result.exit_code == ExitCode.USAGE
    assert service.requests == []


def test_show_names_the_exit_of_an_order() -> None:
    fill = {"amountIn": "1", "amountOut": "150", "executedPrice": "150", "slot": 7}
    order = ORDER | {"exit": PLAN, "status": "confirmed"}

    text = shown(order, event(1, "confirmed", **fill, exitOrderId=EXIT_ID))

    assert f"slot 7; exit {EXIT_ID}" in text
    assert "sold again at +5000 bps or -2500 bps or 800 bps off the best price" in text
    assert "or 5400 s after the fill" in text


def test_show_names_the_parent_of_an_exit_and_what_it_waits_for() -> None:
    text = shown(CHILD, event(1, "open", waitingFor="price"))

    assert f"exit of {ORDER_ID}: at 225 USDC or at 112.5 USDC or 800 bps off" in text
    assert "or at 2026-01-01T01:30:00.000Z" in text


@pytest.mark.parametrize(
    ("trigger", "line"),
    [
        ({"kind": "takeProfit", "price": "226", "slot": 9}, "takeProfit at 226 USDC for a SOL in"),
        ({"kind": "maxHold", "slot": 9}, "maxHold in slot 9"),
    ],
)
def test_show_tells_what_triggered_an_exit(trigger: dict[str, Any], line: str) -> None:
    assert line in shown(CHILD, event(2, "routing", trigger=trigger))


def test_list_is_filtered_by_the_parent() -> None:
    page = {"orders": [CHILD], "nextCursor": None}
    with canned({f"/api/orders?parentId={ORDER_ID}&limit=20": (200, page)}) as service:
        result = orders(service, "list", "--parent", ORDER_ID)

    assert result.exit_code == ExitCode.OK
    assert EXIT_ID in result.stdout


@pytest.mark.parametrize("plan", [PLAN, {"trailingBps": 1}, None])
def test_client_sends_the_exit_as_it_is_given(plan: dict[str, int] | None) -> None:
    async def submit(url: str) -> None:
        async with OrdersClient(url) as client:
            await client.submit("SOL", "USDC", "9", exit=plan)

    with canned({EXECUTE: (202, ORDER)}) as service:
        asyncio.run(submit(service.url))

    assert service.requests[0].body.get("exit") == plan
