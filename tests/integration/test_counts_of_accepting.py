"""What it costs to place an order: one SQL statement, one call of AWS, and no look at any pool."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.client import BaseClient

import app
from chalicelib.adapters.aws.sqs import BATCH_MAX
from chalicelib.bootstrap import Deployment
from chalicelib.simulation.market import Market
from tests.contract.queues import receive_all
from tests.contract.samples import accepted, put, started
from tests.integration.conftest import Traffic
from tests.unit.functions import LambdaContext, captured

ORDER = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC"}


@pytest.fixture
def pools_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every look that anybody takes at the market's pools."""
    looks: list[str] = []
    for name in ("pool", "pools"):
        monkeypatch.setattr(Market, name, lambda *_, name=name, **__: looks.append(name))
    return looks


@pytest.mark.parametrize(
    "amount", [{"amount": "1.5"}, {"amountOut": "20"}, {"amount": "0.000000001"}], ids=str
)
@pytest.mark.usefixtures("engine")
def test_order_is_one_statement_and_one_call_and_reads_no_pool_when_posted(
    traffic: Traffic, pools_read: list[str], amount: dict[str, str]
) -> None:
    event = captured("http_post") | {"body": json.dumps(ORDER | amount)}

    answer = app.app(event, LambdaContext())

    assert answer["statusCode"] == 202
    assert traffic.statements == ["add_order"]
    assert traffic.calls == ["SendMessageBatch"]
    assert pools_read == []


def test_order_is_one_statement_and_one_call_when_overtaken_ones_go_along(
    engine: Deployment, traffic: Traffic, sqs: BaseClient, orders_queue_url: str
) -> None:
    now = datetime.now(UTC)
    for number in range(1, 21):
        put(engine.order_store, accepted(number, at=now - timedelta(seconds=20)))
    overtaking = accepted(21, at=now)
    put(engine.order_store, overtaking, started(overtaking))
    traffic.clear()

    app.app(captured("http_post") | {"body": json.dumps(ORDER | {"amount": "1"})}, LambdaContext())

    assert (traffic.statements, traffic.calls) == (["add_order"], ["SendMessageBatch"])
    assert len(receive_all(sqs, orders_queue_url)) == BATCH_MAX


def test_looks_at_pools_are_seen_when_a_venue_is_asked(
    engine: Deployment, pools_read: list[str]
) -> None:
    engine.world.venues[0].pools()

    assert pools_read == ["pools"]


@pytest.mark.usefixtures("engine")
def test_replay_is_two_statements_and_no_call_when_a_key_comes_again(
    traffic: Traffic, pools_read: list[str]
) -> None:
    event = captured("http_post") | {"body": json.dumps(ORDER | {"amount": "1"})}
    event["headers"] = event["headers"] | {"Idempotency-Key": "once"}
    app.app(event, LambdaContext())
    traffic.clear()

    answer = app.app(event, LambdaContext())

    assert answer["headers"]["Idempotent-Replayed"] == "true"
    assert traffic.statements == ["add_order", "order_of_key"]
    assert (traffic.calls, pools_read) == ([], [])
