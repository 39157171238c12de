"""Region, endpoint and credentials are those that boto3 would take."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.session import get_session

from chalicelib.adapters.aws import environment
from chalicelib.adapters.aws.client import DYNAMODB, SECRETS_MANAGER, SQS, Service
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.adapters.aws.signature import Credentials
from tests.http_endpoint import Endpoint, Reply, Request, reply, serving

KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REGIONS = ("us-east-1", "eu-central-1", "cn-northwest-1", "us-gov-west-1", "eusc-de-east-1")
MORE_THAN_A_WINDOW = timedelta(hours=6)
# botocore renews what lives for less than ten minutes before it hands it out.
WITHIN_THE_WINDOW = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    environment.botocore_session.cache_clear()
    yield
    environment.botocore_session.cache_clear()


@pytest.fixture
def without_keys(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name)
    return monkeypatch


def test_credentials_are_those_of_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(KEY_VARIABLES, ("key", "secret", "token"), strict=True):
        monkeypatch.setenv(name, value)
    first = environment.current_credentials()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rotated")
    monkeypatch.delenv("AWS_SESSION_TOKEN")

    assert first == Credentials("key", "secret", "token")
    assert environment.current_credentials() == Credentials("key", "rotated", None)


def test_region_and_credentials_are_the_profiles_when_no_variable_names_them(
    without_keys: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-1\n")
    keys = "aws_access_key_id = key\naws_secret_access_key = secret\n"
    (tmp_path / "credentials").write_text(f"[mine]\n{keys}")
    without_keys.delenv("AWS_DEFAULT_REGION")
    without_keys.setenv("AWS_PROFILE", "mine")
    without_keys.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    without_keys.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    assert environment.current_region() == "eu-west-1"
    assert environment.current_credentials() == Credentials("key", "secret")


class Vending(Endpoint):
    """The endpoint from which a container gets credentials: others each time, for so long."""

    def __init__(self, life: timedelta) -> None:
        super().__init__(self._vend)
        self._life = life

    def _vend(self, _: Request) -> Reply:
        document = {
            "AccessKeyId": f"key {len(self.requests)}",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": (datetime.now(UTC) + self._life).isoformat(),
        }
        return reply(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("life", "keys"),
    [(MORE_THAN_A_WINDOW, ["key 1", "key 1"]), (WITHIN_THE_WINDOW, ["key 2", "key 3"])],
    ids=["long", "short"],
)
def test_a_containers_credentials_are_renewed_before_they_expire(
    without_keys: pytest.MonkeyPatch, life: timedelta, keys: list[str]
) -> None:
    with serving(Vending(life)) as endpoint:
        without_keys.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{endpoint.url}/credentials")

        found = [environment.current_credentials() for _ in range(2)]

    assert [credentials.access_key for credentials in found] == keys


def test_error_says_what_to_set_when_there_are_no_credentials(
    without_keys: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(AwsError, match="AWS_ACCESS_KEY_ID"):
        environment.current_credentials()


def test_error_tells_the_reason_when_credentials_cannot_be_had(
    without_keys: pytest.MonkeyPatch,
) -> None:
    without_keys.setenv("AWS_PROFILE", "nobodys")

    with pytest.raises(AwsError, match="nobodys"):
        environment.current_credentials()


def test_error_says_what_to_set_when_there_is_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with pytest.raises(AwsError, match="AWS_DEFAULT_REGION"):
        environment.current_region()


@pytest.mark.parametrize("region", REGIONS)
def test_endpoint_is_botocores_when_no_variable_names_one(region: str) -> None:
    session = get_session()
    for service in (SQS, DYNAMODB, SECRETS_MANAGER):
        client = session.create_client(service.name, region_name=region)

        assert endpoint(service, region) == client.meta.endpoint_url


@pytest.mark.parametrize("service", [SQS, DYNAMODB, SECRETS_MANAGER], ids=lambda s: s.name)
@pytest.mark.parametrize(
    "named",
    [
        {"AWS_ENDPOINT_URL": "http://all:1"},
        {
            "AWS_ENDPOINT_URL": "http://all:1",
            "AWS_ENDPOINT_URL_SQS": "http://sqs:1",
            "AWS_ENDPOINT_URL_DYNAMODB": "http://dynamodb:1/path",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://secrets:1",
        },
    ],
    ids=["of all", "of each"],
)
def test_endpoint_is_botocores_when_variables_name_one(
    monkeypatch: pytest.MonkeyPatch, service: Service, named: dict[str, str]
) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)

    client = get_session().create_client(service.name, region_name="us-east-1")
    assert endpoint(service, "us-east-1") == client.meta.endpoint_url


def endpoint(service: Service, region: str) -> str:
    return environment.endpoint_url(service.name, service.variable, region)
