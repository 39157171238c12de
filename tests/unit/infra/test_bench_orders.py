"""The bench of orders: whose CPU time is whose, what is counted, and what the figures are."""

import asyncio
import json
import subprocess
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from infra.errors import StackStartError
from infra.local.call_counter import COUNTS_PATH, CallCounter
from infra.verify.bench import stacks
from infra.verify.bench.cpu import OTHER, UNSEEN, CpuLedger, Reading
from infra.verify.bench.orders import summarize
from infra.verify.bench.results import describe, medians, ratios, results_table
from infra.verify.bench.stacks import commit_id, stack_of
from orders_client import OrdersClient
from orders_client.cli.bench import Bench
from orders_client.cli.trades import FIRST_TIME_STATUSES, plan_trades

EMULATOR, POSTMASTER, EXECUTE, SESSION = (2, 0.0), (3, 0.0), (20, 1.0), (30, 1.0)


def readings(
    *, emulator: float, ended: float = 0.0, **more: tuple[float, float]
) -> dict[tuple[int, float], Reading]:
    parts = {"execute": (EXECUTE, "Execute", 2), "session": (SESSION, "Postgres", 3)}
    found = {
        EMULATOR: Reading("emulator", 1, emulator, ended),
        POSTMASTER: Reading("Postgres", 1, 1.0, more.pop("sessions_ended", (0.0, 0.0))[0]),
    }
    for name, (own, children) in more.items():
        key, part, parent = parts[name]
        found[key] = Reading(part, parent, own, children)
    return found


def test_parts_have_what_they_used_since_the_start_when_all_live() -> None:
    ledger = CpuLedger(readings(emulator=10.0, ended=4.0, execute=(3.0, 0.0)))

    ledger.add(readings(emulator=12.0, ended=4.0, execute=(3.5, 0.0)))

    assert ledger.spent() == pytest.approx({"emulator": 2.0, "Execute": 0.5})


def test_function_keeps_what_it_was_seen_to_use_when_it_has_ended() -> None:
    ledger = CpuLedger(readings(emulator=10.0))

    ledger.add(readings(emulator=10.0, execute=(2.0, 0.0)))
    ledger.add(readings(emulator=10.0, ended=2.25))

    assert ledger.spent() == pytest.approx({"Execute": 2.0, UNSEEN: 0.25})


def test_use_before_the_start_does_not_count_when_the_process_ends_later() -> None:
    ledger = CpuLedger(readings(emulator=10.0, execute=(5.0, 0.0)))

    ledger.add(readings(emulator=10.0, execute=(5.5, 0.0)))
    ledger.add(readings(emulator=10.0, ended=5.75))

    assert ledger.spent() == pytest.approx({"Execute": 0.5, UNSEEN: 0.25})


def test_use_is_counted_when_nobody_saw_the_process() -> None:
    ledger = CpuLedger(readings(emulator=10.0))

    ledger.add(readings(emulator=10.0, ended=1.5, sessions_ended=(0.5, 0.0)))

    assert ledger.spent() == pytest.approx({UNSEEN: 1.5, "Postgres": 0.5})


def test_children_of_an_ended_process_count_once_when_it_had_some() -> None:
    ledger = CpuLedger(readings(emulator=10.0))

    ledger.add(readings(emulator=10.0, execute=(2.0, 1.0)))
    ledger.add(readings(emulator=10.0, ended=3.0))

    assert sum(ledger.spent().values()) == pytest.approx(3.0)


def test_process_is_what_it_was_when_it_does_not_tell_any_more() -> None:
    ledger = CpuLedger(readings(emulator=10.0))

    ledger.add(readings(emulator=10.0, execute=(2.0, 0.0)))
    ledger.add({**readings(emulator=10.0), EXECUTE: Reading("", 2, 2.5)})
    ledger.add({**readings(emulator=10.0), (40, 1.0): Reading("", 1, 0.5)})

    assert ledger.spent() == pytest.approx({"Execute": 2.5, OTHER: 0.5})


def test_median_takes_a_figure_for_nothing_where_a_round_has_none() -> None:
    rounds = [{"a": 3.0, "sweep": 1.0}, {"a": 1.0}, {"a": 2.0}]

    assert medians(rounds) == {"a": 2.0, "sweep": 0.0}


def test_ratio_is_left_out_when_the_other_side_has_nothing_to_divide_by() -> None:
    this = {"fast": 6.0, "new": 1.0, "zero": 1.0, "gone": 0.0}
    that = {"fast": 2.0, "zero": 0.0, "gone": 4.0, "old": 1.0}

    assert ratios(this, that) == {"fast": 3.0, "gone": 0.0}


