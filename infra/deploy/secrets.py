"""What a stage's secrets hold, checked before anything is changed. No line shows any of it."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.postgres.roots import with_roots
from chalicelib.adapters.solana.wallet import SolanaWallet
from chalicelib.settings import SIGNING_SECRET_CHARACTERS_MIN
from infra.arguments import is_database_url
from infra.deploy.target import Target
from infra.errors import DeploymentError


def require_secrets(target: Target, parameters: Mapping[str, str]) -> str:
    """Return the database's URL with the roots that these parameters, which the stack will have,
    want of it.

    Raises DeploymentError when a secret cannot be read or lacks what the functions need of it.
    """
    settings = _read(target, target.settings_secret_arn)
    url = settings.get("database_url")
    if not (isinstance(url, str) and is_database_url(url)):
        raise _lack(target.settings_secret_arn, "database_url, like postgresql://user@host/name")
    signing = str(settings.get("signing_secret", ""))
    if parameters["AuthMode"] == "api_key" and len(signing) < SIGNING_SECRET_CHARACTERS_MIN:
        wanted = f"signing_secret of {SIGNING_SECRET_CHARACTERS_MIN} characters or more"
        raise _lack(target.settings_secret_arn, f"{wanted}, which AuthMode api_key needs")
    wallet = _read(target, target.wallet_secret_arn)
    try:
        SolanaWallet.from_base58(str(wallet.get("wallet_secret_key", "")))
    except ValueError:
        wanted = "wallet_secret_key of 64 bytes in base58"
        raise _lack(target.wallet_secret_arn, wanted) from None
    return with_roots(url, parameters["DatabaseRoots"])


def _read(target: Target, secret_id: str) -> Mapping[str, Any]:
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
