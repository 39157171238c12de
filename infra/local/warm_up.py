"""Start the functions' processes before the first call, as provisioned concurrency does on AWS: a
burst of calls would have to wait for a dozen Pythons to start."""

import json
from concurrent.futures import ThreadPoolExecutor

from botocore.client import BaseClient

from infra.errors import StackStartError
from infra.local.description import Description
from infra.local.functions import function_names
from infra.local.processes import wait_until

# How many calls the front door passes on at once, and how many batches are executed at once: a
# worker waits most of its time, and two would keep 100 orders at default latency for a second.
CALLS, WORKERS = 2, 4
START_SECONDS = 60

_ANY_ORDER = "00000000-0000-4000-8000-000000000000"
# How often to call each function, and with which event; none of these changes anything.
_EVENTS: dict[str, tuple[int, dict[str, object]]] = {
    "APIHandler": (
        CALLS,
        {
            # It reads a request, and asks the database.
            "httpMethod": "GET",
            "path": "/api/orders",
            "headers": {},
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "body": None,
            "stageVariables": None,
            "isBase64Encoded": False,
            "requestContext": {"resourcePath": "/api/orders", "httpMethod": "GET"},
        },
    ),
    "Execute": (WORKERS, {"Records": []}),
    "Publish": (1, {"Records": []}),
    # Nothing waits: it ends at once.
    "Watch": (
        1,
        {
            "version": "0",
            "id": "",
            "detail-type": "Warm-up",
            "source": "warm-up",
            "account": "",
            "time": "",
            "region": "",
            "resources": [],
            "detail": {},
        },
    ),
    "WebsocketConnect": (
        2,
        {
            "queryStringParameters": {"orderId": _ANY_ORDER},
            "requestContext": {
                "apiId": "warm",
                "stage": "up",
                "domainName": "localhost",
                "connectionId": "warm-up",
                "connectedAt": 0,
            },
        },
    ),
}


def warm_up(description: Description) -> None:
    """Call each function as often as it may run at once."""
    client = description.client("lambda")
    names = function_names(description)
    calls = [
        (names[name], json.dumps(event).encode())
        for name, (times, event) in _EVENTS.items()
        for _ in range(times)
    ]
    with ThreadPoolExecutor(len(calls)) as pool:
        for call in [pool.submit(_warm, client, name, payload) for name, payload in calls]:
            call.result()


def _warm(client: BaseClient, name: str, payload: bytes) -> None:
    wait_until(lambda: _is_warm(client, name, payload), START_SECONDS, name)


def _is_warm(client: BaseClient, name: str, payload: bytes) -> bool:
    answer = client.invoke(FunctionName=name, Payload=payload)
    if "FunctionError" not in answer:
        return True
    reason = answer["Payload"].read().decode()
    if "Sandbox.Timedout" in reason:
        # It timed out before it had started: the machine is busy.
        return False
    raise StackStartError(f"a function did not start: {reason}")
