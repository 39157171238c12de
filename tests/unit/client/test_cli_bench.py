import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from orders_client import ProblemError
from orders_client.cli import bench as module
from orders_client.cli.bench import NO_END, Bench
from orders_client.cli.exits import ExitCode
from orders_client.cli.figures import compute_figures
from orders_client.cli.trades import SHOWCASE, plan_trades
from tests.unit.client.fake_stream import WHOLE, FakeService, Shop, served
from tests.unit.client.test_cli_following import orders


def run(service: FakeService, count: int, concurrency: int = 3) -> Bench:
    async def measure() -> Bench:
        async with served(service) as client:
            bench = Bench(client, plan_trades(count), concurrency)
            await bench.run()
            return bench

    return asyncio.run(measure())


def test_bench_counts_what_came_of_its_orders_and_of_the_stream() -> None:
    hole, repeated = [[1, 2, 4, 5], [3, 4, 5]], [[1, 1, 2, 3, 4, 5]]
    shop = Shop([[WHOLE], hole, "NO_ROUTE", repeated, "NO_ROUTE"])

    figures = compute_figures(run(shop, 5))

    assert {"p50", "p99", "max"} == figures["secondsToConfirmed"].keys()
    assert figures | dict.fromkeys(["secondsToConfirmed", "seconds", "ordersPerSecond"]) == {
        "orders": 5,
        "accepted": 3,
        "notAccepted": {"NO_ROUTE": 2},
        "confirmed": 3,
        "failed": {},
        "noEnd": 0,
        "fiveStatusesInOrder": 3,
        "secondsToConfirmed": None,
        "ordersPerSecond": None,
        "seconds": None,
        "connections": shop.connections,
        "frames": 18,
        "duplicatesIgnored": 3,
        "holesHealed": 1,
        "improvementBps": 253.0,
    }


def test_no_more_orders_are_under_way_than_wanted() -> None:
    shop = Shop([[WHOLE]] * 20)

    bench = run(shop, 20, concurrency=4)

    assert [trade.status for trade in bench.trades] == ["confirmed"] * 20
    assert 2 <= shop.open_max <= 4


def test_bench_gives_up_the_orders_that_have_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_SECONDS_MAX", 0.5)
    shop = Shop([[[1, 2]], [WHOLE], [[1, 2]], [[]], [WHOLE]])

    bench = run(shop, 5)

    assert sorted(trade.status for trade in bench.trades) == ["confirmed", *[NO_END] * 4]
    assert compute_figures(bench)["noEnd"] == 3


def test_bench_begins_nothing_when_the_service_refuses_the_client() -> None:
    class Locked(Shop):
        async def list_tokens(self, _: Any) -> Any:
            raise web.HTTPUnauthorized(text=json.dumps({"code": "UNAUTHORIZED"}))

    shop = Locked([[WHOLE]])

    with pytest.raises(ProblemError):
        run(shop, 1)

    assert shop.open_max == 0


@pytest.mark.parametrize(
    ("order", "code"), [([WHOLE], ExitCode.OK), ("NO_ROUTE", ExitCode.ORDER_FAILED)]
)
def test_bench_tells_scripts_by_its_exit_code_whether_all_were_confirmed(
    order: Any, code: ExitCode
) -> None:
    exit_code, output, errors = orders(Shop([order]), "bench", "--count", "1", "--json")

    assert json.loads(output)["orders"] == 1
    assert (exit_code, errors) == (code, "")


def test_bench_shows_people_orders_bars_and_figures() -> None:
    exit_code, output, _ = orders(Shop([[WHOLE], "NO_ROUTE"]), "bench", "--count", "2")

    assert "1 SOL → USDC" in output
    assert "2.53%" in output
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
