"""What is billed for what some orders have used."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.errors import DeploymentError
from infra.verify.bench.counters import Run
from infra.verify.cost import (
    MIB_OF_A_PROCESSOR,
    PRICES,
    Usage,
    bill,
    gib_seconds,
    memory_mib,
    read_prices,
)

MEMORY = {"APIHandler": 1_024, "Execute": 512, "Publish": 1_024, "WebsocketConnect": 1_024}
USAGE = Usage(
    orders=2,
    runs={
        "APIHandler": [Run(10.2, 1), Run(10.9, 1)],
        "Execute": [Run(100.0, 2)],
        "Publish": [Run(5.0, 4), Run(5.0, 2)],
        "WebsocketConnect": [],
    },
    cpu_seconds={},
    calls={"SQS SendMessage": 3, "SQS SendMessageBatch": 1, "@connections POST": 6}
    | {"DynamoDB UpdateItem": 2, "DynamoDB BatchGetItem": 2},
    connected_minutes=0.5,
    log_bytes=4_000,
)


def test_run_is_billed_in_whole_milliseconds_of_its_memory() -> None:
    # Two times 11 ms of one GiB, 100 ms of half of it, two times 5 ms of one.
    assert gib_seconds(USAGE, MEMORY) == pytest.approx(0.022 + 0.05 + 0.010)


def test_cpu_time_takes_longer_with_a_part_of_a_processor() -> None:
    busy = replace(USAGE, cpu_seconds={"Execute": 0.01, "Postgres": 9.0})

    longer = 0.01 * (MIB_OF_A_PROCESSOR / 512 - 1) * 512 / 1_024
    assert gib_seconds(busy, MEMORY) - gib_seconds(USAGE, MEMORY) == pytest.approx(longer)
    whole = dict.fromkeys(MEMORY, MIB_OF_A_PROCESSOR)
    assert gib_seconds(busy, whole) == gib_seconds(USAGE, whole)


def test_everything_is_billed_per_order() -> None:
    prices = read_prices(PRICES)
    per_million = prices["per_million"]

    found = bill(USAGE, prices, MEMORY)

    assert found["Lambda, runs"] == pytest.approx(per_million["lambda_requests"] * 5 / 2)
    assert found["HTTP requests"] == pytest.approx(per_million["http_requests"])
    assert found["WebSocket frames"] == pytest.approx(per_million["websocket_messages"] * 3)
    # Four of ours, and two for each of the three batches.
    assert found["SQS"] == pytest.approx(per_million["sqs_requests"] * 5)
    assert found["DynamoDB, writes"] == pytest.approx(per_million["dynamodb_writes"])
    assert found["DynamoDB, reads"] == pytest.approx(per_million["dynamodb_reads"] * 3)
    # Two kilobytes an order are two gigabytes a million.
    assert found["logs"] == pytest.approx(prices["log_gigabyte"] * 2)
    assert found["all"] == pytest.approx(sum(found.values()) - found["all"])


def test_every_function_of_an_order_has_a_memory() -> None:
    assert memory_mib() == MEMORY


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"per_million": {}}', json.dumps({"per_million": {"x": 1}})]
)
def test_prices_are_refused_when_some_are_missing(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.json").write_text(content)

    with pytest.raises(DeploymentError, match=r"mine\.json"):
        read_prices(tmp_path / "mine.json")
    with pytest.raises(DeploymentError, match=r"no-file\.json has no prices"):
        read_prices(tmp_path / "no-file.json")


def test_own_prices_are_taken(tmp_path: Path) -> None:
    mine: dict[str, Any] = json.loads(PRICES.read_text())
    mine["per_million"]["http_requests"] = 7.0
    (tmp_path / "mine.json").write_text(json.dumps(mine))

    doubled = bill(USAGE, read_prices(tmp_path / "mine.json"), MEMORY)
    assert doubled["HTTP requests"] == pytest.approx(7.0)
