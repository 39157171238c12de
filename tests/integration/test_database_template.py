"""The template of a stage's own database: all of it can be made, and nobody else gets in."""

import json
from typing import Any

import boto3
import pytest

from infra.deploy.database import database_template

OWNER = {"username": "orders", "password": "correct-horse"}


@pytest.fixture
def properties() -> dict[str, Any]:
    found: dict[str, Any] = database_template()["Resources"]["Database"]["Properties"]
    return found


# moto's CloudFormation has no alarms.
@pytest.mark.filterwarnings("ignore:Tried to parse AWS..CloudWatch..Alarm")
def test_network_and_database_can_be_made(aws: boto3.session.Session) -> None:
    template = database_template()
    # moto takes the group's name for the group.
    del template["Resources"]["Database"]["Properties"]["DBParameterGroupName"]
    secrets: Any = aws.client("secretsmanager")
    arn = secrets.create_secret(Name="owner", SecretString=json.dumps(OWNER))["ARN"]
    cloudformation: Any = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="database",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "DatabaseSecretArn", "ParameterValue": arn}],
    )

    [stack] = cloudformation.describe_stacks(StackName="database")["Stacks"]
    found = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    ec2: Any = aws.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=found["SubnetIds"].split(","))["Subnets"]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    tables = ec2.describe_route_tables()["RouteTables"]
    [gateway] = ec2.describe_nat_gateways()["NatGateways"]
    ways_out = [route.get("NatGatewayId") for table in tables for route in table["Routes"]]
    assert gateway["NatGatewayId"] in ways_out


def test_database_is_reached_by_the_functions_alone_and_with_tls(
    properties: dict[str, Any],
) -> None:
    resources = database_template()["Resources"]
    [way_in] = resources["DatabaseGuard"]["Properties"]["SecurityGroupIngress"]

    assert way_in["SourceSecurityGroupId"] == {"Fn::GetAtt": ["NetworkGuard", "GroupId"]}
    assert (way_in["FromPort"], way_in["ToPort"]) == (5432, 5432)
    assert properties["PubliclyAccessible"] is False
    assert resources["DatabaseSettings"]["Properties"]["Parameters"] == {"rds.force_ssl": "1"}


def test_database_is_not_lost_by_mistake(properties: dict[str, Any]) -> None:
    instance = database_template()["Resources"]["Database"]

    assert instance["DeletionPolicy"] == instance["UpdateReplacePolicy"] == "Snapshot"
    assert properties["DeletionProtection"] is True
    assert properties["StorageEncrypted"] is True
    assert properties["BackupRetentionPeriod"] == 7
