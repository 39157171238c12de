"""One fixture per port: the memory twin, then the real adapter."""

import pytest

from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.simulation.ledger import Ledger, MemoryLedger, PostgresLedger


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
