"""Carries out docs/extending.md in a copy of this repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks, of_kind

COPIED = ("chalicelib", "infra", "orders_client", "tests", "app.py", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "browser")
CACHE = ROOT / "build" / "checks-of-examples"
SOURCES = [block.of for block in of_kind("file")]
# What the example's own parts have to do.
TESTS = ("tests/docs/toy_venue.py", "tests/docs/fjord_venue.py")
# What is there already and deals with what the document changes.
CONCERNED = (
    "tests/contract/test_chain.py",
    "tests/unit/simulation/test_chain.py",
    "tests/unit/simulation/test_chain_verification.py",
    "tests/golden/test_vectors_constant_product.py",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository after somebody has done what the document says."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy2(ROOT / name, folder / name)
    for block in blocks():
        if block.kind == "file":
            assert not (folder / block.of).exists(), f"{block.of} is there already"
            (folder / block.of).write_text(block.text)
        elif block.kind == "diff":
            run(folder, "git", "apply", "-", given=block.text)
    return folder


def run(folder: Path, *command: str, given: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent), "PYTHONPATH": ""},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{given}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def test_example_passes_its_tests_and_the_contract_when_carried_out(copy: Path) -> None:
    report = run(
        copy,
        sys.executable,
        *("-m", "pytest", "--quiet", "-p", "no:cacheprovider"),
        *(*TESTS, *CONCERNED),
    )

    assert " passed" in report
    assert "skipped" not in report


def test_example_passes_the_checks_when_carried_out(copy: Path) -> None:
    run(copy, tool("ruff"), "check", "--no-cache", "chalicelib")
    run(copy, tool("ruff"), "format", "--no-cache", "--check", "chalicelib")
    run(copy, tool("lint-imports"), "--no-logo", "--no-cache")
    changed = ["chalicelib/bootstrap.py", "chalicelib/domain/pools/cpmm.py", "chalicelib/worlds.py"]
    run(copy, tool("mypy"), "--cache-dir", str(CACHE), *changed, *SOURCES)
