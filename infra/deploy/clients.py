"""boto3 clients for AWS and for emulators that speak like LocalStack."""

from typing import Any, Protocol

import boto3
from botocore.client import BaseClient
from localstack_client.session import Session as LocalStackSession

from infra.errors import DeploymentError

LOCAL_REGION = "us-east-1"
#: What a process needs in its environment to call an emulator, which takes any key.
LOCAL_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": LOCAL_REGION,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


class Clients(Protocol):
    """A source of boto3 clients."""

    def client(self, service_name: str, **options: Any) -> BaseClient:
        """Return a client of the service, "sqs" say."""


def aws_clients() -> Clients:
    """Return clients as the environment and ~/.aws configure them.

    Raises DeploymentError without credentials or a region.
    """
    session = boto3.session.Session()
    missing = []
    if session.get_credentials() is None:
        missing.append("credentials (AWS_ACCESS_KEY_ID, or AWS_PROFILE)")
    if session.region_name is None:
        missing.append("a region (AWS_DEFAULT_REGION)")
    if missing:
        raise DeploymentError(f"AWS needs {' and '.join(missing)}")
    clients: Clients = session
    return clients


def local_clients(host: str) -> Clients:
    """Return clients of the emulator at this host and port, "127.0.0.1:4566" say."""
    session: Clients = LocalStackSession(
        aws_access_key_id=LOCAL_ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=LOCAL_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        region_name=LOCAL_REGION,
        localstack_host=host,
    )
    return session
