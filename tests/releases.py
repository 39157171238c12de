"""The code as it was before the newest migration came: what a deployment finds."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from infra.paths import ROOT

MIGRATIONS = "chalicelib/adapters/sql/migrations"


def unpack_release_before(folder: Path, *paths: str) -> None:
    """Write these files of that release into the folder, or all of them. Skips the test where the
    history is not at hand."""
    added = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", MIGRATIONS).decode().strip()
    archive = io.BytesIO(_git("archive", f"{added}^", *paths))
    with tarfile.open(fileobj=archive) as code:
        code.extractall(folder, filter="data")


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no history here: {error}")
