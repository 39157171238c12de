import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from orders_client import ProblemError
from orders_client.cli import bench as module
from orders_client.cli.bench import NO_END, Bench
from orders_client.cli.exits import ExitCode
from orders_client.cli.figures import compute_figures, percentile
from orders_client.cli.trades import SHOWCASE, plan_trades
from tests.unit.client.commands import orders
from tests.unit.client.fake_stream import ALL, AcceptingService, FakeService, served


def run(service: FakeService, count: int, concurrency: int = 3) -> Bench:
    async def measure() -> Bench:
        async with served(service) as client:
            bench = Bench(client, plan_trades(count), concurrency)
            await bench.run()
            return bench

    return asyncio.run(measure())


def test_figures_count_outcomes_of_orders_and_of_frames() -> None:
    hole, repeated = [[1, 2, 4, 5], [3, 4, 5]], [[1, 1, 2, 3, 4, 5]]
    service = AcceptingService([[ALL], hole, "NO_ROUTE", repeated, "NO_ROUTE"])

    figures = compute_figures(run(service, 5))

    assert {"p50", "p99", "max"} == figures["secondsToConfirmed"].keys()
    assert figures | dict.fromkeys(["secondsToConfirmed", "seconds", "ordersPerSecond"]) == {
        "orders": 5,
        "accepted": 3,
        "notAccepted": {"NO_ROUTE": 2},
        "confirmed": 3,
        "failed": {},
        "noEnd": 0,
        "cancelled": 0,
        "fiveStatusesInOrder": 3,
        "secondsToConfirmed": None,
        "ordersPerSecond": None,
        "seconds": None,
        "connections": service.connections,
        "events": 18,
        "duplicatesIgnored": 3,
        "holesHealed": 1,
        "improvementBps": 6.0,
    }


def test_bench_keeps_at_most_as_many_orders_open_as_its_concurrency() -> None:
    service = AcceptingService([[ALL]] * 20)

    bench = run(service, 20, concurrency=4)

    assert [trade.status for trade in bench.trades] == ["confirmed"] * 20
    assert 2 <= service.open_max <= 4


def test_bench_stops_following_when_no_event_arrives_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS_MAX", 0.5)
    service = AcceptingService([[[1, 2]], [ALL], [[1, 2]], [[]], [ALL]])

    bench = run(service, 5)

    assert sorted(trade.status for trade in bench.trades) == ["confirmed", *[NO_END] * 4]
    assert compute_figures(bench)["noEnd"] == 3


def test_bench_submits_nothing_when_the_service_refuses_the_client() -> None:
    class Locked(AcceptingService):
        async def list_tokens(self, _: Any) -> Any:
            raise web.HTTPUnauthorized(text=json.dumps({"code": "UNAUTHORIZED"}))

    service = Locked([[ALL]])

    with pytest.raises(ProblemError):
        run(service, 1)

    assert service.open_max == 0


@pytest.mark.parametrize(
    ("order", "code"), [([ALL], ExitCode.OK), ("NO_ROUTE", ExitCode.ORDER_FAILED)]
)
def test_exit_code_of_bench_says_whether_all_orders_were_confirmed(
    order: Any, code: ExitCode
) -> None:
    exit_code, output, errors = orders(AcceptingService([order]), "bench", "--count", "1", "--json")

    assert json.loads(output)["orders"] == 1
    assert (exit_code, errors) == (code, "")


def test_bench_prints_orders_bars_and_figures_when_people_read() -> None:
    exit_code, output, _ = orders(AcceptingService([[ALL], "NO_ROUTE"]), "bench", "--count", "2")

    assert "1 SOL → USDC" in output
    assert "0.06%" in output
    assert "1 of 2" in output
    assert "not accepted, NO_ROUTE" in output
    assert "time to confirmed, p99" in output
    assert "\x1b" not in output
    assert exit_code == ExitCode.ORDER_FAILED


@pytest.mark.parametrize("count", [1, len(SHOWCASE), 500])
def test_plan_begins_with_the_showcase_and_is_the_same_each_time(count: int) -> None:
    plan = plan_trades(count)

    assert len(plan) == count
    assert plan == plan_trades(count)
    shown = [(trade.token_in, trade.token_out, trade.amount) for trade in plan[: len(SHOWCASE)]]
    assert shown == [*SHOWCASE][:count]
    assert all(trade.token_in != trade.token_out and float(trade.amount) > 0 for trade in plan)


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (101, 51, 100)])
def test_percentile_is_one_of_the_values(count: int, p50: int, p99: int) -> None:
    values = range(count, 0, -1)

    assert [percentile(values, percent) for percent in (50, 99)] == [p50, p99]
