"""What the suites share: a real PostgreSQL, and AWS as moto plays it, made from the template that
is deployed."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import Request, urlopen

import boto3
import psycopg
import pytest
from botocore.client import BaseClient
from moto.server import ThreadedMotoServer
from xdist.scheduler import LoadScopeScheduling

from chalicelib.adapters.aws.client import DYNAMODB, SQS, AwsClient
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.migrate import migrate
from infra.deploy.clients import LOCAL_REGION
from infra.deploy.template import Template, merge_template
from infra.local.postgres import LocalPostgres
from tests.outside import outside, stack
from tests.pooler import Pooler
from tests.pooler import pooler as started_pooler

__all__ = ["outside", "stack"]

# What waits for its processes most of the time: two of these folders run at once, each in a process
# of its own with a stack of its own. The other tests fill up the cores.
WAITING = frozenset({"acceptance", "browser", "chaos", "docs", "integration"})
POOLER_PASSWORD = "first"
CRASH_TABLE = "crash matrix: how the orders ended"
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_DEFAULT_REGION": LOCAL_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
AWS_OVERRIDES = ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL", "SETTINGS_SECRET_ID")

TABLES = (
    "idempotency_keys",
    "order_rates",
    "api_keys",
    "orders",
    "order_events",
    "watches",
    "halts",
    "chain.transactions",
)


class FolderScheduling(LoadScopeScheduling):
    """Keeps the tests of such a folder together, of any other those of a module: what they share is
    made once."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.removeprefix("tests/").partition("/")[0]
        return folder if folder in WAITING else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return FolderScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for several in terminalreporter.stats.values() for report in several]
    properties = [each for report in reports for each in getattr(report, "user_properties", ())]
    tables = [lines for name, lines in properties if name == CRASH_TABLE]
    if tables:
        terminalreporter.section(CRASH_TABLE)
        for line in (line for lines in tables for line in lines):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def fake_aws_credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in AWS_ENVIRONMENT.items():
            environment.setenv(name, value)
        for name in AWS_OVERRIDES:
            environment.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[LocalPostgres]:
    # Not below pytest's own folder: every run closes that to other users, and the server is one.
    with tempfile.TemporaryDirectory(prefix="orders-postgres-") as folder:
        server = LocalPostgres(Path(folder))
        server.start()
        try:
            migrate(server.url)
            yield server
        finally:
            server.stop()


@pytest.fixture
def database_url(postgres: LocalPostgres) -> str:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(TABLES)}")
        connection.execute(
            "UPDATE watch_cursor SET slot = 0, leased_until = '-infinity',"
            " pool_slot = 0, pool_address = ''"
        )
    return postgres.url


@pytest.fixture
def database(database_url: str) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def pooler(postgres: LocalPostgres) -> Iterator[Pooler]:
    with started_pooler(postgres, POOLER_PASSWORD) as started:
        yield started


@pytest.fixture(scope="session")
def pooled_url(pooler: Pooler) -> str:
    """The database behind a pooler, whose certificate is checked."""
    return pooler.checked_url(POOLER_PASSWORD)


@pytest.fixture(scope="session")
def pooled(pooled_url: str) -> Iterator[PostgresDatabase]:
    with closing(PostgresDatabase(pooled_url)) as database:
        yield database


@pytest.fixture
def pooled_database(pooled: PostgresDatabase, database_url: str) -> PostgresDatabase:
    """An empty database behind a pooler, over one connection for all tests."""
    return pooled


@pytest.fixture(scope="session")
def template() -> Template:
    return merge_template()


@pytest.fixture(scope="session")
def aws_session() -> boto3.session.Session:
    """One session makes every client: it reads the service descriptions only once."""
    return boto3.session.Session(region_name=LOCAL_REGION)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """moto behind HTTP on loopback: the engine's clients are not boto3's."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(
    aws_session: boto3.session.Session, moto_url: str, monkeypatch: pytest.MonkeyPatch
) -> boto3.session.Session:
    """An account without anything in it, for every client that is made from now on."""
    with urlopen(Request(f"{moto_url}/moto-api/reset", method="POST")):
        monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    return aws_session


@pytest.fixture
def sqs(aws: boto3.session.Session) -> BaseClient:
    return aws.client("sqs")


@pytest.fixture
def dynamodb(aws: boto3.session.Session) -> BaseClient:
    return aws.client("dynamodb")


@pytest.fixture
def sqs_calls(aws: boto3.session.Session) -> AwsClient:
    """The engine's own way to SQS."""
    return AwsClient(SQS, clock=SystemClock(), random=Random(0))


@pytest.fixture
def dynamodb_calls(aws: boto3.session.Session) -> AwsClient:
    """The engine's own way to DynamoDB."""
    return AwsClient(DYNAMODB, clock=SystemClock(), random=Random(0))


@pytest.fixture
def orders_queue_url(sqs: BaseClient, template: dict[str, Any]) -> str:
    return _create_queue(sqs, "orders", template["Resources"]["OrdersQueue"])


@pytest.fixture
def status_queue_url(sqs: BaseClient, template: dict[str, Any]) -> str:
    return _create_queue(sqs, "status.fifo", template["Resources"]["StatusQueue"])


@pytest.fixture
def connections_table(dynamodb: BaseClient, template: dict[str, Any]) -> str:
    properties = dict(template["Resources"]["ConnectionsTable"]["Properties"])
    time_to_live = properties.pop("TimeToLiveSpecification")
    encryption = {"Enabled": properties.pop("SSESpecification")["SSEEnabled"]}
    dynamodb.create_table(TableName="connections", SSESpecification=encryption, **properties)
    dynamodb.update_time_to_live(TableName="connections", TimeToLiveSpecification=time_to_live)
    return "connections"


def _create_queue(sqs: BaseClient, name: str, resource: dict[str, Any]) -> str:
    # The redrive policy names another resource; what is tested here never reaches it.
    properties = {k: v for k, v in resource["Properties"].items() if k != "RedrivePolicy"}
    attributes = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in properties.items()
    }
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url
