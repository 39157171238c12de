import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from chalicelib import bootstrap
from chalicelib.entrypoints import logs
from chalicelib.settings import Settings
from chalicelib.simulation.prices import SimulatedPriceHistory
from tests.unit.functions import Functions
from tests.world import World

settings.register_profile("unit", derandomize=True, database=None, deadline=None, max_examples=100)
settings.load_profile("unit")

SETTINGS: dict[str, Any] = {
    "database_url": "postgresql://nowhere",
    "orders_queue_url": "https://queue/orders",
    "status_queue_url": "https://queue/status.fifo",
    "connections_table": "connections",
    "websocket_management_url": "https://management",
    "stream_url": "wss://stream.example/api/orders/execute",
    "public_base_url": "https://orders.example",
    "signing_secret": "a secret of the unit tests, 32 characters",
}


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    """The Lambda functions of app.py, deployed into a world in memory."""
    world = World()
    ports = {
        "order_store": world.watched("store"),
        "order_queue": world.watched("order_queue"),
        "status_queue": world.watched("status_queue"),
        "follower_store": world.watched("followers"),
        "status_feed": world.watched("feed"),
        "chain": world.watched("chain"),
        "wallet": world.watched("wallet"),
        "clock": world.watched("clock"),
        "venues": world.watched_venues(),
        "price_history": SimulatedPriceHistory(market=world.market, clock=world.clock),
        "pacing": world.pacing,
        "settings": Settings(**SETTINGS),
        # It would replace the handlers of the test runner.
        "configure_logging": None,
    }
    for cached in (bootstrap.gate, bootstrap.signer):
        cached.cache_clear()
    for name, port in ports.items():
        monkeypatch.setattr(bootstrap, name, lambda port=port: port)
    monkeypatch.setattr(bootstrap, "executor", bootstrap.executor.__wrapped__)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return Functions(world)


@pytest.fixture
def log_output() -> Iterator[io.StringIO]:
    """What a deployed stack of the name `test` logs."""
    root, own = logging.getLogger(), logging.getLogger("chalicelib")
    before = (root.handlers, root.level, own.level)
    stream = io.StringIO()
    logs.configure("INFO", stack="test", stream=stream)
    yield stream
    root.handlers = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
