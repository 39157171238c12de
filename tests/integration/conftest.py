"""Databases of their own, the artifact that is deployed, and the engine as the composition root
builds it, with its traffic."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from solders.keypair import Keypair

import app
from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.postgres.database import PostgresDatabase, load_queries
from chalicelib.bootstrap import Deployment
from chalicelib.settings import read_settings
from infra.deploy.package import Artifact, package
from infra.local.postgres import LocalPostgres
from tests.integration.audited import Executed


@pytest.fixture
def fresh_database_url(postgres: LocalPostgres) -> Iterator[str]:
    """A database that no migration has seen."""
    name = f"fresh_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield postgres.url.rpartition("/")[0] + f"/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """What goes to AWS."""
    return package("prod", tmp_path_factory.mktemp("package"))


@dataclass(slots=True)
class Traffic:
    """What was asked of the database, by the statement's name, and of AWS, by the operation's."""

    statements: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.statements.clear()
        self.calls.clear()

    def record_statement(self, statement: str) -> None:
        names = {text: name for name, text in load_queries().items()}
        self.statements.append(
            "ledger" if "chain.transactions" in statement else names.get(statement, statement)
        )


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Traffic:
    traffic = Traffic()
    execute, post = PostgresDatabase.execute, AwsClient.post

    def counted(self: PostgresDatabase, statement: str, *given: Any, **options: Any) -> Any:
        traffic.record_statement(statement)
        return execute(self, statement, *given, **options)

    def posted(self: AwsClient, operation: str, *request: Any) -> Any:
        traffic.calls.append(operation)
        return post(self, operation, *request)

    monkeypatch.setattr(PostgresDatabase, "execute", counted)
    monkeypatch.setattr(AwsClient, "post", posted)
    return traffic


@pytest.fixture
def deployed_environment(
    database_url: str,
    orders_queue_url: str,
    status_queue_url: str,
    connections_table: str,
    moto_url: str,
) -> Mapping[str, str]:
    """What the functions of a deployment find, at zero latency."""
    return {
        "DATABASE_URL": database_url,
        "WALLET_SECRET_KEY": str(Keypair.from_seed(bytes(32))),
        "ORDERS_QUEUE_URL": orders_queue_url,
        "STATUS_QUEUE_URL": status_queue_url,
        "CONNECTIONS_TABLE": connections_table,
        "WEBSOCKET_MANAGEMENT_URL": moto_url,
        "STREAM_URL": "wss://stream.test",
        "LATENCY_MS": "0",
    }


@pytest.fixture
def engine(
    monkeypatch: pytest.MonkeyPatch, traffic: Traffic, deployed_environment: Mapping[str, str]
) -> Iterator[Deployment]:
    """A deployment in an environment of its own; no traffic so far."""
    for name, value in deployed_environment.items():
        monkeypatch.setenv(name, value)
    deployment = Deployment(read_settings)
    monkeypatch.setattr(app, "deployment", deployment)
    traffic.clear()
    yield deployment
    deployment.database.close()


@pytest.fixture(scope="module")
def executed(postgres: LocalPostgres) -> Iterator[Executed]:
    name = f"audit_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        executed = Executed(postgres.url.rpartition("/")[0] + f"/{name}")
        # No other constraint stands in the way of tampering.
        executed.database.execute(
            "ALTER TABLE order_events DROP CONSTRAINT order_events_order_id_fkey"
        )
        yield executed
        executed.database.close()
        connection.execute(f"DROP DATABASE {name}")


@pytest.fixture
def url(executed: Executed) -> Iterator[str]:
    """A database that may be tampered with: it is put in order again."""
    tables = ("orders", "order_events", "watches", "chain.transactions")
    with psycopg.connect(executed.url) as connection:
        for number, table in enumerate(tables):
            connection.execute(f"CREATE TEMP TABLE kept_{number} AS TABLE {table}")
        connection.commit()
        yield executed.url
        connection.execute(f"TRUNCATE {', '.join(tables)}")
        for number, table in enumerate(tables):
            connection.execute(f"INSERT INTO {table} TABLE kept_{number}")
