import json
from collections.abc import Iterator
from uuid import uuid4

import pytest

from chalicelib.adapters.aws.errors import AwsError
from chalicelib.settings import read_settings
from infra.deploy.clients import Clients

IN_SECRET = {"database_url": "postgresql://engine@db.example/orders", "wallet_secret_key": "5Kd3"}
IN_ENVIRONMENT = {
    "ORDERS_QUEUE_URL": "https://queue.example/orders",
    "STATUS_QUEUE_URL": "https://queue.example/status.fifo",
    "CONNECTIONS_TABLE": "connections",
    "WEBSOCKET_MANAGEMENT_URL": "https://websocket.example/live",
    "STREAM_URL": "wss://websocket.example/live",
}


@pytest.fixture
def secret_arn(clients: Clients) -> Iterator[str]:
    client = clients.client("secretsmanager")
    name = f"test-{uuid4()}"
    arn: str = client.create_secret(Name=name, SecretString=json.dumps(IN_SECRET))["ARN"]
    yield arn
    client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, host: str) -> pytest.MonkeyPatch:
    """A function's environment."""
    for name, value in IN_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for name in ("DATABASE_URL", "WALLET_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}")
    return monkeypatch


def test_settings_come_from_the_secret_and_the_environment_when_a_secret_is_named(
    environment: pytest.MonkeyPatch, secret_arn: str
) -> None:
    environment.setenv("SETTINGS_SECRET_ID", secret_arn)

    settings = read_settings()

    assert settings.database_url.reveal() == IN_SECRET["database_url"]
    assert settings.wallet_secret_key is not None
    assert settings.wallet_secret_key.reveal() == IN_SECRET["wallet_secret_key"]
    assert settings.orders_queue_url == IN_ENVIRONMENT["ORDERS_QUEUE_URL"]


def test_settings_prefer_the_secret_when_the_environment_says_otherwise(
    environment: pytest.MonkeyPatch, secret_arn: str
) -> None:
    environment.setenv("SETTINGS_SECRET_ID", secret_arn)
    environment.setenv("DATABASE_URL", "postgresql://elsewhere.example/orders")

    settings = read_settings()

    assert settings.database_url.reveal() == IN_SECRET["database_url"]


def test_settings_follow_the_secret_when_it_changes(
    environment: pytest.MonkeyPatch, secret_arn: str, clients: Clients
) -> None:
    environment.setenv("SETTINGS_SECRET_ID", secret_arn)
    rotated = IN_SECRET | {"database_url": "postgresql://engine@new.example/orders"}

    clients.client("secretsmanager").put_secret_value(
        SecretId=secret_arn, SecretString=json.dumps(rotated)
    )

    assert read_settings().database_url.reveal() == rotated["database_url"]


def test_settings_are_refused_when_the_secret_is_missing(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("SETTINGS_SECRET_ID", f"missing-{uuid4()}")

    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        read_settings()
