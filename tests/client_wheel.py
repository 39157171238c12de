"""The wheel of `orders_client`, as `pip install .` makes it."""

import shutil
import subprocess
import sys
from pathlib import Path

from infra.paths import ROOT


def build_wheel(folder: Path) -> Path:
    """Build the wheel in that folder, from a copy of the sources: building leaves files there."""
    source = folder / "source"
    source.mkdir()
    shutil.copy(ROOT / "pyproject.toml", source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "orders_client", source / "orders_client", ignore=ignored)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", folder, source], check=True
    )
    [wheel] = folder.glob("*.whl")
    return wheel
