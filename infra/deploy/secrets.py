"""What a stage's secrets hold, checked before anything is changed. No line shows any of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from secrets import token_hex, token_urlsafe
from typing import Any

from botocore.exceptions import ClientError
from solders.keypair import Keypair

from chalicelib.adapters.postgres.roots import with_roots
from chalicelib.adapters.solana.wallet import SolanaWallet
from chalicelib.settings import SIGNING_SECRET_CHARACTERS_MIN
from infra.arguments import is_database_url
from infra.deploy.target import APP_NAME, Target
from infra.errors import DeploymentError

SIGNING_SECRET_BYTES, DATABASE_PASSWORD_BYTES = 32, 24


def require_secrets(target: Target, parameters: Mapping[str, str]) -> str:
    """Return the database's URL with the roots that these parameters, which the stack will have,
    want of it.

    Raises DeploymentError when a secret cannot be read or lacks what the functions need of it.
    """
    settings = read_secret(target, target.settings_secret_arn)
    url = settings.get("database_url")
    if not (isinstance(url, str) and is_database_url(url)):
        raise _lack(target.settings_secret_arn, "database_url, like postgresql://user@host/name")
    signing = str(settings.get("signing_secret", ""))
    if parameters["AuthMode"] == "api_key" and len(signing) < SIGNING_SECRET_CHARACTERS_MIN:
        wanted = f"signing_secret of {SIGNING_SECRET_CHARACTERS_MIN} characters or more"
        raise _lack(target.settings_secret_arn, f"{wanted}, which AuthMode api_key needs")
    wallet = read_secret(target, target.wallet_secret_arn)
    try:
        SolanaWallet.from_base58(str(wallet.get("wallet_secret_key", "")))
    except ValueError:
        wanted = "wallet_secret_key of 64 bytes in base58"
        raise _lack(target.wallet_secret_arn, wanted) from None
    return with_roots(url, parameters["DatabaseRoots"])


def find_or_make_secrets(target: Target, database_url: str | None) -> tuple[Target, list[str]]:
    """Return the target with its secrets, made where they are absent, and the names of those made.

    Their names are the stack's. A `database_url` goes into the settings, also of a secret that was
    there; without one, there must be a secret. Raises DeploymentError.
    """
    settings, wallet = target.stack_name, f"{target.stack_name}-wallet"
    settings_arn = target.settings_secret_arn or _find(target, settings)
    wallet_arn = target.wallet_secret_arn or _find(target, wallet)
    if settings_arn:
        _tell_database(target, settings_arn, database_url)
    found = replace(
        target,
        settings_secret_arn=settings_arn or _make(target, settings, _new_settings(database_url)),
        wallet_secret_arn=wallet_arn
        or _make(target, wallet, {"wallet_secret_key": str(Keypair())}),
    )
    return found, [
        name for name, arn in ((settings, settings_arn), (wallet, wallet_arn)) if not arn
    ]


def database_owner(target: Target) -> tuple[str, Mapping[str, Any]]:
    """Return the ARN of the secret of the target's stack, and the name and the password in it of
    who owns the database; made when it is absent. Raises DeploymentError."""
    # A password without signs that a URL, or RDS, does not take.
    owner = {"username": APP_NAME, "password": token_hex(DATABASE_PASSWORD_BYTES)}
    arn = _find(target, target.stack_name) or _make(target, target.stack_name, owner)
    return arn, read_secret(target, arn)


def has_settings(target: Target) -> bool:
    """Tell whether there is a settings secret of the stage's name."""
    return bool(_find(target, target.stack_name))


def _tell_database(target: Target, arn: str, database_url: str | None) -> None:
    """Put the database's URL into settings that have another."""
    before = read_secret(target, arn) if database_url else {}
    if before.get("database_url") != database_url:
        text = json.dumps({**before, "database_url": database_url})
        target.clients.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


def _new_settings(database_url: str | None) -> Mapping[str, str]:
    if not database_url:
        raise DeploymentError(
            "a new stage needs DATABASE=rds, DATABASE_URL=postgresql://…, or SETTINGS_SECRET_ARN"
        )
    signing_secret = token_urlsafe(SIGNING_SECRET_BYTES)
    return {"database_url": database_url, "signing_secret": signing_secret}


def _find(target: Target, name: str) -> str:
    """Return the ARN of the secret of that name, or nothing."""
    secrets = target.clients.client("secretsmanager")
    try:
        return str(secrets.describe_secret(SecretId=name)["ARN"])
    except secrets.exceptions.ResourceNotFoundException:
        return ""


def _make(target: Target, name: str, content: Mapping[str, str]) -> str:
    secrets = target.clients.client("secretsmanager")
    return str(secrets.create_secret(Name=name, SecretString=json.dumps(content))["ARN"])


def read_secret(target: Target, secret_id: str) -> Mapping[str, Any]:
    """Return the fields of a secret that is a JSON object. Raises DeploymentError."""
    secrets = target.clients.client("secretsmanager")
    try:
        text = secrets.get_secret_value(SecretId=secret_id).get("SecretString", "")
    except ClientError as error:
        reason = error.response["Error"]
        raise DeploymentError(
            f"the secret {secret_id} cannot be read: {reason['Code']}: {reason['Message']}"
        ) from error
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise DeploymentError(f"the secret {secret_id} is not a JSON object")
    return fields


def _lack(secret_id: str, wanted: str) -> DeploymentError:
    return DeploymentError(f"the secret {secret_id} has no {wanted}")
