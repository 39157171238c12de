import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from orders_client import OrdersClient
from orders_client.cli import trading
from orders_client.cli.app import app
from orders_client.cli.exits import ExitCode
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID

EXECUTE = "/api/orders/execute"
ORDER = ACCEPTED | {"orderId": ORDER_ID, "streamUrl": "ws://localhost/"}
LIMIT = ("--max-price-impact-bps", "700")
QUOTE = "/api/quotes?tokenIn=SOL&tokenOut=USDC&amount=9&slippageBps=100"
WARNING = {"code": "PRICE_IMPACT_TOO_HIGH", "message": "too [b]much[/b]: order less"}
ROUTE = {"legs": [], "amountIn": "9", "amountOut": "2", "priceImpactBps": 900, "reason": "best"}
QUOTES: dict[str, Any] = {
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "minAmountOut": "1",
    "quotes": [],
    "route": ROUTE | {"baseline": None},
}
SAID = "an order would fail now: PRICE_IMPACT_TOO_HIGH: too [b]much[/b]: order less"


@pytest.fixture(autouse=True)
def _clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "ORDERS_API_KEY", "ORDERS_URL"):
        monkeypatch.delenv(name, raising=False)


def orders(service: CannedService, command: str, *options: str) -> Any:
    words = ["--url", service.url, command, "SOL", "USDC", "9", *options]
    return CliRunner().invoke(app, words, prog_name="orders")


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["for people", "as JSON"])
def test_submit_warns_before_it_sends_the_order_when_the_quote_does(
    options: tuple[str, ...],
) -> None:
    quotes = QUOTES | {"warning": WARNING}
    answers = {f"{QUOTE}&maxPriceImpactBps=700": (200, quotes), EXECUTE: (202, ORDER)}
    with canned(answers) as service:
        result = orders(service, "submit", *LIMIT, *options)

    assert [request.method for request in service.requests] == ["GET", "POST"]
    assert service.requests[1].body["maxPriceImpactBps"] == 700
    assert (result.exit_code, result.stderr) == (ExitCode.OK, f"{SAID}\n")
    assert json.loads(result.stdout) == ORDER if options else ORDER_ID in result.stdout


@pytest.mark.parametrize(
    "quoted", [(200, QUOTES), (422, {"code": "ZERO_OUTPUT"}), (503, "<html>")], ids=lambda q: q[0]
)
def test_submit_sends_the_order_and_says_nothing_when_no_quote_warns(
    quoted: tuple[int, object],
) -> None:
    with canned({QUOTE: quoted, EXECUTE: (202, ORDER)}) as service:
        result = orders(service, "submit")

    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    assert "maxPriceImpactBps" not in service.requests[1].body


def test_submit_sends_the_order_when_the_quote_does_not_come_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(*_: object, **__: object) -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(OrdersClient, "quote", never)
    monkeypatch.setattr(trading, "QUOTE_SECONDS_MAX", 0.01)
    with canned({EXECUTE: (202, ORDER)}) as service:
        result = orders(service, "submit")

    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    assert [request.path for request in service.requests] == [EXECUTE]


@pytest.mark.parametrize("warning", [{}, {"warning": WARNING}], ids=["none", "too high"])
def test_quote_ends_with_the_warning_when_there_is_one(warning: dict[str, Any]) -> None:
    answers: dict[str, tuple[int, Any]] = {"/api/tokens": (200, {"tokens": []})}
    with canned(answers | {QUOTE: (200, QUOTES | warning)}) as service:
        shown, document = orders(service, "quote"), orders(service, "quote", "--json")

    assert (shown.exit_code, shown.stderr) == (ExitCode.OK, "")
    assert "impact 9.00%" in shown.stdout
    assert shown.stdout.endswith(f"{SAID}\n") is bool(warning)
    assert json.loads(document.stdout) == QUOTES | warning
