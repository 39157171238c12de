"""Lambda functions that are started and not waited for."""

import json
from urllib.parse import quote

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.engine.errors import UnavailableError

# Where an event says that it comes from; a schedule's says "aws.events".
STARTED_BY_US = "orders"
# In the form of a schedule's event, which Chalice wants of whoever starts such a function.
_EVENT = {
    "version": "0",
    "id": "",
    "detail-type": "Started",
    "source": STARTED_BY_US,
    "account": "",
    "time": "",
    "region": "",
    "resources": [],
    "detail": {},
}
_ASYNCHRONOUS = {"content-type": "application/json", "x-amz-invocation-type": "Event"}


def start_function(client: AwsClient, name: str) -> None:
    """Start a function that a schedule starts as well. Raises UnavailableError."""
    path = f"/2015-03-31/functions/{quote(name, safe='')}/invocations"
    try:
        client.post("Invoke", path, json.dumps(_EVENT).encode(), _ASYNCHRONOUS)
    except AwsError as error:
        raise UnavailableError(f"lambda: {error}") from error
