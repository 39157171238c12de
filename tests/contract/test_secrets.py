"""What Secrets Manager keeps for the settings."""

import json

import boto3
import pytest

from chalicelib.adapters.aws.errors import AwsError
from chalicelib.adapters.aws.secrets import read_secret
from chalicelib.settings import Secret, read_settings
from tests.world import SETTINGS

FIELDS = {"database_url": "postgresql://engine@db/orders", "odd": 'grüße " \\ 日本語'}


@pytest.mark.parametrize("key", ["Name", "ARN"])
def test_secret_is_read_by_name_and_by_arn(aws: boto3.session.Session, key: str) -> None:
    client = aws.client("secretsmanager")
    created = client.create_secret(Name="settings", SecretString=json.dumps(FIELDS))

    assert read_secret(created[key]) == FIELDS


def test_error_names_the_trouble_when_there_is_no_such_secret(aws: boto3.session.Session) -> None:
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        read_secret("missing")


@pytest.mark.parametrize("content", [{"SecretString": "hunter2"}, {"SecretString": "[1]"}])
def test_secret_is_refused_unseen_when_it_is_no_object(
    aws: boto3.session.Session, content: dict[str, str]
) -> None:
    aws.client("secretsmanager").create_secret(Name="settings", **content)

    with pytest.raises(AwsError, match=r"^the secret settings is not a JSON object$"):
        read_secret("settings")


def test_wallet_is_read_where_it_is_named_and_wins(
    aws: boto3.session.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {
        "SETTINGS_SECRET_ID": {"database_url": "postgresql://db", "wallet_secret_key": "old"},
        "WALLET_SECRET_ID": {"wallet_secret_key": "new"},
    }
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name.upper(), value)
    for name, content in contents.items():
        aws.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(content))
    monkeypatch.setenv("SETTINGS_SECRET_ID", "SETTINGS_SECRET_ID")
    before = read_settings().wallet_secret_key
    monkeypatch.setenv("WALLET_SECRET_ID", "WALLET_SECRET_ID")

    assert (before, read_settings().wallet_secret_key) == (Secret("old"), Secret("new"))
