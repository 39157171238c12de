"""One fixture per port: the memory twin, then the real adapter."""

import pytest

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.simulation.ledger import Database, Ledger, MemoryLedger, PostgresLedger
from tests.contract.queues import Batches
from tests.ledgers import LedgerOfManyProcesses


@pytest.fixture(params=["memory", "postgres", "postgres behind a pooler"])
def store(request: pytest.FixtureRequest) -> OrderStore:
    if request.param == "memory":
        return MemoryOrderStore()
    name = "database" if request.param == "postgres" else "pooled_database"
    return PostgresOrderStore(request.getfixturevalue(name))


@pytest.fixture(params=["memory", "postgres", "postgres, many processes"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    database: Database = request.getfixturevalue("database")
    if request.param == "postgres":
        return PostgresLedger(database)
    return LedgerOfManyProcesses(database)


@pytest.fixture
def batches(sqs_calls: AwsClient, monkeypatch: pytest.MonkeyPatch) -> Batches:
    return Batches(sqs_calls, monkeypatch)
