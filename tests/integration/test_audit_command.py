"""`make audit`, as its caller sees it."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.local import description
from infra.local.lock import FolderLock
from infra.operate.audit.__main__ import main
from tests.integration.audited import AWAY, tamper


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[object, str, str]]:
    """What the command leaves with and prints, where no stack is up."""
    monkeypatch.setattr(description, "LOCAL_FOLDER", tmp_path)
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["audit", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code, *capsys.readouterr()

    return run


def test_command_exits_0_when_all_checks_hold(executed, command, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", executed.url)

    status, output, errors = command("--market-seed", "world")

    assert (status, errors) == (0, "")
    assert "orders 22, unfinished 9, in flight 2; all checks hold" in output


def test_command_exits_1_and_names_the_order_when_one_is_wrong(executed, url, command) -> None:
    tamper(executed, url, "exact_out", "DELETE FROM its_entries")

    status, output, _ = command("--database-url", url, "--market-seed", "world")

    assert status == 1
    assert executed.ids["exact_out"] in output
    assert "checks that fail: 1" in output


def test_command_audits_the_running_stack_when_no_database_is_named(
    executed, command, tmp_path
) -> None:
    written = description.Description(
        base_url="",
        database_url=executed.url,
        emulator_host="",
        settings_secret_arn="",
        wallet_secret_arn="",
        parameters={"MarketSeed": "world"},
        outputs={},
    )
    (tmp_path / "stack.json").write_text(json.dumps(asdict(written)))
    lock = FolderLock(tmp_path)
    lock.acquire("this test")

    assert command()[0] == 0
    assert command("--all-final")[0] == 1
    assert command("--market-seed", "solana")[0] == 1
    assert command("--market-seed", "solana", "--recompute", "0")[0] == 0
    lock.release()
    assert command()[0] == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param([], "no stack is running: run `make dev`", id="no stack"),
        pytest.param(["--database-url", AWAY], "the database cannot be read: ", id="away"),
        pytest.param(["--database-url", "nonsense"], "argument --database-url: ", id="no url"),
    ],
)
def test_command_exits_2_with_one_line_when_nothing_can_be_read(command, arguments, reason) -> None:
    status, output, errors = command(*arguments)

    assert (status, output) == (2, "")
    assert errors.startswith(reason)
    assert errors.count("\n") == 1


def test_command_exits_2_when_the_database_has_no_orders(command, postgres) -> None:
    empty = postgres.url.rpartition("/")[0] + "/template1"

    status, _, errors = command("--database-url", empty)

    assert status == 2
    assert errors == 'the database cannot be read: relation "chain.transactions" does not exist\n'
