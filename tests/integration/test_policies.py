"""What each function may do on AWS: what it needs, and nothing more."""

import json
from typing import Any

import pytest

from infra.deploy.package import Artifact
from infra.deploy.template import JOINING, Template

CONNECTIONS = (
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebsocketAPI}/live/*"
)
ANYWHERE = json.dumps("*")
EVERYBODY = {
    "secretsmanager:GetSecretValue": {"SettingsSecretArn"},
    # Of its secrets alone, whatever key they have.
    "kms:Decrypt": {ANYWHERE},
    # X-Ray knows no resources.
    "xray:PutTraceSegments": {ANYWHERE},
    "xray:PutTelemetryRecords": {ANYWHERE},
}


def logging(function: str) -> dict[str, set[str]]:
    # Not to create the group: one that is written to while it is deleted would come again, for
    # ever.
    group = f"{function}LogGroup"
    return {"logs:CreateLogStream": {group}, "logs:PutLogEvents": {group}}


def polling(queue: str) -> dict[str, set[str]]:
    return {
        "sqs:ReceiveMessage": {queue},
        "sqs:DeleteMessage": {queue},
        "sqs:GetQueueAttributes": {queue},
    }


GRANTS = {
    "APIHandler": {
        "sqs:SendMessage": {"OrdersQueue"},
        "sqs:GetQueueAttributes": {"OrdersQueue"},
        "dynamodb:DescribeTable": {"ConnectionsTable"},
        "lambda:InvokeFunction": {"Watch"},
    },
    "Execute": {
        **polling("OrdersQueue"),
        "sqs:ChangeMessageVisibility": {"OrdersQueue"},
        "secretsmanager:GetSecretValue": {"SettingsSecretArn", "WalletSecretArn"},
        "sqs:SendMessage": {"OrdersQueue", "StatusQueue"},
        "lambda:InvokeFunction": {"Watch"},
    },
    "Publish": {
        **polling("StatusQueue"),
        "sqs:ChangeMessageVisibility": {"StatusQueue"},
        "dynamodb:BatchGetItem": {"ConnectionsTable"},
        "dynamodb:UpdateItem": {"ConnectionsTable"},
        "execute-api:ManageConnections": {CONNECTIONS},
    },
    "Rescue": {
        **polling("OrdersDeadLetterQueue"),
        "sqs:SendMessage": {"OrdersQueue", "StatusQueue"},
        "lambda:InvokeFunction": {"Watch"},
    },
    # The database is all that it needs.
    "Operate": {},
    "Sweep": {"sqs:SendMessage": {"OrdersQueue"}},
    "Watch": {"sqs:SendMessage": {"OrdersQueue"}},
    "WebsocketConnect": {
        "sqs:SendMessage": {"StatusQueue"},
    },
    "WebsocketMessage": {
        "dynamodb:UpdateItem": {"ConnectionsTable"},
        "sqs:SendMessage": {"StatusQueue"},
        "execute-api:ManageConnections": {CONNECTIONS},
    },
}


@pytest.fixture
def deployed(artifact: Artifact) -> Template:
    return artifact.template


def functions_of(template: Template) -> list[str]:
    resources = template["Resources"].items()
    return [name for name, r in resources if r["Type"] == "AWS::Serverless::Function"]


def role_of(template: Template, function: str) -> str:
    role: str = template["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0]
    return role


def statements_of(template: Template, function: str) -> list[dict[str, Any]]:
    """What a function may do wherever it runs."""
    return [s for s in all_statements_of(template, function) if s != JOINING]


def all_statements_of(template: Template, function: str) -> list[dict[str, Any]]:
    role = template["Resources"][role_of(template, function)]["Properties"]
    return [s for p in role["Policies"] for s in p["PolicyDocument"]["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def place(resource: Any) -> str:
    """A resource by its logical name, or as it is written."""
    match resource:
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name} | {"Fn::Sub": name}:
            return str(name)
    return json.dumps(resource)


def grants_of(template: Template, function: str) -> dict[str, set[str]]:
    granted: dict[str, set[str]] = {}
    for statement in statements_of(template, function):
        for action in as_list(statement["Action"]):
            places = {place(resource) for resource in as_list(statement["Resource"])}
            granted[action] = granted.get(action, set()) | places
    return granted


def test_every_function_has_a_role_of_its_own_when_deployed(deployed: Template) -> None:
    functions = functions_of(deployed)

    roles = {role_of(deployed, function) for function in functions}

    assert len(roles) == len(functions)
    assert all(
        "ManagedPolicyArns" not in deployed["Resources"][role]["Properties"] for role in roles
    )


@pytest.mark.parametrize("function", GRANTS)
def test_function_may_join_a_network_only_where_the_stage_is_in_one(
    deployed: Template, function: str
) -> None:
    [joining] = [s for s in all_statements_of(deployed, function) if "ec2:" in json.dumps(s)]

    condition, statement, otherwise = joining["Fn::If"]
    assert condition in deployed["Conditions"]
    assert statement["Effect"] == "Allow"
    assert otherwise == {"Ref": "AWS::NoValue"}


def test_every_function_is_listed_here_when_deployed(deployed: Template) -> None:
    assert set(functions_of(deployed)) == set(GRANTS)


@pytest.mark.parametrize("function", GRANTS)
def test_function_may_do_what_it_needs_and_no_more_when_deployed(
    deployed: Template, function: str
) -> None:
    granted = grants_of(deployed, function)

    assert granted == EVERYBODY | logging(function) | GRANTS[function]


@pytest.mark.parametrize("function", GRANTS)
def test_policy_has_no_wildcard_when_not_a_suffix_it_needs(
    deployed: Template, function: str
) -> None:
    statements = statements_of(deployed, function)

    actions = [action for s in statements for action in as_list(s["Action"])]
    resources = [resource for s in statements for resource in as_list(s["Resource"])]
    everywhere = [action for s in statements if s["Resource"] == "*" for action in s["Action"]]
    wild = {place(resource) for resource in resources if "*" in json.dumps(resource)}
    assert [action for action in actions if "*" in action] == []
    assert wild <= {CONNECTIONS, ANYWHERE}
    assert [action for action in everywhere if EVERYBODY[action] != {ANYWHERE}] == []
    assert {s["Effect"] for s in statements} == {"Allow"}
    assert not any({"NotAction", "NotResource"} & set(s) for s in statements)


@pytest.mark.parametrize("function", GRANTS)
def test_function_decrypts_only_the_secrets_that_it_reads_when_deployed(
    deployed: Template, function: str
) -> None:
    statements = statements_of(deployed, function)
    [reading] = [s for s in statements if "secretsmanager:GetSecretValue" in s["Action"]]

    [decrypting] = [s for s in statements if "kms:Decrypt" in s["Action"]]

    assert decrypting["Condition"] == {
        "StringEquals": {
            "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.amazonaws.com"},
            "kms:EncryptionContext:SecretARN": reading["Resource"],
        }
    }


def test_only_workers_read_the_wallet_when_deployed(deployed: Template) -> None:
    readers = [
        function
        for function in functions_of(deployed)
        if "WalletSecretArn" in json.dumps(deployed["Resources"][function])
        or "WalletSecretArn" in json.dumps(statements_of(deployed, function))
    ]

    assert readers == ["Execute"]
    assert "WalletSecretArn" not in json.dumps(deployed["Globals"])


@pytest.mark.parametrize(
    ("function", "services"),
    [
        ("APIHandler", {"execute-api"}),
        ("Execute", {"dynamodb", "execute-api"}),
        ("Rescue", {"dynamodb", "execute-api"}),
        ("Sweep", {"dynamodb", "execute-api"}),
        ("Watch", {"dynamodb", "execute-api"}),
        ("WebsocketConnect", {"dynamodb", "execute-api"}),
    ],
)
def test_function_cannot_touch_a_service_when_it_has_no_part_in_it(
    deployed: Template, function: str, services: set[str]
) -> None:
    granted = {action.partition(":")[0] for action in grants_of(deployed, function)}

    assert granted.isdisjoint(services)


@pytest.mark.parametrize(
    ("function", "queue"),
    [
        ("APIHandler", "StatusQueue"),
        ("Publish", "OrdersQueue"),
        ("Publish", "StatusQueue"),
        ("Sweep", "StatusQueue"),
        ("Watch", "StatusQueue"),
        ("WebsocketConnect", "OrdersQueue"),
        ("WebsocketMessage", "OrdersQueue"),
    ],
)
def test_function_cannot_send_to_a_queue_when_it_has_no_message_for_it(
    deployed: Template, function: str, queue: str
) -> None:
    assert queue not in grants_of(deployed, function).get("sqs:SendMessage", set())
