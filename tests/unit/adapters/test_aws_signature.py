"""Every signature is botocore's own."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.adapters.aws.signature import Credentials, Scope, sign

AT = datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC)
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=10)
# What stays as it is when a part of a URL is encoded differs from client to client.
KEPT = st.text("@=:+$,!*'()~-._;&", max_size=8)
PARTS = st.builds(quote, st.text(min_size=1, max_size=12), safe=KEPT)
PATHS = st.lists(PARTS.filter(lambda part: part not in (".", "..")), max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)
QUERY_PARTS = st.builds(quote, st.text(max_size=6), safe=st.just("-._~"))
QUERIES = st.lists(st.tuples(QUERY_PARTS, st.sampled_from(["=", ""]), QUERY_PARTS), max_size=4).map(
    lambda parts: "&".join(name + sign + value for name, sign, value in parts)
)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
HEADERS = st.dictionaries(NAMES.map(lambda name: f"x-amz-meta-{name}"), VALUES, max_size=4)
SCOPES = st.builds(
    Scope,
    region=st.sampled_from(["us-east-1", "cn-north-1", "us-gov-west-1"]),
    service=st.sampled_from(["sqs", "dynamodb", "execute-api"]),
)
TIMES = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def botocores_headers(
    target: str,
    headers: dict[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    scope: Scope,
    at: datetime,
) -> dict[str, str]:
    others = {name: value for name, value in headers.items() if name != "host"}
    request = AWSRequest("POST", f"https://{headers['host']}{target}", others, body)
    keys = credentials.access_key, credentials.secret_key, credentials.token
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.auth.get_current_datetime", lambda: at)
        SigV4Auth(BotocoreCredentials(*keys), scope.service, scope.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    path=PATHS,
    query=QUERIES,
    host=st.sampled_from(["sqs.us-east-1.amazonaws.com", "127.0.0.1:4566"]),
    headers=HEADERS,
    body=st.binary(max_size=200),
    credentials=st.builds(Credentials, KEYS, KEYS, st.none() | KEYS),
    scope=SCOPES,
    at=TIMES,
)
@example(
    path="/live/@connections/L0SM9cOFvHcCIhw%3D",
    query="a=1&a-b=1&a=&a",
    host="feed.execute-api.us-east-1.amazonaws.com",
    headers={"x-amz-meta-wide": "  two   words "},
    body=b"{}",
    credentials=Credentials("key", "secret", "token"),
    scope=Scope("us-east-1", "execute-api"),
    at=AT,
)
def test_signature_is_botocores_when_the_request_is_any(
    path: str,
    query: str,
    host: str,
    headers: dict[str, str],
    body: bytes,
    credentials: Credentials,
    scope: Scope,
    at: datetime,
) -> None:
    target = f"{path}?{query}" if query else path
    headers = {**headers, "host": host}
    way = {"credentials": credentials, "scope": scope, "at": at}

    signed = sign(target, headers, body, **way)

    expected = botocores_headers(target, headers, body, **way)
    assert {name: signed[name] for name in expected} == expected
    assert signed.keys() == {*expected, "host"}


def test_key_is_anothers_when_secret_day_region_or_service_is() -> None:
    def signature(secret: str, at: datetime, scope: Scope) -> str:
        credentials = Credentials("key", secret)
        signed = sign("/", {"host": "h"}, b"", credentials=credentials, scope=scope, at=at)
        return signed["authorization"]

    here = Scope("us-east-1", "sqs")
    found = {
        signature("secret", AT, here),
        signature("other", AT, here),
        signature("secret", AT.replace(day=27), here),
        signature("secret", AT, here._replace(region="eu-west-1")),
        signature("secret", AT, here._replace(service="dynamodb")),
    }

    assert len({authorization.rpartition("=")[2] for authorization in found}) == 5


def test_credentials_are_not_shown_when_printed() -> None:
    shown = repr(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "FwoGZXIv"))

    assert "wJalrXUtnFEMI" not in shown
    assert "FwoGZXIv" not in shown
