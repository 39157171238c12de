"""What each function asks of AWS when it does all that it can do: what its policy allows, no less
and no more."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import psycopg
import pytest

import app
from chalicelib.bootstrap import Deployment
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.execution.rescue import RESCUES_MAX
from chalicelib.engine.messages import ExecuteOrder, encode
from chalicelib.entrypoints.operations import ACTIONS as OPERATIONS
from chalicelib.entrypoints.schedule import RESERVE_MS
from chalicelib.settings import read_settings
from infra.deploy.package import Artifact
from tests.integration.conftest import Traffic
from tests.integration.test_counts import follow, request, updates
from tests.integration.test_policies import GRANTS, grants_of
from tests.unit.functions import Functions, LambdaContext, batch, captured
from tests.world import World

# The action that an operation needs.
ACTIONS = {
    "BatchGetItem": "dynamodb:BatchGetItem",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "DescribeTable": "dynamodb:DescribeTable",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "Invoke": "lambda:InvokeFunction",
    "PostToConnection": "execute-api:ManageConnections",
    "SendMessage": "sqs:SendMessage",
    "SendMessageBatch": "sqs:SendMessage",
    "UpdateItem": "dynamodb:UpdateItem",
}
# What Lambda itself does for the function: it logs, traces and polls queues; Secrets Manager
# decrypts.
LAMBDAS = {"logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt"}
LAMBDAS |= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
POLLING = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
POLLED = ("Execute", "Publish", "Rescue")

MARKET = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1"}
WITH_EXIT = MARKET | {"exit": {"stopLossBps": 5_000}}
STOP = MARKET | {"type": "STOP", "triggerCondition": "below", "priceIn": "USDC"}
# Longer than a worker waits by itself: the queue has to.
SLOW_MS, SENT_MS = 8_000, 3_000
SECONDS_MAX = 20
FAR, NEAR = {"triggerPrice": "1"}, {"triggerPrice": "1000000", "triggerIfMet": True}


@dataclass(kw_only=True)
class Account:
    """A stage in an account of its own, and what its functions ask of AWS."""

    traffic: Traffic
    monkeypatch: pytest.MonkeyPatch
    functions: Functions
    deployments: list[Deployment] = field(default_factory=list)

    def start(self, *, latency_ms: int = SLOW_MS, goes_on: bool = False) -> None:
        """Start a process of the function that is looked at: it knows nothing yet. Calls are
        recorded from here, unless it `goes_on` with what another did."""
        self.monkeypatch.setenv("LATENCY_MS", str(latency_ms))
        self.deployments.append(Deployment(read_settings))
        self.monkeypatch.setattr(app, "deployment", self.deployments[-1])
        if not goes_on:
            self.traffic.clear()

    def place(self, fields: Mapping[str, Any]) -> str:
        answer = self.functions.post(json.dumps(fields))
        assert answer.status == 202, answer.document
        return str(answer.document["orderId"])

    def sql(self, statement: str) -> None:
        url = app.deployment.settings.database_url.reveal()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def let_pass(self, seconds: int) -> None:
        """Let the orders be that much older."""
        moved = ", ".join(f"{c} = {c} - interval '{seconds} s'" for c in TIMES)
        self.sql(f"UPDATE orders SET {moved}")


TIMES = ("due_at", "created_at", "updated_at")


@pytest.fixture
def account(
    monkeypatch: pytest.MonkeyPatch,
    aws: boto3.session.Session,
    deployed_environment: Mapping[str, str],
    traffic: Traffic,
) -> Iterator[Account]:
    """Functions that find their secrets where they are on AWS."""
    secrets: Any = aws.client("secretsmanager")
    given = dict(deployed_environment)
    for variable, name in SECRETS.items():
        text = json.dumps({name.lower(): given.pop(name)})
        given[variable] = secrets.create_secret(Name=name, SecretString=text)["ARN"]
        monkeypatch.delenv(name, raising=False)
    for name, value in {**given, "WATCH_FUNCTION": "watch"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    functions = Functions(World())
    account = Account(traffic=traffic, monkeypatch=monkeypatch, functions=functions)
    account.start()
    yield account
    for deployment in account.deployments:
        deployment.database.close()


SECRETS = {"SETTINGS_SECRET_ID": "DATABASE_URL", "WALLET_SECRET_ID": "WALLET_SECRET_KEY"}


def orders_of(*order_ids: str, rescues: int = 0) -> Any:
    messages = [ExecuteOrder(order_id=OrderId(each), rescues=rescues) for each in order_ids]
    return batch("sqs_standard", [encode(message) for message in messages])


def serve_http(account: Account) -> None:
    account.start()
    account.place(MARKET)
    account.place(STOP | FAR)
    account.functions.get("/api/ready")


def execute(account: Account) -> None:
    slow, quick = account.place(MARKET), account.place(WITH_EXIT)
    account.start()
    app.execute(orders_of(slow), LambdaContext())
    account.start(latency_ms=0, goes_on=True)
    # Its exit comes into being with the fill, and wants a watcher.
    app.execute(orders_of(quick), LambdaContext())


def publish(account: Account) -> None:
    follow(app.deployment, "alice", 1)
    account.start()
    messages = [request(2), *updates(1)]
    account.functions.publish(batch("sqs_fifo", [encode(message) for message in messages]))


def rescue(account: Account) -> None:
    sent, waiting = account.place(WITH_EXIT), account.place(MARKET)
    account.start(latency_ms=SENT_MS)
    app.execute(orders_of(sent), LambdaContext())
    account.start()
    account.functions.rescue(orders_of(waiting))
    # The second round brings to an end what has landed, and its exit wants a watcher.
    deadline = time.monotonic() + SECONDS_MAX
    while account.functions.rescue(orders_of(sent, rescues=RESCUES_MAX)):
        assert time.monotonic() < deadline, "it does not land"


def sweep(account: Account) -> None:
    account.place(MARKET)
    account.let_pass(600)
    account.start()
    account.functions.sweep()


def watch(account: Account) -> None:
    account.place(STOP | NEAR)
    account.start()
    app.watch(captured("schedule"), LambdaContext(remaining_ms=RESERVE_MS + 1_000))


def connect(account: Account) -> None:
    order_id = account.place(MARKET)
    account.start()
    assert account.functions.connect({"orderId": order_id}) == {"statusCode": 200}


def converse(account: Account) -> None:
    order_id = account.place(MARKET)
    account.start()
    for action in ("subscribe", "unsubscribe", "ping"):
        account.functions.say(action=action, orderId=order_id)


def operate(account: Account) -> None:
    account.start()
    for do in OPERATIONS:
        app.operate({"do": do}, LambdaContext())


SCENARIOS: dict[str, Callable[[Account], None]] = {
    "APIHandler": serve_http,
    "Execute": execute,
    "Publish": publish,
    "Rescue": rescue,
    "Sweep": sweep,
    "Watch": watch,
    "WebsocketConnect": connect,
    "WebsocketMessage": converse,
    "Operate": operate,
}


def test_every_function_is_looked_at() -> None:
    assert SCENARIOS.keys() == GRANTS.keys()


@pytest.mark.parametrize("function", SCENARIOS)
def test_function_asks_for_all_that_it_may_and_no_more(
    function: str, account: Account, artifact: Artifact
) -> None:
    SCENARIOS[function](account)

    asked = {ACTIONS[operation] for operation in account.traffic.calls}
    lambdas = LAMBDAS | (POLLING if function in POLLED else set())
    assert asked | lambdas == grants_of(artifact.template, function).keys() | lambdas
    assert lambdas <= grants_of(artifact.template, function).keys()
