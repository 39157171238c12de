"""What `pip install .` installs, tried without anything else of this repository."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.paths import ROOT
from orders_client import __version__
from tests.client_wheel import build_wheel

PROGRAM = """
import sys
from orders_client.cli.app import app
try:
    app(["--version"])
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
OURS_OR_THE_ENGINES = {"app", "chalicelib", "boto3", "botocore", "chalice", "psycopg", "solders"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("wheel"))) as wheel:
        yield wheel


def test_wheel_holds_the_client_its_command_line_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}

    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "orders_client").rglob("*.py")}
    assert files == sources | {"orders_client/py.typed"}


def test_wheel_runs_without_the_engine(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    version, modules = done.stdout.splitlines()
    assert version == f"orders {__version__}"
    assert OURS_OR_THE_ENGINES.isdisjoint(modules.split())


def test_wheel_names_its_version_its_command_and_its_three_libraries(
    wheel: zipfile.ZipFile,
) -> None:
    contents = {Path(name).name: name for name in wheel.namelist()}
    metadata = wheel.read(contents["METADATA"]).decode()
    entry_points = wheel.read(contents["entry_points.txt"]).decode()

    libraries = {
        line.split()[1].rstrip("<>=,.0123456789")
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist:")
    }
    assert f"Version: {__version__}" in metadata.splitlines()
    assert "orders = orders_client.cli.__main__:main" in entry_points
    assert libraries == {"aiohttp", "rich", "typer"}
