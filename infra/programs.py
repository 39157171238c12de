"""The programs of the virtual environment, and what they write when they fail."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def program(name: str) -> str:
    """Return the path of a program that is installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def run_program(command: list[str], error: type[BaseException], **options: Any) -> None:
    """Run a command to its end. Raises `error`, with all that it wrote, when it fails.

    When this process is interrupted meanwhile, the command and all that it started have ended
    before the interruption goes on: nobody writes into a folder that is being removed.
    """
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    ) as child:
        try:
            output, errors = child.communicate()
        except BaseException:
            # It may have ended just now.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            # Whoever is left holds these pipes open.
            child.communicate()
            raise
    if child.returncode:
        raise error(f"{Path(command[0]).name} failed:\n{output}{errors}")
