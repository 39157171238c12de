"""What it costs when the slices of many orders over time are due at once."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.bootstrap import Deployment
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.orders.schedules import slice_id
from chalicelib.domain.orders.terms import DcaTerms, OnMissed
from chalicelib.engine.messages import ExecuteOrder, decode_execute_order
from chalicelib.engine.ports.book import RANGE_MAX
from chalicelib.simulation.market import slot_at
from tests.contract.samples import accepted, order_id, put
from tests.integration.conftest import Traffic
from tests.integration.test_counts import execute
from tests.world import ticks

PARENTS, BATCH = 1_000, 10
HOUR = timedelta(hours=1)


def place(engine: Deployment, many: int) -> list[OrderId]:
    """So many orders over time whose first slices are due, in a slot that is still to come."""
    now = datetime.now(UTC)
    terms = DcaTerms(slices=2, start_at=now, span=2 * HOUR, on_missed=OnMissed.SKIP)
    numbers = range(1, many + 1)
    for number in numbers:
        put(engine.order_store, accepted(number, terms=terms, at=now, armed_slot=slot_at(now)))
    # The watcher has seen all slots but the one under way.
    last_slot = slot_at(datetime.now(UTC)) - 1
    engine.database.execute("UPDATE watch_cursor SET slot = %s", [last_slot])
    return [order_id(number) for number in numbers]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, traffic: Traffic) -> list[str]:
    """The orders that are queued: the emulated queue takes long over so many."""
    order_ids: list[str] = []

    def post(_: AwsClient, operation: str, _path: str, body: bytes, *_more: Any) -> dict[str, Any]:
        traffic.calls.append(operation)
        bodies = [entry["MessageBody"] for entry in json.loads(body)["Entries"]]
        order_ids.extend(decode_execute_order(text).order_id for text in bodies)
        return {}

    monkeypatch.setattr(AwsClient, "post", post)
    return order_ids


def test_a_thousand_orders_are_asked_about_in_a_statement_for_each_range_and_a_call_for_ten(
    engine: Deployment, traffic: Traffic, sent: list[str]
) -> None:
    parents = place(engine, PARENTS)
    traffic.clear()

    engine.watcher.watch("me", has_time=ticks(1), stands_by=True)

    assert sorted(sent) == sorted(parents)
    assert traffic.calls == ["SendMessageBatch"] * (PARENTS // BATCH)
    # Each range that was full is looked at again, until none is left; another slot may begin.
    looks = PARENTS // RANGE_MAX + 1
    assert Counter(traffic.statements)["tick"] in (looks, looks + 1)
    assert "load_orders" not in traffic.statements


def test_ten_slices_begin_in_one_statement_and_are_queued_in_one_call(
    engine: Deployment, traffic: Traffic
) -> None:
    parents = place(engine, BATCH)
    traffic.clear()

    assert execute(engine, [ExecuteOrder(order_id=parent) for parent in parents]) == set()

    assert traffic.statements == ["load_orders", "save_transitions"]
    queued, announced = ["SendMessageBatch"] * 2
    assert traffic.calls == ["ChangeMessageVisibilityBatch", queued, announced]


def test_ten_slices_that_have_ended_are_told_of_in_three_statements(
    engine: Deployment, traffic: Traffic
) -> None:
    messages = [ExecuteOrder(order_id=parent) for parent in place(engine, BATCH)]
    execute(engine, messages)
    execute(engine, [ExecuteOrder(order_id=slice_id(m.order_id, 0)) for m in messages])
    traffic.clear()

    assert execute(engine, messages) == set()

    assert traffic.statements == ["load_orders", "events_of_orders", "save_transitions"]
