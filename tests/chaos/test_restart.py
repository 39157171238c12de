"""The whole stack is killed with orders in flight; what is on disk brings all of them back."""

import json
import os
import signal
import time
from pathlib import Path

import psycopg
import pytest

from infra.local.functions import function_names
from infra.local.stack import LocalStack
from infra.verify.sizes import SCHEDULE_EVENT
from tests.outside import Outside

MANY = 10
SECONDS_MAX = 30
SUCCESSES = """
    SELECT count(*) FROM orders
      JOIN chain.transactions ON split_part(memo, ':', 1) = order_id::text
     WHERE error_code IS NULL AND status = 'confirmed'
     GROUP BY order_id
"""


def kill(stack: LocalStack) -> None:
    """No goodbye for anybody: emulator with its queues, front door and PostgreSQL."""
    for process_id in stack.process_ids():
        os.kill(process_id, signal.SIGKILL)
    stack.stop()


def statuses(outside: Outside) -> list[str]:
    return [status for (status,) in outside.sql("SELECT status FROM orders")]


@pytest.mark.acceptance
def test_orders_are_executed_once_when_the_whole_stack_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    parameters = {"LatencyMs": "2000"}
    with LocalStack(folder, parameters=parameters) as stack:
        outside = Outside(stack.description)
        for _ in range(MANY):
            outside.submit()
        kill(stack)

    with LocalStack(folder, parameters=parameters) as stack:
        outside = Outside(stack.description)
        assert len(statuses(outside)) == MANY
        # As if a minute had passed: the queues are new, only the sweep knows of the orders.
        with psycopg.connect(stack.description.database_url) as connection:
            connection.execute("UPDATE orders SET due_at = due_at - interval '1 minute'")
        answer = (
            stack.description.target()
            .clients.client("lambda")
            .invoke(
                FunctionName=function_names(stack.description)["Sweep"],
                Payload=json.dumps(SCHEDULE_EVENT),
            )
        )
        assert "FunctionError" not in answer
        deadline = time.monotonic() + SECONDS_MAX
        while set(statuses(outside)) != {"confirmed"} and time.monotonic() < deadline:
            time.sleep(0.2)

        assert statuses(outside) == ["confirmed"] * MANY
        assert outside.sql(SUCCESSES) == [(1,)] * MANY
