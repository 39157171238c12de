"""`make deploy`, as its caller sees it; neither Chalice nor CloudFormation is asked."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.deploy import __main__ as command
from infra.deploy.package import Artifact
from infra.deploy.parameters import named_parameters
from infra.deploy.target import Target
from infra.errors import DeploymentError
from infra.local import description
from infra.local.description import Description, read_description
from infra.local.lock import FolderLock
from infra.operate import redrive

UP = Description(
    base_url="http://localhost:3210",
    database_url="",
    emulator_host="127.0.0.1:1",
    settings_secret_arn="arn",
    wallet_secret_arn="arn",
    parameters={"LatencyMs": "0", "AuthMode": "none"},
    outputs={"EndpointURL": "https://old", "WebsocketConnectEndpointURL": "wss://old"},
)
OUTPUTS = {"EndpointURL": "https://new", "WebsocketConnectEndpointURL": "wss://new"}
AWS_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
REGION = ("AWS_DEFAULT_REGION",)
Deploy = Callable[..., tuple[object, str, str]]


@pytest.fixture
def deployed() -> list[Target]:
    """Where something was deployed, in turn."""
    return []


@pytest.fixture
def deploy(
    deployed: list[Target],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Deploy]:
    """What the command leaves with and prints."""

    def deploy_to(target: Target, _: Artifact) -> Mapping[str, str]:
        deployed.append(target)
        return OUTPUTS

    def run(*arguments: str, program: Any = command) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["deploy", *arguments])
        status: object = 0
        try:
            program.main()
        except SystemExit as left:
            status = left.code
        return status, *capsys.readouterr()

    (tmp_path / description.DESCRIPTION).write_text(json.dumps(asdict(UP)))
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    monkeypatch.setattr(
        command, "package", lambda *_, **__: Artifact(template={}, archive=tmp_path)
    )
    monkeypatch.setattr(command, "deploy", deploy_to)
    for module in (command, description):
        monkeypatch.setattr(module, "LOCAL_FOLDER", tmp_path)
    lock = FolderLock(tmp_path)
    lock.acquire("this test")
    yield run
    lock.release()


def test_local_stack_gets_and_keeps_parameters_when_they_are_named(
    deploy: Deploy, deployed: list[Target], tmp_path: Path
) -> None:
    status, _, _ = deploy("--stage=local", "--parameter=AuthMode=api_key")

    assert status == 0
    [target] = deployed
    assert target.parameters == {"LatencyMs": "0", "AuthMode": "api_key"}
    written = read_description(tmp_path / description.DESCRIPTION)
    assert written == replace(UP, parameters=target.parameters, outputs=OUTPUTS)


def test_local_deployment_prints_the_front_door_when_it_is_done(deploy: Deploy) -> None:
    assert deploy("--stage=local")[1].splitlines() == [
        "EndpointURL: http://localhost:3210",
        "WebsocketConnectEndpointURL: ws://localhost:3210/api/orders/execute",
    ]


@pytest.mark.parametrize("stage", ["local", "prod"])
@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ("foo", "--parameter must be Name=value, not 'foo'"),
        ("=api_key", "--parameter must be Name=value, not '=api_key'"),
        ("AuthMod=api_key", "AuthMod is not a parameter that can be set"),
        ("SettingsSecretArn=arn", "SettingsSecretArn is not a parameter that can be set"),
        ("AuthMode=key", "parameter AuthMode: 'key' is not one of none, api_key"),
        ("OrdersPerMinute=many", "parameter OrdersPerMinute: 'many' is not a whole number"),
        ("DropRateBps=10001", "parameter DropRateBps: '10001' is not between 0 and 10000"),
        (
            "LogRetentionDays=31",
            "parameter LogRetentionDays: '31' is not one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, "
            "180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
        ),
        *(
            (
                f"AllowedOrigins={origins}",
                f"parameter AllowedOrigins: {origins!r} does not match "
                r"( *(\*|[a-z0-9+.-]+://[^/ A-Z]+))* *",
            )
            for origins in ("a.example", "https://a.example/", "https://A.example", "null")
        ),
        ("VenueGapBps=9-1", "parameter VenueGapBps: '9-1' is a reversed range"),
    ],
)
def test_deployment_is_refused_in_one_line_when_a_parameter_is_wrong(
    deploy: Deploy, deployed: list[Target], stage: str, pair: str, reason: str
) -> None:
    answer = deploy(f"--stage={stage}", "--settings-secret-arn=arn", f"--parameter={pair}")

    assert answer == (1, "", f"{reason}\n")
    assert deployed == []


def test_parameters_are_taken_when_the_template_has_them() -> None:
    pairs = ["AuthMode=api_key", "LatencyMs=100-200", "MarketSeed=a=b", "LogRetentionDays=7"]
    pairs += [f"AllowedOrigins={text}" for text in ("", "*", "https://a.example http://b:3000")]

    for pair in pairs:
        assert named_parameters([pair]) == dict([pair.split("=", 1)])
    with pytest.raises(DeploymentError):
        named_parameters(["LatencyMs=100-"])


@pytest.mark.parametrize("program", [command, redrive])
@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        (AWS_VARIABLES, "credentials (AWS_ACCESS_KEY_ID, or AWS_PROFILE)"),
        (REGION, "a region (AWS_DEFAULT_REGION)"),
        (
            AWS_VARIABLES + REGION,
            "credentials (AWS_ACCESS_KEY_ID, or AWS_PROFILE) and a region (AWS_DEFAULT_REGION)",
        ),
    ],
)
def test_command_says_what_aws_needs_when_it_is_missing(
    deploy: Deploy,
    deployed: list[Target],
    monkeypatch: pytest.MonkeyPatch,
    program: Any,
    variables: tuple[str, ...],
    missing: str,
) -> None:
    for name in variables:
        monkeypatch.delenv(name)
    for name in ("SETTINGS_SECRET_ARN", "WALLET_SECRET_ARN"):
        monkeypatch.setenv(name, "arn")

    assert deploy("--stage=nope", program=program) == (1, "", f"AWS needs {missing}\n")
    assert deployed == []


@pytest.mark.parametrize("program", [command, redrive])
@pytest.mark.parametrize("stage", ["", "a b", "../prod", "-x", "x" * 122])
def test_command_refuses_a_stage_when_no_stack_can_have_its_name(
    deploy: Deploy, program: Any, stage: str
) -> None:
    status, output, errors = deploy(f"--stage={stage}", program=program)

    assert (status, output) == (2, "")
    assert errors == f"argument --stage: {stage!r} is not 1 to 121 letters, digits and hyphens\n"


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "CreateChangeSet"),
        EndpointConnectionError(endpoint_url="https://sts.nowhere-1.amazonaws.com"),
        S3UploadFailedError("no such bucket"),
        psycopg.OperationalError("connection refused\nIs the server running?"),
        DeploymentError("the secret arn has no database_url"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_deployment_ends_in_one_line_when_something_is_refused(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(command, "deploy", refuse)

    status, output, errors = deploy("--stage=local")

    assert (status, output) == (1, "")
    assert errors == f"{str(error).splitlines()[0]}\n"
