"""Plans are kept: one made for empty tables must do when they are full."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from chalicelib.adapters.postgres.database import KEEP_PLANS, PostgresDatabase, load_queries
from chalicelib.adapters.postgres.migrate import migrate

# What each order needs, of the tables that hold every order there ever was.
STATEMENTS = (
    "add_order",
    "load_orders",
    "save_transitions",
    "events_of_orders",
    "waiting_to_trade",
)
TABLES = ("orders", "order_events", "watches")

Node = Mapping[str, Any]


def generic(statement: str) -> str:
    """The statement with its parameters as the server numbers them."""
    numbers: dict[str, int] = {}
    return re.sub(
        r"%\((\w+)\)s", lambda m: f"${numbers.setdefault(m[1], len(numbers) + 1)}", statement
    )


def nodes(node: Node, above: Node | None = None) -> Iterator[tuple[Node, Node | None]]:
    yield node, above
    for below in node.get("Plans", ()):
        yield from nodes(below, node)


def reads_all(node: Node, above: Node | None) -> bool:
    """Whether a step of a plan reads every row that its table or its index has."""
    is_scan = "Scan" in node["Node Type"] and node.get("Relation Name") in TABLES
    is_ended = above is not None and above["Node Type"] == "Limit"
    return is_scan and "Index Cond" not in node and not is_ended


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_plan_that_is_kept_reads_a_whole_table(name: str, fresh_database_url: str) -> None:
    migrate(fresh_database_url)
    with closing(PostgresDatabase(fresh_database_url)) as database:
        database.execute(KEEP_PLANS)
        statement = generic(load_queries()[name])
        [row] = database.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}")
    steps = [*nodes(row["QUERY PLAN"][0]["Plan"])]
    assert {node.get("Relation Name") for node, _ in steps}.intersection(TABLES)
    assert [node for node, above in steps if reads_all(node, above)] == []
