"""Lists in terminals of any width, and where a program reads them."""

from typing import Any

import pytest

from chalicelib.entrypoints.contract.examples import LAUNCHES
from orders_client.cli.listings import Listing, address_cell, order_cell, time_cell
from tests.unit.client.fake_http import canned
from tests.unit.client.fake_stream import ACCEPTED, ORDER_ID
from tests.unit.client.test_cli import orders

MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
ORDER: dict[str, Any] = ACCEPTED | {
    "orderId": ORDER_ID,
    "type": "MARKET",
    "status": "failed",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "12.5",
    "code": "SLIPPAGE_EXCEEDED",
    "message": "the price moved by more than the slippage",
}
POOL = {
    "tokenA": "SOL",
    "tokenB": "USDC",
    "venue": "meteora",
    "kind": "damm_v2",
    "price": "150.123456",
    "pool": MINT,
}
[LAUNCH] = LAUNCHES["launches"]
ANSWERS = {
    "/api/orders?limit=20": (200, {"orders": [ORDER], "nextCursor": None}),
    "/api/pools": (200, {"pools": [POOL]}),
    "/api/tokens": (200, {"tokens": [{"symbol": "USDC", "mint": MINT, "decimals": 6}]}),
    "/api/launches?limit=20": (200, {"launches": [LAUNCH], "nextCursor": "c"}),
}
COMMANDS = ("list", "pools", "tokens", "launches")


def shown(command: str, **environment: str) -> list[str]:
    with canned(ANSWERS) as service:
        result = orders("--url", service.url, command, environment=environment)
    assert result.exit_code == 0
    return result.stdout.splitlines()


def in_terminal(command: str, columns: int) -> list[str]:
    """What a terminal of so many columns shows, without its colours."""
    return shown(command, COLUMNS=str(columns), TTY_COMPATIBLE="1", NO_COLOR="1", TERM="dumb")


@pytest.mark.parametrize("command", COMMANDS)
def test_list_fits_a_terminal_of_eighty_columns_and_cuts_no_word(command: str) -> None:
    lines = in_terminal(command, 80)

    assert max(map(len, lines)) <= 80
    # In one line, but for what is a sentence.
    assert len([line for line in lines if line.strip()]) <= (6 if command == "list" else 4)


def test_order_is_named_by_what_names_it_where_there_is_little_room() -> None:
    row = in_terminal("list", 80)[3]

    assert row.split()[:4] == [ORDER_ID[:8], "01-02", "03:04", "failed"]
    assert in_terminal("list", 160)[3].split()[:3] == [ORDER_ID, "2026-01-02", "03:04:05"]


@pytest.mark.parametrize("command", COMMANDS)
def test_program_reads_a_line_of_whole_fields_for_each_row(command: str) -> None:
    # A width that is known makes no terminal of a pipe.
    [line] = shown(command, COLUMNS="80")

    assert {
        "list": line.split("\t")
        == [
            ORDER_ID,
            "2026-01-02 03:04:05",
            "failed",
            "12.5 SOL → USDC",
            "SLIPPAGE_EXCEEDED: the price moved by more than the slippage",
        ],
        "pools": line == f"SOL/USDC\tmeteora\tdamm_v2\t150.123456\t{MINT}",
        "tokens": line == f"USDC\t{MINT}\t6",
        "launches": line.split("\t")[-1] == LAUNCH["mint"],
    }[command]


def test_field_cannot_pass_for_two_fields_or_two_lines() -> None:
    listing = Listing(("a", "b"))
    listing.add("one\ttwo\nthree", order_cell(ORDER_ID))

    assert [*listing.lines()] == [f"one two three\t{ORDER_ID}"]


def test_cells_have_a_shorter_form() -> None:
    assert order_cell(ORDER_ID).short == ORDER_ID[:8]
    assert address_cell(MINT).short == "EPjFWdd5…"
    assert time_cell("2026-01-02T03:04:05.678Z").short == "01-02 03:04"
