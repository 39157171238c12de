"""What Secrets Manager keeps for the settings."""

import json

import boto3
import pytest

from chalicelib.adapters.aws.errors import AwsError
from chalicelib.adapters.aws.secrets import read_secret

FIELDS = {"database_url": "postgresql://engine@db/orders", "odd": 'grüße " \\ 日本語'}


@pytest.mark.parametrize("key", ["Name", "ARN"])
def test_secret_is_read_by_name_and_by_arn(aws: boto3.session.Session, key: str) -> None:
    client = aws.client("secretsmanager")
    created = client.create_secret(Name="settings", SecretString=json.dumps(FIELDS))

    assert read_secret(created[key]) == FIELDS


def test_error_names_the_trouble_when_there_is_no_such_secret(aws: boto3.session.Session) -> None:
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        read_secret("missing")
