"""`orders launches`: what is asked for, and what people see."""

import json
from typing import Any

import pytest

from chalicelib.entrypoints.contract.examples import LAUNCHES
from tests.unit.client.fake_http import canned
from tests.unit.client.test_cli import orders, orders_at

[LAUNCH] = LAUNCHES["launches"]
RISKS = {
    "mintable": {"mintRenounced": False},
    "freezable": {"freezable": True},
    "transfer fee 30.00%": {"transferFeeBps": 3_000},
    "not locked": {"liquidityLocked": False},
    "not sellable": {"sellable": False},
}


def rows_of(*launches: dict[str, Any]) -> list[str]:
    answer = {"launches": launches, "nextCursor": "c"}
    with canned({"/api/launches?limit=20": (200, answer)}) as service:
        arguments = "--url", service.url, "launches"
        result = orders(
            *arguments, environment={"COLUMNS": "200", "TTY_COMPATIBLE": "1", "TERM": "dumb"}
        )
    return [line for line in result.stdout.splitlines() if line.strip()]


def test_launches_are_listed_with_their_pools_and_mints() -> None:
    heading, _, row = rows_of(LAUNCH)

    headings = ["created", "symbol", "venue", "kind", "liquidity", "fee", "risks", "mint"]
    assert heading.split() == headings
    assert row.split() == [
        *("2026-01-01", "00:00:00", "MOONCAT", "raydium", "cpmm", "153.333333333", "SOL", "0.25%"),
        LAUNCH["mint"],
    ]


@pytest.mark.parametrize("risk", RISKS)
def test_launch_is_listed_with_what_to_beware_of(risk: str) -> None:
    *_, row = rows_of(LAUNCH | RISKS[risk] | {"symbol": "[red]"})

    assert "[red]" in row
    assert f" {risk} " in row
    assert not any(other in row for other in RISKS.keys() - {risk})


def test_launches_since_a_cursor_are_asked_for_and_printed_as_they_came() -> None:
    answer: dict[str, Any] = {"launches": [], "nextCursor": "c.d"}
    with canned({"/api/launches?limit=5&after=c.d": (200, answer)}) as service:
        result = orders_at(service, "launches", "--limit", "5", "--after", "c.d", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == answer
