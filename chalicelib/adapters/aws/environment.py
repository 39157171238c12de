"""What boto3 reads of the environment: region, endpoints and credentials.

A function finds all of it in its variables. Whatever is not there, in the profile of a laptop, say,
or with a container's endpoint, botocore finds: it is imported only then.
"""

from functools import cache
from os import environ
from typing import TYPE_CHECKING

from chalicelib.adapters.aws.errors import AwsError
from chalicelib.adapters.aws.signature import Credentials

if TYPE_CHECKING:
    from botocore.session import Session

# By the first part of a region; all other partitions that we know have the domain of the first.
DOMAIN = "amazonaws.com"
DOMAINS = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}


def current_region() -> str:
    """Return the region of the environment, or of the profile."""
    region = environ.get("AWS_DEFAULT_REGION") or botocore_session().get_config_variable("region")
    if not region:
        raise AwsError("no region: set AWS_DEFAULT_REGION")
    return str(region)


def endpoint_url(service: str, service_variable: str, region: str) -> str:
    """Return the URL that the environment names for the service, or for all, or else AWS's own."""
    named = environ.get(f"AWS_ENDPOINT_URL_{service_variable}") or environ.get("AWS_ENDPOINT_URL")
    domain = DOMAINS.get(region.partition("-")[0], DOMAIN)
    return named or f"https://{service}.{region}.{domain}"


def current_credentials() -> Credentials:
    """Return the credentials that are good now: they may be others with the next call."""
    access_key, secret_key = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        return Credentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN"))
    return _found_credentials()


def _found_credentials() -> Credentials:
    from botocore.exceptions import BotoCoreError

    try:
        # Freezing renews what is about to expire.
        found = botocore_session().get_credentials()
        frozen = found and found.get_frozen_credentials()
    except BotoCoreError as error:
        raise AwsError(f"no credentials: {error}") from error
    if not frozen:
        raise AwsError("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


@cache
def botocore_session() -> "Session":
    """Return what looks for what the variables do not say, and keeps what it finds."""
    from botocore.session import get_session

    return get_session()
