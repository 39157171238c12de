import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.deploy.stack import parameters_of
from infra.deploy.target import Target
from infra.deploy.template import Template

Deploy = Callable[..., dict[str, str]]
KEPT = {"SettingsSecretArn": "arn", "AuthMode": "api_key", "OrdersPerMinute": "60"}


@pytest.fixture
def parameters_for(aws: boto3.session.Session, template: Template) -> Deploy:
    """What a deployment of the stack `orders-prod` that names these would set."""

    def parameters_for(**named: str) -> dict[str, str]:
        target = Target(
            clients=aws,
            stage="prod",
            settings_secret_arn="arn",
            parameters=named,
        )
        return dict(parameters_of(target, template))

    return parameters_for


@pytest.fixture
def deployed(aws: boto3.session.Session) -> None:
    cloudformation: Any = aws.client("cloudformation")
    parameters = {**KEPT, "OfAnOlderTemplate": "1"}
    body = {
        "Parameters": {name: {"Type": "String"} for name in parameters},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
    }
    cloudformation.create_stack(
        StackName="orders-prod",
        TemplateBody=json.dumps(body),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )


def test_parameters_are_those_named_when_the_stack_is_new(parameters_for: Deploy) -> None:
    found = parameters_for(AuthMode="api_key")

    assert found == {"SettingsSecretArn": "arn", "AuthMode": "api_key"}


@pytest.mark.usefixtures("deployed")
def test_parameters_stay_as_they_were_when_they_are_not_named(parameters_for: Deploy) -> None:
    assert parameters_for() == KEPT


@pytest.mark.usefixtures("deployed")
def test_parameters_change_when_they_are_named(parameters_for: Deploy) -> None:
    assert parameters_for(AuthMode="none") == KEPT | {"AuthMode": "none"}
