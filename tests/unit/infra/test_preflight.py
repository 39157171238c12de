"""What keeps a stage on AWS from being changed."""

import sys
from typing import Any

import pytest

from infra.deploy.preflight import require_runtime
from infra.deploy.target import Target
from infra.errors import DeploymentError

HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"


class Account:
    """An account with a stack `orders-prod` of that runtime, or without one."""

    def __init__(self, runtime: str | None) -> None:
        outputs = [{"OutputKey": "Runtime", "OutputValue": runtime}] if runtime else []
        self._stack = {"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}

    def client(self, service_name: str, **_: Any) -> Any:
        return self

    def describe_stacks(self, **_: str) -> Any:
        return {"Stacks": [self._stack]}


def target(runtime: str | None) -> Target:
    return Target(clients=Account(runtime), stage="prod")


@pytest.mark.parametrize("runtime", [HERE, None])
def test_runtime_is_taken_when_it_is_that_of_the_stage_or_the_first(runtime: str | None) -> None:
    require_runtime(target(runtime), may_change=False)


def test_runtime_changes_only_when_somebody_says_so() -> None:
    with pytest.raises(DeploymentError) as refusal:
        require_runtime(target("python3.99"), may_change=False)

    said = str(refusal.value)
    assert said.startswith(f"orders-prod runs python3.99, and this is {HERE}: ")
    assert "\n" not in said
    require_runtime(target("python3.99"), may_change=True)


def test_runtime_is_refused_when_lambda_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.deploy.preflight.RUNTIMES", ("python3.1",))

    with pytest.raises(DeploymentError, match=f"Lambda has no {HERE}: "):
        require_runtime(target(None), may_change=True)
