import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.deploy.stack import parameters_before, parameters_to_set
from infra.deploy.target import Target
from infra.deploy.template import Template

Deploy = Callable[..., list[dict[str, Any]]]
KEPT = {"SettingsSecretArn": "arn", "AuthMode": "api_key", "OrdersPerMinute": "60"}


@pytest.fixture
def parameters_for(aws: boto3.session.Session, template: Template) -> Deploy:
    """What a deployment of the stack `orders-prod` that names these would set."""

    def parameters_for(**named: str) -> list[dict[str, Any]]:
        target = Target(clients=aws, stage="prod")
        return [
            dict(each) for each in parameters_to_set(parameters_before(target, template), named)
        ]

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


def kept(*names: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": name, "UsePreviousValue": True} for name in names]


def test_parameters_are_those_named_when_the_stack_is_new(parameters_for: Deploy) -> None:
    assert parameters_for(AuthMode="none") == [
        {"ParameterKey": "AuthMode", "ParameterValue": "none"}
    ]


@pytest.mark.usefixtures("deployed")
def test_parameters_stay_as_they_were_when_they_are_not_named(parameters_for: Deploy) -> None:
    assert parameters_for() == kept(*KEPT)


@pytest.mark.usefixtures("deployed")
def test_parameters_change_when_they_are_named(parameters_for: Deploy) -> None:
    assert parameters_for(AuthMode="none") == [
        *kept("SettingsSecretArn", "OrdersPerMinute"),
        {"ParameterKey": "AuthMode", "ParameterValue": "none"},
    ]
