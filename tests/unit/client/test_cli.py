import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chalicelib.domain.token_list import TOKENS
from infra.local.processes import LOOPBACK, free_port
from orders_client import __version__
from orders_client.cli.app import app
from orders_client.cli.exits import ExitCode
from orders_client.cli.options import DEFAULT_URL, default_url
from tests.unit.client.fake_http import CannedService, canned
from tests.unit.client.fake_stream import ACCEPTED, CONFIRMED, FAILED, GOLDEN_FOLDER, ORDER_ID

ESCAPE = "\x1b"
SERVICE_VARIABLES = ("ORDERS_URL", "ORDERS_API_KEY")
TERMINAL_VARIABLES = ("COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS")
ORDER = ACCEPTED | {"orderId": ORDER_ID, "streamUrl": "ws://localhost/"}
SAME_TOKEN = {
    "type": "urn:problem:same-token",
    "status": 422,
    "code": "SAME_TOKEN",
    "detail": "[bold]SOL[/bold] and SOL are the same token",
    "requestId": "a-request",
}
NO_TOKENS: dict[str, Any] = {"tokens": []}


@pytest.fixture(autouse=True)
def _clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SERVICE_VARIABLES, *TERMINAL_VARIABLES):
        monkeypatch.delenv(name, raising=False)


def orders(*arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    return CliRunner().invoke(app, arguments, env=dict(environment or {}), prog_name="orders")


def orders_at(service: CannedService, *arguments: str) -> Any:
    return orders("--url", service.url, *arguments)


def test_help_names_commands_options_and_exit_codes() -> None:
    result = orders("--help")

    words = ["submit", "follow", "bench", "ORDERS_URL", "ORDERS_API_KEY"]
    assert result.exit_code == 0
    assert all(word in result.stdout for word in words)
    assert all(f"{code}  {code.meaning}" in result.stdout for code in ExitCode)
    assert ESCAPE not in result.stdout


def test_version_is_that_of_the_package() -> None:
    assert orders("--version").stdout == f"orders {__version__}\n"


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (401, {"code": "UNAUTHORIZED", "detail": "a key"}, ExitCode.REFUSED),
        (404, {"code": "NOT_FOUND", "detail": "nothing"}, ExitCode.REFUSED),
        (429, {"code": "RATE_LIMITED", "detail": "later"}, ExitCode.REFUSED),
        (403, {"message": "Forbidden"}, ExitCode.REFUSED),
        (500, {"code": "INTERNAL", "detail": "an error"}, ExitCode.UNAVAILABLE),
        (502, "<html>bad gateway</html>", ExitCode.UNAVAILABLE),
        (200, "<html>another service</html>", ExitCode.UNAVAILABLE),
        (200, ["not", "an", "object"], ExitCode.UNAVAILABLE),
    ],
)
def test_exit_code_separates_refusal_from_outage_when_the_service_answers(
    status: int, document: object, code: ExitCode
) -> None:
    with canned({"/api/tokens": (status, document)}) as service:
        result = orders_at(service, "tokens")

    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_exit_code_is_unavailable_when_the_service_is_not_reached() -> None:
    result = orders("--url", f"http://{LOOPBACK}:{free_port()}", "tokens")

    assert result.exit_code == ExitCode.UNAVAILABLE
    assert "could not be reached" in result.stderr


def test_service_is_the_local_stack_of_the_folder_when_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    description = tmp_path / ".local" / "stack.json"
    description.parent.mkdir()
    with canned({"/api/tokens": (200, NO_TOKENS)}) as service:
        address = service.url.replace(LOOPBACK, "localhost")
        description.write_text(json.dumps({"base_url": address}))

        assert orders("tokens", "--json").exit_code == ExitCode.OK


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        "{}",
        '{"base_url": null}',
        '{"base_url": "https://orders.example"}',
        '{"base_url": "http://localhost:3001@orders.example"}',
    ],
)
def test_service_is_the_default_when_the_folder_names_no_local_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / ".local").mkdir()
        (tmp_path / ".local" / "stack.json").write_text(text)

    assert default_url() == DEFAULT_URL


@pytest.mark.parametrize(
    "arguments",
    [
        ["submit", "SOL", "USDC"],
        ["submit", "SOL", "USDC", "1", "--slippage-bps", "few"],
        ["follow", ORDER_ID, "--after", "-1"],
        ["bench", "--count", "0"],
        ["sell"],
        ["--url", "localhost:3000", "tokens"],
    ],
)
def test_exit_code_is_usage_when_arguments_are_wrong(arguments: list[str]) -> None:
    result = orders(*arguments)

    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""


def test_refusal_is_a_sentence_with_code_detail_and_request_when_people_read() -> None:
    with canned({"/api/orders/execute": (422, SAME_TOKEN)}) as service:
        result = orders_at(service, "submit", "SOL", "SOL", "1")

    assert result.exit_code == ExitCode.REFUSED
    assert result.stderr == f"SAME_TOKEN: {SAME_TOKEN['detail']} (request a-request)\n"


