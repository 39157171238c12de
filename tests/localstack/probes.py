"""What a LocalStack can do, found out by doing it: some report health for what they cannot."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infra.deploy.clients import Clients

ROLE = "arn:aws:iam::000000000000:role/probe"
LAMBDA_WAIT = {"Delay": 1, "MaxAttempts": 120}


def why_not(service: str, clients: Clients) -> str | None:
    """Return why the target lacks the service, or None when it has it."""
    try:
        _PROBES[service](clients)
    except ClientError as error:
        return error.response["Error"].get("Message") or str(error)
    except BotoCoreError as error:
        return str(error)
    return None


def _probe_lambda(clients: Clients) -> None:
    """A function can be created where none can run: wait until it may be called, and call it."""
    client = clients.client("lambda")
    name = f"probe-{uuid4().hex[:12]}"
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="probe.handle",
        Code={"ZipFile": _code()},
    )
    try:
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=LAMBDA_WAIT)
        client.invoke(FunctionName=name)
    except WaiterError as error:
        reason = error.last_response["Configuration"].get("StateReason", str(error))
        raise WaiterError("function_active_v2", reason, error.last_response) from error
    finally:
        # What could not start is sometimes gone already.
        with suppress(ClientError):
            client.delete_function(FunctionName=name)


def _code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("probe.py", "def handle(event, context):\n    return event\n")
    return archive.getvalue()


_PROBES: dict[str, Callable[[Clients], object]] = {
    "apigateway": lambda clients: clients.client("apigateway").get_rest_apis(),
    "apigatewayv2": lambda clients: clients.client("apigatewayv2").get_apis(),
    "cloudwatch": lambda clients: clients.client("cloudwatch").describe_alarms(),
    "dynamodb": lambda clients: clients.client("dynamodb").list_tables(),
    "lambda": _probe_lambda,
}
