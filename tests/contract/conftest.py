"""One fixture per port: the memory twin, then the real adapter."""

import pytest

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.simulation.ledger import Ledger, MemoryLedger, PostgresLedger
from tests.contract.queues import Batches


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> OrderStore:
    if request.param == "memory":
        return MemoryOrderStore()
    return PostgresOrderStore(request.getfixturevalue("database"))


@pytest.fixture(params=["memory", "postgres"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    return PostgresLedger(request.getfixturevalue("database"))


@pytest.fixture
def batches(sqs_calls: AwsClient, monkeypatch: pytest.MonkeyPatch) -> Batches:
    return Batches(sqs_calls, monkeypatch)
