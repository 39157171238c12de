"""`make keys`, as its caller sees it."""

import json
import os
import subprocess
import sys

import pytest

from infra.paths import ROOT


def keys(database_url: str, redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'"$0" -m infra.operate.keys "$@" {redirection}', sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-"])
def test_created_key_is_told_on_stderr_when_stdout_is_gone(
    database_url: str, redirection: str
) -> None:
    done = keys(database_url, redirection, "create", "alice")

    created = json.loads(done.stderr.splitlines()[0])
    assert (done.returncode, created["owner"]) == (0, "alice")
    assert created["keyId"] in keys(database_url, "", "list").stdout


def test_keys_are_listed_when_the_terminal_cannot_show_an_owner(database_url: str) -> None:
    keys(database_url, "", "create", "[b]ключ")

    done = keys(database_url, "", "list")

    assert (done.returncode, done.stderr) == (0, "")
    assert "[b]????" in done.stdout
