"""`orders` against the deployed artifact: its JSON is held to golden files, but for what changes
from run to run."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orders_client.cli.app import app

GOLDEN_FOLDER = Path(__file__).parent / "golden"
# Values that no two runs share, by the names of their fields.
VOLATILE = {
    "amountIn",
    "amountOut",
    "createdAt",
    "connections",
    "executedPrice",
    "feeBps",
    "fees",
    "improvementBps",
    "inputMint",
    "kind",
    "lastValidBlockHeight",
    "maxAmountIn",
    "minAmountOut",
    "mint",
    "nextCursor",
    "orderId",
    "outputMint",
    "pool",
    "price",
    "priceImpactBps",
    "reason",
    "rejections",
    "savingBps",
    "seconds",
    "secondsToConfirmed",
    "ordersPerSecond",
    "signature",
    "slot",
    "streamUrl",
    "timestamp",
    "txHash",
    "updatedAt",
    "venue",
}
# Lists of as many as the market has just then: it counts that they are of one form.
OF_ONE_FORM = {"legs", "orders", "quotes"}
# Fixed there, but volatile elsewhere.
REGISTRY = {"mint", "kind", "pool", "venue"}


def orders(outside, *arguments):
    # In this process: tests/unit start one for each command.
    environment = {"ORDERS_URL": outside.base_url, "FORCE_COLOR": None, "COLUMNS": None}
    done = CliRunner().invoke(app, arguments, env=environment)
    return done.exit_code, done.stdout, done.stderr


def lines(outside, *arguments):
    code, output, errors = orders(outside, *arguments, "--json")
    assert (code, errors) == (0, "")
    return [json.loads(line) for line in output.splitlines()]


def form(document, volatile=frozenset(VOLATILE)):
    """The document with the names of volatile fields for their values."""
    if isinstance(document, list):
        return [form(item, volatile) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        name: f"<{name}>" if name in volatile else form_of_list(name, form(value, volatile))
        for name, value in document.items()
    }


def form_of_list(name, value):
    if name not in OF_ONE_FORM or not isinstance(value, list):
        return value
    return [item for number, item in enumerate(value) if item not in value[:number]]


def assert_golden(name, document):
    assert document == json.loads((GOLDEN_FOLDER / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def order_id(outside):
    [order] = lines(outside, "submit", "SOL", "USDC", "0.123456789")
    assert len(lines(outside, "follow", order["orderId"])) == 5
    return order["orderId"]


def test_accepted_order_is_the_golden_one(outside):
    command = ["submit", "SOL", "USDC", "1.000", "--slippage-bps", "50"]
    [order] = lines(outside, *command, "--idempotency-key", "cli-golden")
    [again] = lines(outside, *command, "--idempotency-key", "cli-golden")

    assert_golden("submit", form(order))
    assert again["orderId"] == order["orderId"]
    assert order["orderId"] in order["streamUrl"]


def test_followed_order_is_the_golden_one(outside):
    events = lines(outside, "submit", "SOL", "USDC", "1", "--follow")

    assert_golden("follow", [form(event) for event in events])


def test_follow_leaves_out_what_was_seen(outside, order_id):
    assert [event["sequence"] for event in lines(outside, "follow", order_id)] == [1, 2, 3, 4, 5]
    assert [e["sequence"] for e in lines(outside, "follow", order_id, "--after", "3")] == [4, 5]
    assert lines(outside, "follow", order_id, "--after", "5") == []


def test_order_on_the_output_side_receives_exactly_that(outside):
    events = lines(outside, "submit", "SOL", "USDC", "10", "--exact-out", "--follow")

    assert events[-1]["amountOut"] == "10"


@pytest.mark.parametrize(
    ("name", "arguments", "fixed"),
    [
        ("quote", ["quote", "SOL", "USDC", "1.0"], set()),
        ("quote_exact_out", ["quote", "SOL", "USDC", "10", "--exact-out"], set()),
        ("tokens", ["tokens"], REGISTRY),
        ("pools", ["pools"], REGISTRY),
    ],
)
def test_answer_is_the_golden_one(outside, name, arguments, fixed):
    [document] = lines(outside, *arguments)

    assert_golden(name, form(document, VOLATILE - fixed))


def test_shown_order_is_the_golden_one(outside, order_id):
    [order] = lines(outside, "show", order_id)

    assert_golden("show", form(order))
    assert order["orderId"] == order_id


def test_listed_orders_are_the_golden_ones_page_by_page(outside):
    pair = ["--token-in", "RAY", "--token-out", "USDC"]
    placed = [lines(outside, "submit", "RAY", "USDC", "1", "--follow")[0] for _ in range(3)]

    [page] = lines(outside, "list", *pair, "--status", "confirmed", "--limit", "2")
    [every] = lines(outside, "list", *pair, "--limit", "2", "--all")

    ids = [event["orderId"] for event in reversed(placed)]
    assert_golden("list", form(page))
    assert [order["orderId"] for order in page["orders"]] == ids[:2]
    assert [order["orderId"] for order in every["orders"]][:3] == ids


def test_bench_confirms_every_order_over_few_connections(outside):
    [figures] = lines(outside, "bench", "--count", "20", "--concurrency", "20")

    assert_golden("bench", form(figures))
    assert figures["connections"] <= 3
    assert 0 < figures["secondsToConfirmed"]["p50"] <= figures["secondsToConfirmed"]["max"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["submit", "SOL", "SOL", "1"], "SAME_TOKEN"),
        (["quote", "SOL", "DOGE", "1"], "UNKNOWN_TOKEN"),
        (["submit", "SOL", "USDC", "1", "--slippage-bps", "10001"], "INVALID_SLIPPAGE"),
        (["follow", "4d3f1a52-6a39-4a8e-9d0a-0b1a5b0c9d11"], "ORDER_NOT_FOUND"),
        (["list", "--status", "lost"], "UNKNOWN_STATUS"),
    ],
)
def test_refusal_of_the_service_is_told(outside, arguments, code):
    exit_code, output, errors = orders(outside, *arguments)

    assert (exit_code, output) == (3, "")
    assert re.fullmatch(rf"{code}: .+ \(request [0-9a-f-]{{36}}\)\n", errors)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["quote", "SOL", "USDC", "1"], ["raydium", "meteora", "at least", "the route"]),
        (["list", "--token-in", "SOL", "--all"], ["confirmed", "0.123456789 SOL → USDC"]),
        (["tokens"], ["mSOL"]),
        (["pools"], ["SOL/USDC", "clmm"]),
    ],
    ids=lambda value: value[0],
)
def test_tables_are_plain_text_in_a_pipe(outside, order_id, arguments, words):
    exit_code, output, _ = orders(outside, *arguments)

    assert exit_code == 0
    assert all(word in output for word in words)
    assert "\x1b" not in output
