"""boto3 clients with short time-outs: a function has seconds, and a port that does not answer soon
is out of reach."""

import boto3
from botocore.client import BaseClient
from botocore.config import Config

AWS_TIMEOUT_SECONDS = 3


def make_client(
    service: str,
    *,
    endpoint_url: str | None = None,
    timeout_seconds: int = AWS_TIMEOUT_SECONDS,
    tries: int = 3,
    calls_at_once: int = 10,
) -> BaseClient:
    """Return a client that makes each call at most `tries` times, and keeps connections for
    `calls_at_once`."""
    config = Config(
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        max_pool_connections=calls_at_once,
        retries={"total_max_attempts": tries, "mode": "standard"},
    )
    return boto3.client(service, endpoint_url=endpoint_url, config=config)
