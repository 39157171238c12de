"""The programs of the virtual environment, and what they write when they fail."""

import subprocess
import sys
from pathlib import Path
from typing import Any


def program(name: str) -> str:
    """Return the path of a program that is installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def run_program(command: list[str], error: type[BaseException], **options: Any) -> None:
    """Run a command to its end. Raises `error`, with all that it wrote, when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise error(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")
