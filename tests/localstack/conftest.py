"""The LocalStack under test, and stacks on it. Without one, this whole folder is skipped."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from random import Random

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.client import DYNAMODB, SQS, AwsClient
from chalicelib.adapters.clock import SystemClock
from infra.deploy.clients import Clients, local_clients
from infra.deploy.template import Template
from infra.local.localstack import NEEDS
from tests.localstack.probes import why_not
from tests.localstack.queues import Inbox
from tests.localstack.stacks import QUEUE, TABLE, Stack, only, target


def pytest_pycollect_makemodule() -> None:
    # Here, not in a fixture: the folder is then reported once, not test by test.
    if not os.environ.get("LOCALSTACK_HOST"):
        pytest.skip("no LocalStack to test against: `make test-localstack` starts one")


@pytest.fixture(scope="session")
def host() -> str:
    return os.environ["LOCALSTACK_HOST"]


@pytest.fixture(scope="session")
def clients(host: str) -> Clients:
    """Clients are slow to make, and keep no state between tests."""
    return CachedClients(local_clients(host))


class CachedClients:
    """One client per service."""

    def __init__(self, clients: Clients) -> None:
        self.client = cache(clients.client)


@pytest.fixture(scope="session")
def need(clients: Clients) -> Callable[..., None]:
    """Skip a test unless the target has the services."""
    known = cache(lambda service: why_not(service, clients))

    def skip_without(*services: str) -> None:
        for service in services:
            if reason := known(service):
                wants = NEEDS.get(service, "to be enabled")
                pytest.skip(f"no {service} here, it needs {wants}: {reason}")

    return skip_without


@pytest.fixture
def stack(clients: Clients) -> Iterator[Stack]:
    stack = Stack(target(clients))
    yield stack
    stack.delete()


@pytest.fixture
def queue_urls(stack: Stack, template: Template) -> Mapping[str, str]:
    """The queues of the template, made by CloudFormation for one test."""
    return stack.apply(only(template, [QUEUE]))


@pytest.fixture
def sqs(clients: Clients) -> BaseClient:
    return clients.client("sqs")


@pytest.fixture
def sqs_calls(host: str) -> AwsClient:
    """The engine's own way to SQS."""
    return AwsClient(SQS, clock=SystemClock(), random=Random(), endpoint_url=f"http://{host}")


@pytest.fixture
def dynamodb_calls(host: str) -> AwsClient:
    """The engine's own way to DynamoDB."""
    return AwsClient(DYNAMODB, clock=SystemClock(), random=Random(), endpoint_url=f"http://{host}")


@pytest.fixture
def orders(sqs: BaseClient, queue_urls: Mapping[str, str]) -> Inbox:
    return Inbox(sqs, queue_urls["OrdersQueue"])


@pytest.fixture
def orders_dead_letters(sqs: BaseClient, queue_urls: Mapping[str, str]) -> Inbox:
    return Inbox(sqs, queue_urls["OrdersDeadLetterQueue"])


@pytest.fixture
def statuses(sqs: BaseClient, queue_urls: Mapping[str, str]) -> Inbox:
    return Inbox(sqs, queue_urls["StatusQueue"])


@pytest.fixture
def statuses_dead_letters(sqs: BaseClient, queue_urls: Mapping[str, str]) -> Inbox:
    return Inbox(sqs, queue_urls["StatusDeadLetterQueue"])


@pytest.fixture
def table_name(stack: Stack, template: Template, need: Callable[..., None]) -> str:
    need("dynamodb")
    return stack.apply(only(template, [TABLE]))["ConnectionsTable"]
