"""Secrets by their id or ARN."""

import json
from random import Random
from typing import Any

from chalicelib.adapters.aws.client import SECRETS_MANAGER, AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.adapters.clock import SystemClock


def read_secret(secret_id: str) -> dict[str, Any]:
    """Return the fields of a secret that is a JSON object; raise AwsError when there is none."""
    client = AwsClient(SECRETS_MANAGER, clock=SystemClock(), random=Random())
    answer = client.call("GetSecretValue", {"SecretId": secret_id})
    try:
        secret = json.loads(answer["SecretString"])
    except (KeyError, ValueError):
        # Not from the error, which quotes what it cannot read.
        secret = None
    if not isinstance(secret, dict):
        raise AwsError(f"the secret {secret_id} is not a JSON object")
    return secret
