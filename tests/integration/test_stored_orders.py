"""Orders that the version before typed events stored and queued: they read, and clients see them
byte for byte as they did."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from chalicelib.adapters.postgres import migrate as migrations
from chalicelib.adapters.postgres.database import SQL_FOLDER, PostgresDatabase
from chalicelib.adapters.postgres.migrate import migrate
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.amounts import BPS
from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.messages import StatusUpdate, decode_status_message
from chalicelib.entrypoints.wire.documents import order_document
from chalicelib.entrypoints.wire.events import event_document

STORED = json.loads((Path(__file__).parents[1] / "golden" / "stored_orders.json").read_text())
THEIR_LAST_MIGRATION = "0006"


@pytest.fixture(params=STORED, ids=lambda stored: stored["name"])
def stored(request: pytest.FixtureRequest) -> Any:
    """An order with its events, its messages, and what clients saw of them."""
    return request.param


@pytest.fixture
def store(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: Any
) -> Iterator[PostgresOrderStore]:
    """A database that the version before made and filled, brought up to date."""
    (tmp_path / "migrations").mkdir()
    for path in (SQL_FOLDER / "migrations").glob("*.sql"):
        if path.stem[:4] <= THEIR_LAST_MIGRATION:
            shutil.copy(path, tmp_path / "migrations")
    with monkeypatch.context() as before:
        before.setattr(migrations, "SQL_FOLDER", tmp_path)
        migrate(fresh_database_url)
    with psycopg.connect(fresh_database_url) as connection:
        fill(connection, stored)
    assert migrate(fresh_database_url)
    database = PostgresDatabase(fresh_database_url)
    yield PostgresOrderStore(database)
    database.close()


def fill(connection: psycopg.Connection, stored: Any) -> None:
    row = dict(stored["row"])
    row["transaction"] = bytes.fromhex(row["transaction"])
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    connection.execute(f"INSERT INTO orders ({names}) VALUES ({values})", row)
    for event in stored["events"]:
        connection.execute(
            "INSERT INTO order_events VALUES (%(order_id)s, %(sequence)s, %(status)s, %(attempt)s,"
            " %(occurred_at)s, %(details)s)",
            {**event, "order_id": row["order_id"], "details": Jsonb(event["details"])},
        )


def test_order_is_shown_as_before_when_the_version_before_stored_it(
    store: PostgresOrderStore, stored: Any
) -> None:
    order_id = OrderId(stored["row"]["order_id"])

    record = store.get(order_id, ANONYMOUS)

    document = order_document(record)
    assert document.pop("maxPriceImpactBps") == record.order.max_price_impact_bps == BPS
    assert json.dumps(document) == json.dumps(stored["document"])
    documents = [event_document(event) for event in record.events]
    assert json.dumps(documents) == json.dumps(stored["event_documents"])
    assert store.events([order_id])[order_id] == record.events


def test_order_has_no_price_impact_limit_when_the_version_before_stores_it_meanwhile(
    database: PostgresDatabase, database_url: str, stored: Any
) -> None:
    with psycopg.connect(database_url) as connection:
        fill(connection, stored)

    record = PostgresOrderStore(database).get(OrderId(stored["row"]["order_id"]), ANONYMOUS)

    assert record.order.max_price_impact_bps == BPS


def test_event_is_shown_as_before_when_the_version_before_queued_it(stored: Any) -> None:
    messages = [decode_status_message(json.dumps(message)) for message in stored["messages"]]

    updates = [m for m in messages if isinstance(m, StatusUpdate)]
    documents = [event_document(event) for update in updates for event in update.events]

    assert json.dumps(documents) == json.dumps(stored["event_documents"])