def test_refusal_is_the_problem_document_when_json_is_asked_for() -> None:
    with canned({"/api/orders/execute": (422, SAME_TOKEN)}) as service:
        result = orders_at(service, "submit", "SOL", "SOL", "1", "--json")

    assert result.exit_code == ExitCode.REFUSED
    assert (result.stdout, json.loads(result.stderr)) == ("", SAME_TOKEN)


@pytest.mark.parametrize(
    ("options", "amount"),
    [([], "amount"), (["--exact-out"], "amountOut")],
    ids=["exact in", "exact out"],
)
def test_order_is_sent_exactly_as_it_was_typed(options: list[str], amount: str) -> None:
    exact = "0.10000000000000000000000000001"
    more = ["--slippage-bps", "7", "--idempotency-key", "my-key", "--json", *options]
    with canned({"/api/orders/execute": (202, ORDER)}) as service:
        result = orders_at(service, "submit", "SOL", "USDC", exact, *more)

    [_, request] = service.requests
    fields = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "slippageBps": 7}
    assert request.body == fields | {amount: exact}
    assert request.headers["Idempotency-Key"] == "my-key"
    assert (result.exit_code, json.loads(result.stdout)) == (0, ORDER)


def test_service_and_key_come_from_the_environment() -> None:
    with canned({"/stage/api/tokens": (200, NO_TOKENS)}) as service:
        environment = {"ORDERS_URL": f"{service.url}/stage/", "ORDERS_API_KEY": "sk_secret"}
        result = orders("tokens", environment=environment)
        of_options = orders("--api-key", "other", "tokens", environment=environment)

    keys = [request.headers["Authorization"] for request in service.requests]
    assert (result.exit_code, of_options.exit_code) == (0, 0)
    assert keys == ["Bearer sk_secret", "Bearer other"]


def test_list_fetches_every_page_when_all_are_asked_for() -> None:
    first = "/api/orders?status=failed&tokenIn=SOL&limit=1"
    pages = {
        first: (200, {"orders": [ORDER], "nextCursor": "c1"}),
        f"{first}&cursor=c1": (200, {"orders": [ORDER | {"orderId": "other"}], "nextCursor": None}),
    }
    command = ["list", "--status", "failed", "--token-in", "SOL", "--limit", "1"]
    with canned(pages) as service:
        page = orders_at(service, *command)
        every = orders_at(service, *command, "--all", "--json")

    assert ORDER_ID in page.stdout
    assert "--all" in page.stderr
    assert [order["orderId"] for order in json.loads(every.stdout)["orders"]] == [ORDER_ID, "other"]


@pytest.mark.parametrize(
    ("status", "events"), [("confirmed", CONFIRMED), ("failed", FAILED)], ids=["good", "bad"]
)
def test_shown_order_equals_the_golden_text(status: str, events: list[dict[str, Any]]) -> None:
    order = ORDER | {"status": status, "sequence": len(events), "events": events}
    tokens = {"tokens": [{"symbol": token.symbol, "mint": token.mint} for token in TOKENS]}
    with canned({f"/api/orders/{ORDER_ID}": (200, order), "/api/tokens": (200, tokens)}) as service:
        result = orders_at(service, "show", ORDER_ID)

    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines == (GOLDEN_FOLDER / f"cli_show_{status}.txt").read_text().splitlines()


def test_table_shows_text_that_looks_like_markup_unchanged() -> None:
    odd = {"symbol": "[red]X[/red] :smile:", "mint": "[/]", "decimals": 9}
    with canned({"/api/tokens": (200, {"tokens": [odd]})}) as service:
        result = orders_at(service, "tokens")

    assert "[red]X[/red] :smile:" in result.stdout
    assert "[/]" in result.stdout


def test_heading_shows_a_symbol_that_looks_like_markup_unchanged() -> None:
    route = {"legs": [], "amountIn": "1", "amountOut": "2", "priceImpactBps": 0, "reason": ""}
    quotes = {"route": route | {"baseline": None}, "quotes": [], "minAmountOut": "1"}
    document = quotes | {"tokenIn": "SOL", "tokenOut": "[red]X[/red]"}
    answers = {
        "/api/quotes?tokenIn=SOL&tokenOut=X&amount=1&slippageBps=100": (200, document),
        "/api/tokens": (200, NO_TOKENS),
    }
    with canned(answers) as service:
        result = orders_at(service, "quote", "SOL", "X", "1")

    assert "receives [red]X[/red]" in result.stdout


def test_order_is_named_when_it_was_accepted_but_cannot_be_followed() -> None:
    with canned({}) as service:
        order = ORDER | {"streamUrl": f"{service.url.replace('http', 'ws')}/stream?orderId=1"}
        service.answers["/api/orders/execute"] = 202, order
        result = orders_at(service, "submit", "SOL", "USDC", "1", "--follow", "--json")

    assert (result.exit_code, result.stdout) == (ExitCode.REFUSED, "")
    assert result.stderr.startswith(f"the order {ORDER_ID} was accepted\n")
