"""A folder belongs to one stack at a time; what a dead one left there is cleared, nothing else."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import StackStartError
from infra.local.leftovers import MARK, clear_leftovers, passing_folder
from infra.local.lock import FolderLock, is_locked
from infra.local.processes import loopback_addresses
from infra.local.stack import LocalStack
from infra.paths import ROOT

HOLD = """
import sys, signal
from pathlib import Path
from infra.local.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire("http://localhost:3210 (process 7)")
print("held", flush=True)
signal.pause()
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock on the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def sleeper(folder: Path) -> subprocess.Popen[bytes]:
    """A process as a stack of that folder has."""
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    return subprocess.Popen(command, env={**os.environ, MARK: str(folder)})


def files_of(folder: Path) -> dict[str, str]:
    """What a stack needs while it runs, and the data that it keeps."""
    for name in ("tmp", "postgres"):
        (folder / name).mkdir()
    for name in ("tmp/code", "postgres/postmaster.pid", "stack.json", "wallet.key"):
        (folder / name).write_text(name)
    return contents(folder)


def contents(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in found}


@pytest.mark.usefixtures("held")
def test_second_stack_changes_nothing_and_names_the_first_when_the_folder_is_taken(
    tmp_path: Path,
) -> None:
    files_of(tmp_path)
    before = contents(tmp_path)
    stack = LocalStack(tmp_path)

    with pytest.raises(StackStartError) as refusal:
        stack.start()
    stack.stop()

    assert str(refusal.value) == (
        "a stack is already running here: http://localhost:3210 (process 7); stop it first"
    )
    assert contents(tmp_path) == before
    assert is_locked(tmp_path)


def test_folder_is_free_when_its_holder_was_killed(
    held: subprocess.Popen[str], tmp_path: Path
) -> None:
    held.send_signal(signal.SIGKILL)
    held.wait()
    lock = FolderLock(tmp_path)

    assert not is_locked(tmp_path)
    lock.acquire("the next")
    assert is_locked(tmp_path)
    lock.release()
    assert not is_locked(tmp_path)


def test_folder_is_free_when_nobody_ever_had_it(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)


def test_leftovers_are_cleared_when_a_stack_is_dead_and_those_of_another_stay(
    tmp_path: Path,
) -> None:
    mine, others = tmp_path / "mine", tmp_path / "others"
    for folder in (mine, others):
        folder.mkdir()
        files = files_of(folder)
    with sleeper(mine) as left, sleeper(others) as living:
        clear_leftovers(mine)

        assert left.wait() == -signal.SIGKILL
        assert living.poll() is None
        living.kill()
    assert contents(mine) == {"wallet.key": "wallet.key"}
    assert contents(others) == files


def test_folders_of_the_dead_go_when_another_is_made_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead, starting, others, link = (
        tmp_path / name for name in ("x-dead", "x-starting", "y-others", "x-link")
    )
    for folder in (dead, starting, others):
        folder.mkdir()
        (folder / "stack.lock").write_text("" if folder == starting else "a process")
    link.symlink_to(others)
    living = tmp_path / "x-living"
    living.mkdir()
    lock = FolderLock(living)
    lock.acquire("this test")

    with passing_folder("x-") as made:
        assert {*tmp_path.glob("*-*")} == {starting, others, link, living, made}

    assert not made.exists()
    assert (others / "stack.lock").exists()
    assert is_locked(living)
    lock.release()


@pytest.mark.parametrize("address", loopback_addresses())
def test_start_leaves_the_folder_free_when_its_port_is_taken(tmp_path: Path, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(StackStartError, match=f"port {port} is in use; choose another"):
            LocalStack(tmp_path, port=port).start()

    assert not is_locked(tmp_path)


def clean(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make clean` says and does in a checkout whose data are in that folder."""
    checkout = folder.parent
    (checkout / ".venv").symlink_to(Path(sys.executable).parents[1])
    (checkout / "infra").symlink_to(ROOT / "infra")
    return subprocess.run(
        ["make", "--silent", "--file", str(ROOT / "Makefile"), "clean"],
        cwd=checkout,
        env={**os.environ, "MAKEFLAGS": "", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / ".local"
    folder.mkdir()
    (folder / "wallet.key").write_text("key")
    return folder


def test_clean_deletes_nothing_when_a_stack_has_the_folder(data: Path) -> None:
    holder = FolderLock(data)
    holder.acquire("http://localhost:3210 (process 7)")
    try:
        done = clean(data)
    finally:
        holder.release()

    said = "a stack is running here: http://localhost:3210 (process 7); stop it first"
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == said
    assert contents(data)["wallet.key"] == "key"


def test_clean_deletes_the_data_when_no_stack_has_them(data: Path) -> None:
    done = clean(data)

    assert (done.returncode, done.stderr) == (0, "")
    assert not data.exists()
    assert not (data.parent / ".venv").is_symlink()
    assert (ROOT / "infra").exists()
