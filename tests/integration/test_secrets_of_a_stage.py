"""What a deployment wants of a stage's secrets, and that it shows none of them."""

import json
from typing import Any

import boto3
import pytest
from psycopg.conninfo import conninfo_to_dict
from solders.keypair import Keypair

from infra.deploy.secrets import find_or_make_secrets, read_secret, require_secrets
from infra.deploy.target import Target
from infra.errors import DeploymentError

PARAMETERS = {"AuthMode": "api_key", "DatabaseRoots": "public"}
SETTINGS: dict[str, Any] = {
    "database_url": "postgresql://orders:hunter2@db.example/orders?sslmode=disable",
    "signing_secret": "s" * 32,
}
WALLET: dict[str, Any] = {"wallet_secret_key": str(Keypair.from_seed(bytes(32)))}


def target(aws: boto3.session.Session, settings: object, wallet: object) -> Target:
    client: Any = aws.client("secretsmanager")
    arns = {}
    for name, content in (("settings", settings), ("wallet", wallet)):
        text = content if isinstance(content, str) else json.dumps(content)
        arns[f"{name}_secret_arn"] = client.create_secret(Name=name, SecretString=text)["ARN"]
    return Target(clients=aws, stage="prod", **arns)


def test_database_has_the_roots_that_are_wanted_when_secrets_are_whole(
    aws: boto3.session.Session,
) -> None:
    url = require_secrets(target(aws, SETTINGS, WALLET), PARAMETERS)

    found = conninfo_to_dict(url)
    assert found == found | {"host": "db.example", "sslmode": "verify-full"}


def test_nothing_is_signed_when_no_keys_are_required(aws: boto3.session.Session) -> None:
    settings = {"database_url": SETTINGS["database_url"]}

    assert require_secrets(target(aws, settings, WALLET), PARAMETERS | {"AuthMode": "none"})


@pytest.mark.parametrize(
    ("settings", "wallet", "reason"),
    [
        ("no JSON: hunter2", WALLET, "is not a JSON object"),
        ([SETTINGS], WALLET, "is not a JSON object"),
        ({}, WALLET, "has no database_url"),
        (SETTINGS | {"database_url": "orders:hunter2@db"}, WALLET, "has no database_url"),
        (SETTINGS | {"database_url": 5}, WALLET, "has no database_url"),
        ({"database_url": SETTINGS["database_url"]}, WALLET, "has no signing_secret of 32"),
        (SETTINGS | {"signing_secret": "hunter2"}, WALLET, "has no signing_secret of 32"),
        (SETTINGS, "hunter2", "is not a JSON object"),
        (SETTINGS, {}, "has no wallet_secret_key of 64 bytes"),
        (SETTINGS, {"wallet_secret_key": "hunter2"}, "has no wallet_secret_key of 64 bytes"),
    ],
)
def test_deployment_is_refused_in_one_line_when_a_secret_is_broken(
    aws: boto3.session.Session, settings: object, wallet: object, reason: str
) -> None:
    with pytest.raises(DeploymentError, match=reason) as refusal:
        require_secrets(target(aws, settings, wallet), PARAMETERS)

    said = str(refusal.value)
    assert said.startswith("the secret arn:aws:secretsmanager:")
    assert "hunter2" not in said
    assert "\n" not in said


def test_deployment_is_refused_in_one_line_when_a_secret_is_missing(
    aws: boto3.session.Session,
) -> None:
    missing = Target(clients=aws, stage="prod", settings_secret_arn="nothing")

    with pytest.raises(
        DeploymentError, match=r"^the secret nothing cannot be read: ResourceNotFoundException: "
    ):
        require_secrets(missing, PARAMETERS)


def test_secrets_are_made_where_they_are_absent(aws: boto3.session.Session) -> None:
    new = Target(clients=aws, stage="new")

    found, made = find_or_make_secrets(new, SETTINGS["database_url"])
    again, none = find_or_make_secrets(new, None)

    assert (made, none) == (["orders-new", "orders-new-wallet"], [])
    assert again == found
    url = require_secrets(found, PARAMETERS)
    assert conninfo_to_dict(url)["host"] == "db.example"


def test_settings_get_another_database_and_keep_the_rest(aws: boto3.session.Session) -> None:
    own = target(aws, SETTINGS, WALLET)
    moved = SETTINGS["database_url"].replace("db.example", "new.example")

    found, made = find_or_make_secrets(own, moved)

    assert (found, made) == (own, [])
    settings = read_secret(own, own.settings_secret_arn)
    assert settings == SETTINGS | {"database_url": moved}


def test_new_stage_without_a_database_is_refused(aws: boto3.session.Session) -> None:
    with pytest.raises(DeploymentError, match="a new stage needs DATABASE=rds"):
        find_or_make_secrets(Target(clients=aws, stage="new"), None)
