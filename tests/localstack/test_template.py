"""What CloudFormation makes of the template's resources."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.client import BaseClient

from infra.deploy.clients import Clients
from infra.deploy.template import Template, merge_template
from tests.localstack.stacks import ALARM, QUEUE, TABLE, Stack, only, refers

RESOURCES = merge_template()["Resources"]
QUEUES = [name for name, resource in RESOURCES.items() if resource.get("Type") == QUEUE]
# Functions and APIs are not deployed here, nor what watches them.
OTHERS = {n for n, r in RESOURCES.items() if r.get("Type") not in (ALARM, QUEUE)}
ALARMS = [n for n, r in RESOURCES.items() if r.get("Type") == ALARM and not refers(r, OTHERS)]


@pytest.mark.parametrize("name", QUEUES)
def test_queue_has_the_properties_of_the_template_when_deployed(
    sqs: BaseClient, queue_urls: Mapping[str, str], name: str
) -> None:
    properties = dict(RESOURCES[name]["Properties"])
    policy = properties.pop("RedrivePolicy", None)

    attributes = attributes_of(sqs, queue_urls[name])

    assert attributes == attributes | {key: text(value) for key, value in properties.items()}
    assert ("RedrivePolicy" in attributes) == (policy is not None)


@pytest.mark.parametrize(("name", "times"), [("OrdersQueue", 5), ("StatusQueue", 10)])
def test_queue_gives_up_into_its_own_dead_letter_queue_when_deployed(
    sqs: BaseClient, queue_urls: Mapping[str, str], name: str, times: int
) -> None:
    dead_letters = attributes_of(sqs, queue_urls[name.replace("Queue", "DeadLetterQueue")])

    policy = json.loads(attributes_of(sqs, queue_urls[name])["RedrivePolicy"])

    assert policy["deadLetterTargetArn"] == dead_letters["QueueArn"]
    assert int(policy["maxReceiveCount"]) == times


def test_deployment_changes_nothing_when_it_is_repeated(stack: Stack, template: Template) -> None:
    queues = only(template, [QUEUE])
    first = stack.apply(queues)

    again = stack.apply(queues)

    assert again == first


def test_deployment_keeps_the_queues_it_has_when_the_template_grows(
    stack: Stack, template: Template
) -> None:
    first = stack.apply(only(template, [QUEUE], without=["StatusQueue", "StatusDeadLetterQueue"]))

    second = stack.apply(only(template, [QUEUE]))

    assert first.keys() == {"OrdersQueue", "OrdersDeadLetterQueue", "OrdersUnresolvedQueue"}
    assert first.items() <= second.items()
    assert second.keys() == set(QUEUES)


def resolved(value: Any, queue_names: Mapping[str, str], stack: Stack) -> str:
    """What the template's value becomes: a queue's name, the stack's, or itself."""
    match value:
        case {"Fn::GetAtt": [queue, "QueueName"]}:
            return queue_names[queue]
        case {"Ref": "AWS::StackName"}:
            return stack.target.stack_name
    return str(value)


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_watches_what_the_template_names_when_deployed(
    clients: Clients,
    stack: Stack,
    template: Template,
    need: Callable[..., None],
    name: str,
) -> None:
    need("cloudwatch")
    urls = stack.apply(only(template, [QUEUE, ALARM]))

    (alarm,) = clients.client("cloudwatch").describe_alarms(
        AlarmNames=[stack.physical_ids()[name]]
    )["MetricAlarms"]

    wanted = RESOURCES[name]["Properties"]["Dimensions"]
    names = {queue: url.rpartition("/")[2] for queue, url in urls.items()}
    assert {d["Name"]: d["Value"] for d in alarm["Dimensions"]} == {
        dimension["Name"]: resolved(dimension["Value"], names, stack) for dimension in wanted
    }


def test_table_has_the_key_and_lifetime_of_the_template_when_deployed(
    clients: Clients, stack: Stack, template: Template, need: Callable[..., None]
) -> None:
    need("dynamodb")
    name = stack.apply(only(template, [TABLE]))["ConnectionsTable"]

    table = clients.client("dynamodb").describe_table(TableName=name)["Table"]
    lifetime = clients.client("dynamodb").describe_time_to_live(TableName=name)

    assert table["KeySchema"] == RESOURCES["ConnectionsTable"]["Properties"]["KeySchema"]
    assert lifetime["TimeToLiveDescription"]["AttributeName"] == "expires_at"
    assert lifetime["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def attributes_of(sqs: BaseClient, url: str) -> dict[str, str]:
    attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    return attributes


def text(value: object) -> str:
    """A property as SQS answers it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
