"""`make halt` and `make resume`, as their caller sees them."""

import os
import subprocess
import sys

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.halts import PostgresHaltSwitch
from infra.paths import ROOT


def run(action: str, database_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.operate.halt", action],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_stage_is_halted_and_goes_on(database: PostgresDatabase, database_url: str) -> None:
    switch = PostgresHaltSwitch(database)

    halted = run("halt", database_url)
    assert (halted.returncode, halted.stderr) == (0, "")
    assert halted.stdout.startswith("halted since ")
    assert switch.halted_since() is not None
    assert run("halt", database_url).stdout == halted.stdout

    assert run("resume", database_url).stdout == "resumed\n"
    assert switch.halted_since() is None
    assert run("resume", database_url).stdout == "it was not halted\n"


def test_command_ends_in_one_line_when_the_database_is_away() -> None:
    done = run("halt", "postgresql://postgres@127.0.0.1:1/postgres")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
