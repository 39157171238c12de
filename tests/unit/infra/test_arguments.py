"""What commands refuse in one line on stderr, with a status other than 0, before they start."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from infra.paths import ROOT

Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """What a program leaves with and prints."""
    monkeypatch.setattr("signal.signal", lambda number, handler: None)

    def run(module: str, *arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        with pytest.raises(SystemExit) as left:
            import_module(module).main()
        return left.value.code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("module", "argument", "reason"),
    [
        ("infra.local.dev", "--port=99999", "'99999' is not a port from 1 to 65535"),
        ("infra.local.dev", "--port=0", "'0' is not a port from 1 to 65535"),
        ("infra.local.dev", "--port=-1", "'-1' is not a port from 1 to 65535"),
        ("infra.local.dev", "--port=abc", "'abc' is not a whole number"),
        ("infra.local.dev", "--port=", "'' is not a whole number"),
        ("infra.local.dev", "--port=" + "9" * 5000, "the number has too many digits"),
        ("infra.local.dev", "--latency=abc", "'abc' does not match "),
        ("infra.local.dev", "--latency=-5", "'-5' does not match "),
        ("infra.local.dev", "--latency=5000-100", "'5000-100' is a reversed range"),
        ("infra.local.dev", "--auth=abc", "invalid choice: 'abc'"),
        (
            "infra.operate.audit.__main__",
            "--venue-gap-bps=500-200",
            "'500-200' is a reversed range",
        ),
        (
            "infra.operate.audit.__main__",
            "--venue-gap-bps=wide",
            "'wide' does not match [0-9]{1,6}(-[0-9]{1,6})?",
        ),
        ("infra.local.demo", "--latency=5000-100", "'5000-100' is a reversed range"),
        ("infra.local.demo", "--orders=0", "'0' is less than 1"),
        ("infra.local.demo", "--orders=-3", "'-3' is less than 1"),
        ("infra.local.demo", "--orders=1.5", "'1.5' is not a whole number"),
        ("infra.local.chalice_local", "--port=99999", "'99999' is not a port from 1 to 65535"),
        ("infra.verify.chaos.run", "--minutes=0", "'0' is not a finite number above 0"),
        ("infra.verify.chaos.run", "--minutes=-1", "'-1' is not a finite number above 0"),
        ("infra.verify.chaos.run", "--minutes=nan", "'nan' is not a finite number above 0"),
        ("infra.verify.chaos.run", "--minutes=inf", "'inf' is not a finite number above 0"),
        ("infra.verify.chaos.run", "--minutes=abc", "'abc' is not a number"),
        ("infra.verify.chaos.run", "--orders=0", "'0' is not a finite number above 0"),
        ("infra.verify.chaos.run", "--seed=-1", "'-1' is less than 0"),
        ("infra.verify.chaos.run", "--seed=abc", "'abc' is not a whole number"),
        ("infra.verify.bench.orders", "--orders=0", "'0' is less than 1"),
        ("infra.verify.bench.orders", "--orders=abc", "'abc' is not a whole number"),
        ("infra.verify.bench.orders", "--rounds=0", "'0' is less than 1"),
        ("infra.verify.bench.orders", "--baseline=abc", "'abc' names no commit of this repository"),
        ("infra.verify.fuzz", "--cases=0", "'0' is less than 1"),
        ("infra.verify.fuzz", "--cases=abc", "'abc' is not a whole number"),
        ("infra.verify.fuzz", "--seed=-1", "'-1' is less than 0"),
        ("infra.operate.audit.__main__", "--recompute=-1", "'-1' is less than 0"),
    ],
)
def test_command_refuses_in_one_line_when_an_argument_makes_no_sense(
    run: Run, module: str, argument: str, reason: str
) -> None:
    status, output, errors = run(module, argument)

    assert (status, output) == (2, "")
    assert reason in errors
    assert errors.startswith(f"argument {argument.partition('=')[0]}: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("module", ["infra.operate.audit.__main__", "infra.operate.keys"])
@pytest.mark.parametrize("url", ["garbage", "postgresql//orders:secret@db.example/orders"])
def test_command_refuses_a_database_without_quoting_it_when_it_is_malformed(
    run: Run, monkeypatch: pytest.MonkeyPatch, module: str, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    status, output, errors = run(module, *(["list"] if module.endswith("keys") else []))

    assert (status, output) == (2, "")
    assert "DATABASE_URL" in errors
    assert errors.count("\n") == 1
    assert url not in errors


@pytest.mark.parametrize("host", ["gar bage", "localhost:abc", "localhost:99999", "http://x"])
def test_localstack_is_not_there_when_its_host_is_none(
    run: Run, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", host)

    status, _, errors = run("infra.local.localstack")

    assert (status, errors) == (1, f"LocalStack does not answer at {host}\n")


def test_make_names_the_python_it_needs_when_the_one_there_is_too_old(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "requirements-local.txt"):
        shutil.copy(ROOT / name, tmp_path)
    old = tmp_path / "old-python"
    pretend = "import sys; sys.version_info = (3, 10, 4); exec(sys.argv[1])"
    old.write_text(f"#!/bin/sh\nshift\nexec {sys.executable} -c '{pretend}' \"$1\"\n")
    old.chmod(0o755)

    done = subprocess.run(
        ["make", "--no-print-directory", "setup", f"PYTHON={old}"],
        cwd=tmp_path,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.startswith("Python 3.11 or newer is required, not 3.10; ")
    assert not (tmp_path / ".venv").exists()
