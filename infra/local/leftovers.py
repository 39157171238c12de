"""What a stack leaves in its folder and among the processes when it is killed."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from infra.errors import StackStartError
from infra.local.description import DESCRIPTION
from infra.local.lock import FolderLock, was_locked
from infra.local.postgres import DATA
from infra.local.processes import STOP_SECONDS, wait_until

SCRATCH = "tmp"
#: The variable that names a stack's folder to its processes, and to those that they start.
MARK = "ORDERS_STACK_FOLDER"


@contextmanager
def passing_folder(prefix: str) -> Iterator[Path]:
    """Give a temporary folder to a stack that keeps nothing; those of dead ones go first."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # It may be gone meanwhile, or be alive.
        with suppress(OSError, StackStartError):
            _clear_dead(folder)
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        yield Path(name)


def _is_ours(folder: Path) -> bool:
    return not folder.is_symlink() and folder.stat().st_uid == os.geteuid()


def _clear_dead(folder: Path) -> None:
    if not (_is_ours(folder) and was_locked(folder)):
        return
    lock = FolderLock(folder)
    lock.acquire("what clears it")
    try:
        clear_leftovers(folder)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()


def clear_leftovers(folder: Path) -> None:
    """End the processes of a dead stack, and remove its temporary files.

    Only who holds the lock on the folder may call this: no other stack of that folder lives.
    """
    left = [process for process in psutil.process_iter() if _belongs_to(process, folder)]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until(lambda: not any(map(_is_alive, left)), STOP_SECONDS, "a killed stack to exit")
    # PostgreSQL would not start beside a server that is dead, but not yet buried by its parent.
    (folder / DATA / "postmaster.pid").unlink(missing_ok=True)
    remove_scratch(folder)


def remove_scratch(folder: Path) -> None:
    """Remove what only a running stack needs."""
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    (folder / DESCRIPTION).unlink(missing_ok=True)


def _belongs_to(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.name() == "postgres":
            # It writes its title over its environment.
            return process.cwd() == str(folder.resolve() / DATA)
        return process.environ().get(MARK) == str(folder.resolve())
    except psutil.Error:
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