def test_summary_divides_medians_not_rounds() -> None:
    rounds = {
        "this": [{"lone": {"a": each}} for each in (1.0, 9.0, 8.0)],
        "baseline": [{"lone": {"a": each}} for each in (4.0, 1.0, 2.0)],
    }

    assert summarize(rounds) == {
        "lone": {"this": {"a": 8.0}, "baseline": {"a": 2.0}, "ratio": {"a": 4.0}}
    }


def finished_bench(count: int, *, failing: int) -> Bench:
    bench = Bench(OrdersClient("http://localhost:1"), plan_trades(count), count)
    bench.started_at, bench.ended_at = 100.0, 102.0
    for number, trade in enumerate(bench.trades):
        trade.order_id, trade.started_at = str(number), 100.0
        trade.answered_at, trade.ended_at = 100.25, 101.0 + number
        statuses = FIRST_TIME_STATUSES if number >= failing else ("pending", "failed")
        trade.events = [{"sequence": s, "status": each} for s, each in enumerate(statuses, 1)]
    return bench


def test_figures_are_shares_of_an_order_when_described() -> None:
    figures = describe(
        finished_bench(4, failing=1),
        {"Execute": 0.2, "Publish": 0.4},
        {"SQS SendMessage": 6},
        {"Execute": 1.5},
        10,
    )

    assert figures == pytest.approx(
        {
            "orders": 4,
            "confirmed": 3,
            "followersWithFiveInOrder": 3,
            "duplicateEvents": 0,
            "ordersPerSecond": 1.5,
            "answeredMs.p50": 250.0,
            "answeredMs.p99": 250.0,
            "confirmedMs.p50": 3000.0,
            "confirmedMs.p99": 4000.0,
            "cpuMsPerOrder.all": 150.0,
            "cpuMsPerOrder.Publish": 100.0,
            "cpuMsPerOrder.Execute": 50.0,
            "statementsPerOrder": 2.5,
            "callsPerOrder.SQS SendMessage": 1.5,
            "messagesPerBatch.Execute": 1.5,
        }
    )


def test_figures_have_no_latency_when_no_order_was_confirmed() -> None:
    figures = describe(finished_bench(2, failing=2), {}, {}, {}, 0)

    assert [name for name in figures if name.startswith("confirmedMs")] == []
    assert figures["ordersPerSecond"] == 0


def test_table_has_a_dash_where_a_side_cannot_tell() -> None:
    console = Console(width=80)
    with console.capture() as said:
        console.print(
            results_table(
                "lone", {"this": {"a": 1234.5, "b.x": 0.12345}, "baseline": {"a": 2.0, "b.y": 3.0}}
            )
        )

    assert [line.split() for line in said.get().splitlines() if " " in line.strip()] == [
        ["lone", "this", "baseline"],
        ["a", "1,234", "2"],
        ["b.x", "0.123", "-"],
        ["b.y", "-", "3"],
    ]


def call(counter: CallCounter, path: str, method: str = "POST", target: str = "") -> bytes:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"x"), *([(b"x-amz-target", target.encode())] if target else [])]
    scope = {"type": "http", "path": path, "method": method, "headers": headers}
    asyncio.run(counter(scope, None, send))
    return b"".join(message.get("body", b"") for message in sent)


def test_calls_are_counted_by_operation_and_passed_on() -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    counter = CallCounter(application)
    call(counter, "/", target="AmazonSQS.SendMessageBatch")
    call(counter, "/", target="AmazonSQS.SendMessageBatch")
    call(counter, "/", target="DynamoDB_20120810.UpdateItem")
    call(counter, "/_aws/execute-api/a/live/@connections/b=")
    call(counter, "/_aws/execute-api/a/live/api/orders/execute")
    asyncio.run(counter({"type": "lifespan"}, None, None))

    assert json.loads(call(counter, COUNTS_PATH, "GET")) == {
        "SQS SendMessageBatch": 2,
        "DynamoDB UpdateItem": 1,
        "@connections POST": 1,
    }
    assert seen == ["http"] * 5 + ["lifespan"]


def test_commit_is_found_by_any_name_and_refused_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "ROOT", tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message=a"], check=True)
    head = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()

    assert commit_id("HEAD") == commit_id(head[:12]) == head
    for name in ("nothing", "--all", "HEAD:README.md", ""):
        with pytest.raises(ArgumentTypeError, match="names no commit of this repository"):
            commit_id(name)


def test_baseline_says_why_in_one_line_when_it_does_not_start(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho Traceback\necho 'port 1 is in use'\nexit 1\n")
    python.chmod(0o755)

    with (
        pytest.raises(StackStartError, match=r"^the baseline does not start: port 1 is in use$"),
        stack_of(tmp_path)("0", lambda step: None),
    ):
        pass
