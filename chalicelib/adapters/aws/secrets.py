"""Secrets by their id or ARN."""

import json
from random import Random
from typing import Any

from chalicelib.adapters.aws.client import SECRETS_MANAGER, AwsClient
from chalicelib.adapters.clock import SystemClock


def read_secret(secret_id: str) -> dict[str, Any]:
    """Return the fields of a secret that is a JSON object; raise AwsError when it is not there."""
    client = AwsClient(SECRETS_MANAGER, clock=SystemClock(), random=Random())
    secret: dict[str, Any] = json.loads(
        client.call("GetSecretValue", {"SecretId": secret_id})["SecretString"]
    )
    return secret
