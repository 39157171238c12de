"""What `pip install .` installs, tried without anything else of this repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.paths import ROOT

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
    # Building leaves things behind.
    source = tmp_path_factory.mktemp("source")
    shutil.copy(ROOT / "pyproject.toml", source)
    shutil.copytree(ROOT / "orders_client", source / "orders_client")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", source, source], check=True
    )
    [path] = source.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        yield wheel


def test_wheel_holds_the_command_line_and_its_client_alone(wheel: zipfile.ZipFile) -> None:
    sources = {name for name in wheel.namelist() if name.endswith(".py")}

    assert sources == {
        str(path.relative_to(ROOT)) for path in (ROOT / "orders_client").rglob("*.py")
    }


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
    assert version.startswith("orders ")
    assert OURS_OR_THE_ENGINES.isdisjoint(modules.split())


def test_wheel_names_its_command_and_its_three_libraries(wheel: zipfile.ZipFile) -> None:
    contents = {Path(name).name: name for name in wheel.namelist()}
    metadata = wheel.read(contents["METADATA"]).decode()
    entry_points = wheel.read(contents["entry_points.txt"]).decode()

    libraries = {
        line.split()[1].rstrip("<>=,.0123456789")
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist:")
    }
    assert "orders = orders_client.cli.__main__:main" in entry_points
    assert libraries == {"aiohttp", "rich", "typer"}
