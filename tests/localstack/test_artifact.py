"""The packaged engine, for a LocalStack that runs functions and WebSocket APIs."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from solders.keypair import Keypair

from infra.deploy.clients import Clients
from infra.deploy.package import package
from infra.deploy.stack import deploy
from infra.deploy.target import Target
from tests.localstack.stacks import Stack, target

CALL_SECONDS = 60
CONFIRM_SECONDS = 60
PARTS = ("apigatewayv2", "apigateway", "dynamodb", "lambda")
ORDER = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": "1.5"}


@dataclass(frozen=True, slots=True)
class Engine:
    """The deployed engine, reached through API Gateway."""

    outputs: Mapping[str, str]
    base_url: str

    def call(self, path: str, body: object = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(self.base_url + path, data=data, headers=headers)
        try:
            with urlopen(request, timeout=CALL_SECONDS) as answer:
                return answer.status, json.load(answer)
        except HTTPError as refusal:
            with refusal:
                return refusal.code, json.loads(refusal.read())


@pytest.fixture(scope="module")
def deployment(clients: Clients, need: Callable[..., None]) -> Iterator[Target]:
    need(*PARTS)
    place = target(clients)
    yield place
    Stack(place).delete()


@pytest.fixture(scope="module")
def engine(
    host: str, deployment: Target, request: pytest.FixtureRequest, tmp_path_factory: Any
) -> Engine:
    # Asked for here, so that no server starts for tests that are skipped.
    settings = {"database_url": request.getfixturevalue("postgres").url}
    wallet = {"wallet_secret_key": str(Keypair())}
    secrets: Any = deployment.clients.client("secretsmanager")
    settings_arn, wallet_arn = (
        secrets.create_secret(
            Name=f"{deployment.stack_name}-{number}", SecretString=json.dumps(content)
        )["ARN"]
        for number, content in enumerate((settings, wallet))
    )
    parameters = {
        "WebsocketDataPlane": f"http://{host}/_aws/execute-api",
        "AuthMode": "none",
        "DatabaseRoots": "url",
        "LatencyMs": "100-200",
        "WorkerConcurrency": "2",
    }
    folder: Path = tmp_path_factory.mktemp("package")
    outputs = deploy(
        replace(
            deployment,
            settings_secret_arn=settings_arn,
            wallet_secret_arn=wallet_arn,
            parameters=parameters,
        ),
        package("local", folder, compressed=False),
    )
    return Engine(outputs, f"http://{host}/_aws/execute-api/{outputs['RestAPIId']}/live")


def test_artifact_answers_when_it_is_called_through_api_gateway(engine: Engine) -> None:
    status, tokens = engine.call("/api/tokens")

    assert status == 200
    assert "USDC" in json.dumps(tokens)


@pytest.mark.parametrize("queue", ["OrdersQueue", "StatusQueue"])
def test_artifact_reports_partial_batches_when_its_queues_are_mapped(
    engine: Engine, clients: Clients, queue: str
) -> None:
    mappings = clients.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    name = engine.outputs[queue].rpartition("/")[2]
    (mapping,) = [m for m in mappings if m["EventSourceArn"].rpartition(":")[2] == name]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_artifact_routes_every_websocket_event_when_deployed(
    engine: Engine, clients: Clients
) -> None:
    routes = clients.client("apigatewayv2").get_routes(ApiId=engine.outputs["WebsocketAPIId"])

    assert {route["RouteKey"] for route in routes["Items"]} == {
        "$connect",
        "$default",
    }


def test_artifact_confirms_an_order_when_its_functions_reach_postgres(engine: Engine) -> None:
    ready, report = engine.call("/api/ready")
    if ready != 200:
        pytest.skip(f"this LocalStack's functions do not reach what they need: {report}")

    status, accepted = engine.call("/api/orders/execute", ORDER)

    assert status == 202
    order = wait_until_final(engine, accepted["orderId"])
    assert [event["status"] for event in order["events"]] == [
        "pending",
        "routing",
        "building",
        "submitted",
        "confirmed",
    ]


def wait_until_final(engine: Engine, order_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + CONFIRM_SECONDS
    order: dict[str, Any] = {}
    while order.get("status") not in ("confirmed", "failed") and time.monotonic() < deadline:
        _, order = engine.call(f"/api/orders/{order_id}")
    return order
