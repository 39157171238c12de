"""Whose a stack's folder is: a file in it that the stack's process holds locked. The system lets go
of the lock when the process dies, however it dies."""

import fcntl
import sys
from pathlib import Path
from typing import TextIO

from infra.errors import StackStartError

LOCK = "stack.lock"


class FolderLock:
    """The lock on a stack's folder, for one stack at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK
        self._file: TextIO | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def acquire(self, holder: str) -> None:
        """Take the lock, and let the file say who holds it.

        Raises StackStartError, which names the holder, when it is another's.
        """
        file = self._path.open("a+")
        if not _lock(file, fcntl.LOCK_EX):
            file.close()
            other = self._path.read_text()
            raise StackStartError(f"a stack is already running here: {other}; stop it first")
        file.truncate(0)
        file.write(holder)
        file.flush()
        self._file = file

    def release(self) -> None:
        """Let another stack have the folder. The file stays, for others may have it open."""
        if self._file is not None:
            self._file.close()
            self._file = None


def is_locked(folder: Path) -> bool:
    """Tell whether a living stack has the folder."""
    try:
        with (folder / LOCK).open() as file:
            return not _lock(file, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def was_locked(folder: Path) -> bool:
    """Tell whether a stack has the folder, or once had it."""
    file = folder / LOCK
    return file.exists() and bool(file.read_text())


def main() -> None:
    """Exit with a line that says who has the folder, if a living stack has it."""
    if is_locked(folder := Path(sys.argv[1])):
        sys.exit(f"a stack is running here: {(folder / LOCK).read_text()}; stop it first")


def _lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main()
