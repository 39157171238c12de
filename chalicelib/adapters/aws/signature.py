"""AWS Signature Version 4 for POST requests.

The key that signs is derived from the secret once a day, region and service: half of the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from hmac import digest
from typing import NamedTuple
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who calls; temporary keys have a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Scope(NamedTuple):
    """What a signature is good for, beside its day."""

    region: str
    service: str


def sign(
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    scope: Scope,
    at: datetime,
) -> dict[str, str]:
    """Return the headers with those that sign all of them, the target and the body.

    `target` is the path as it is sent, percent-encoded and without dot segments, and perhaps a
    query. Names of headers are in small letters, and `host` is among them.
    """
    timestamp = at.strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "x-amz-date": timestamp}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = sorted(signed)
    signed_names = ";".join(names)
    path, _, query = target.partition("?")
    canonical = [
        "POST",
        quote(path, safe="/~"),
        _canonical_query(query),
        *(f"{name}:{' '.join(signed[name].split())}" for name in names),
        "",
        signed_names,
        sha256(body).hexdigest(),
    ]
    day = timestamp[:8]
    scope_of_day = f"{day}/{scope.region}/{scope.service}/aws4_request"
    digest_of_request = sha256("\n".join(canonical).encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{timestamp}\n{scope_of_day}\n{digest_of_request}"
    signature = _hmac(_signing_key(credentials.secret_key, day, scope), to_sign).hex()
    signed["authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope_of_day}, "
        f"SignedHeaders={signed_names}, Signature={signature}"
    )
    return signed


def _canonical_query(query: str) -> str:
    # By name and then by value: a sorted list of the whole parts would put "a-b=" before "a=".
    parts = sorted(part.partition("=") for part in query.split("&")) if query else []
    return "&".join(f"{name}={value}" for name, _, value in parts)


@lru_cache(maxsize=16)
def _signing_key(secret_key: str, day: str, scope: Scope) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return digest(key, text.encode(), "sha256")
