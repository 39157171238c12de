"""A release as it goes to AWS, to a stage on the emulator: its secrets, its schema by its own
function, an order through its addresses, and the way back."""

import io
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from chalicelib.adapters.postgres.database import SQL_FOLDER
from infra.deploy.change_sets import describe_stack
from infra.deploy.operator import operator_of
from infra.deploy.package import Artifact, package
from infra.deploy.progress import Progress
from infra.deploy.release import Released, release
from infra.deploy.remote import RemoteHaltSwitch, RemoteKeyStore
from infra.deploy.secrets import find_or_make_secrets
from infra.deploy.smoke import smoke_test
from infra.deploy.target import Target
from infra.errors import DeploymentError
from infra.local import processes
from infra.local.description import DESCRIPTION, Description
from infra.local.stack import LocalStack
from infra.operate.status import stage_status

STAGE = "rehearsal"
MIGRATIONS = SQL_FOLDER / "migrations"


@dataclass(kw_only=True)
class Rehearsal:
    """A stage on the emulator, and the front door that leads to it."""

    target: Target
    artifact: Artifact
    description: Description
    folder: Path
    said: io.StringIO

    def release(self, **parameters: str) -> Released:
        """Release with these parameters, and the others as they are."""
        self.said.seek(0)
        self.said.truncate()
        target = replace(self.target, parameters=parameters)
        progress = Progress(Console(file=self.said, width=200))
        return release(target, self.artifact, progress, base_url_of=self._base_url)

    def _base_url(self, found: Mapping[str, str], _: Mapping[str, str]) -> str:
        replace(self.description, outputs=found).write(self.folder)
        return self.description.base_url

    @property
    def parameters(self) -> dict[str, str]:
        stack = describe_stack(self.target)
        assert stack is not None
        return {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("rehearsal")
    with LocalStack(folder / "stack") as stack:
        port = processes.free_port()
        with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {STAGE}")
        url = stack.postgres.url.rpartition("/")[0] + f"/{STAGE}"
        target, made = find_or_make_secrets(
            replace(
                stack.description.target(),
                stage=STAGE,
                settings_secret_arn="",
                wallet_secret_arn="",
            ),
            url,
        )
        assert made == [f"orders-{STAGE}", f"orders-{STAGE}-wallet"]
        base_url = f"http://localhost:{port}"
        description = replace(stack.description, base_url=base_url, database_url=url, outputs={})
        # Until something is released, the door leads to the stack beside.
        replace(description, outputs=stack.description.outputs).write(folder)
        yield Rehearsal(
            target=target,
            artifact=package("local", folder / "build", compressed=False),
            description=description,
            folder=folder,
            said=io.StringIO(),
        )


@pytest.fixture(scope="module", autouse=True)
def front_door(rehearsal: Rehearsal) -> Iterator[None]:
    port = rehearsal.description.base_url.rpartition(":")[2]
    command = [sys.executable, "-m", "infra.local.front_door", "--port", port]
    door = processes.spawn(
        [*command, "--description", str(rehearsal.folder / DESCRIPTION)],
        log=rehearsal.folder / "front_door.log",
    )
    processes.wait_until(lambda: processes.is_listening(int(port)), 20, "the front door")
    yield
    processes.stop(door)


FIRST = {
    "LatencyMs": "0",
    "DatabaseRoots": "url",
    "WorkerConcurrency": "2",
    "OrdersPerMinute": "77",
}


@pytest.fixture(scope="module")
def first(rehearsal: Rehearsal) -> tuple[Released, list[str]]:
    """The first release, and what it said."""
    at = rehearsal.description
    local = {
        "PublicBaseUrl": at.base_url,
        "StreamUrl": at.stream_url,
        "WebsocketDataPlane": f"http://{at.emulator_host}/_aws/execute-api",
    }
    released = rehearsal.release(**FIRST, **local)
    return released, rehearsal.said.getvalue().splitlines()


def steps(lines: list[str]) -> list[str]:
    """The names of the steps that were told of, in turn."""
    return [line.split("  ")[0].strip() for line in lines if not line.startswith(" ")]


def test_new_stage_works_and_its_first_user_has_a_key(
    rehearsal: Rehearsal, first: tuple[Released, list[str]]
) -> None:
    released, lines = first

    assert steps(lines) == ["code", "functions", "schema", "smoke test"]
    assert "confirmed" in lines[-1]
    assert any("CREATE_COMPLETE" in line and "OrdersQueue" in line for line in lines)
    assert released.api_key is not None
    assert "confirmed" in smoke_test(rehearsal.description.base_url, released.api_key)
    keys = RemoteKeyStore(operator_of(rehearsal.target)).all()
    assert {key.owner_id: bool(key.revoked_at) for key in keys} == {
        "operator": False,
        "smoke-test": True,
    }


def test_next_release_migrates_first_and_leaves_the_parameters_as_they_are(
    rehearsal: Rehearsal, first: tuple[Released, list[str]]
) -> None:
    released = rehearsal.release(LogLevel="WARNING")

    assert steps(rehearsal.said.getvalue().splitlines()) == [
        "code",
        "schema",
        "functions",
        "smoke test",
    ]
    assert released.api_key is None
    assert rehearsal.parameters == rehearsal.parameters | FIRST | {"LogLevel": "WARNING"}


def test_former_release_is_back_when_orders_come_to_no_good_end(
    rehearsal: Rehearsal, first: tuple[Released, list[str]]
) -> None:
    released, _ = first
    before = rehearsal.parameters

    with pytest.raises(DeploymentError) as refusal:
        rehearsal.release(FailureRateBps="10000")

    said = str(refusal.value)
    assert said.startswith("the smoke test failed: its order failed: ")
    assert said.endswith("; the former release is back")
    assert rehearsal.parameters == before
    assert "confirmed" in smoke_test(rehearsal.description.base_url, released.api_key)


def test_stage_says_how_it_is(rehearsal: Rehearsal, first: tuple[Released, list[str]]) -> None:
    status = stage_status(rehearsal.target)

    assert status["stack"].partition(" since ")[0] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert status["database"] == "yours"
    assert status["schema"] == max(path.stem for path in MIGRATIONS.glob("*.sql"))
    assert (status["halted"], status["watcher"]) == ("no", "nothing waits")
    assert status["dead letters"] == "0 waiting, 0 in hand"
    assert status["alarms"] == "none"
    assert status["last hour"].endswith("cancelled")


def test_all_of_a_stage_is_tagged(rehearsal: Rehearsal, first: tuple[Released, list[str]]) -> None:
    stack = describe_stack(rehearsal.target)

    assert stack is not None
    tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
    assert tags == {"application": "orders", "stage": STAGE}


def test_stage_is_halted_and_goes_on_from_afar(
    rehearsal: Rehearsal, first: tuple[Released, list[str]]
) -> None:
    released, _ = first
    switch, now = RemoteHaltSwitch(operator_of(rehearsal.target)), datetime.now(UTC)

    since = switch.halt(now)

    assert switch.halted_since() == since
    assert stage_status(rehearsal.target)["halted"] == f"since {since.isoformat()}"
    with pytest.raises(DeploymentError, match="the smoke test failed"):
        smoke_test(rehearsal.description.base_url, released.api_key, seconds_max=2)
    # Who halts a stage may have to release what mends it.
    rehearsal.release()
    assert "left out: the stage is halted" in rehearsal.said.getvalue()
    assert switch.resume(now)
    assert switch.halted_since() is None


def test_stage_refuses_what_it_cannot_do_and_says_why(
    rehearsal: Rehearsal, first: tuple[Released, list[str]]
) -> None:
    operator = operator_of(rehearsal.target)

    with pytest.raises(DeploymentError, match="INVALID_REQUEST: do must be one of migrate"):
        operator.ask("drop")
    with pytest.raises(DeploymentError, match="INVALID_REQUEST: key is no key"):
        operator.ask("addKey", key={"owner": "me"})
    assert operator.ask("migrate") == {"migrations": []}


def test_stage_without_the_function_is_told_apart(rehearsal: Rehearsal) -> None:
    with pytest.raises(DeploymentError, match="orders-elsewhere is not deployed"):
        operator_of(replace(rehearsal.target, stage="elsewhere"))
