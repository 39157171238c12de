"""The stage's own function for operators: it reaches the database wherever that is."""

import json
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config

from infra.deploy.change_sets import resource_id
from infra.deploy.target import Target
from infra.errors import DeploymentError

# As the function is named in the template.
FUNCTION = "Operate"
# Beyond the function's own time-out; what it does must not be begun twice.
PATIENCE = Config(read_timeout=310, retries={"total_max_attempts": 1})


class Operator:
    """Asks a stage's function. Raises DeploymentError when the function fails or refuses."""

    def __init__(self, functions: BaseClient, name: str) -> None:
        self._functions, self._name = functions, name

    def ask(self, do: str, **fields: object) -> dict[str, Any]:
        """Let the stage do that, and return its answer."""
        request = json.dumps({"do": do, **fields})
        called = self._functions.invoke(FunctionName=self._name, Payload=request)
        answer: dict[str, Any] = json.loads(called["Payload"].read())
        if "FunctionError" in called:
            reason = str(answer.get("errorMessage", called["FunctionError"])).splitlines()[0]
            raise DeploymentError(f"{do} failed: {reason}; the log of {self._name} says more")
        if "code" in answer:
            raise DeploymentError(f"{do}: {answer['code']}: {answer['detail']}")
        return answer

    def take_code(self, code_uri: str) -> None:
        """Let the function have the code at `s3://bucket/key`, before the others have it."""
        bucket, _, key = code_uri.removeprefix("s3://").partition("/")
        self._functions.update_function_code(FunctionName=self._name, S3Bucket=bucket, S3Key=key)
        self._functions.get_waiter("function_updated_v2").wait(FunctionName=self._name)


def find_operator(target: Target) -> Operator | None:
    """Return the stage's function for operators, or None when it has none."""
    name = resource_id(target, FUNCTION)
    return Operator(target.clients.client("lambda", config=PATIENCE), name) if name else None


def operator_of(target: Target) -> Operator:
    """Return the stage's function for operators. Raises DeploymentError when it has none."""
    operator = find_operator(target)
    if operator is None:
        raise DeploymentError(f"{target.stack_name} is not deployed, or by an older release")
    return operator
