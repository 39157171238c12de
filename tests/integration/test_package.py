"""What is in the code that goes to Lambda, and what is not."""

import importlib.util
import re
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from chalicelib.adapters.postgres.database import SQL_FOLDER
from chalicelib.entrypoints.http.pages import FOLDER as WEB_FOLDER
from infra.deploy.package import Artifact
from infra.paths import ROOT

ZIPPED_BYTES_MAX = 30_000_000
# That of Amazon Linux 2023, which Lambda runs Python on.
GLIBC_MAX = (2, 34)
# PEP 552: the bytecode goes by the source's hash, and nobody compares it.
UNCHECKED_HASH = 0b01


@pytest.fixture
def code(artifact: Artifact) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(artifact.archive) as code:
        yield code


def bytecode_of(source: str) -> str:
    return importlib.util.cache_from_source(source)


def test_archive_is_small_when_packaged(artifact: Artifact) -> None:
    assert artifact.archive.stat().st_size < ZIPPED_BYTES_MAX


def test_archive_holds_the_application_when_packaged(code: zipfile.ZipFile) -> None:
    sources = {"app.py"} | {
        str(path.relative_to(ROOT)) for path in (ROOT / "chalicelib").rglob("*.py")
    }

    packaged = {name for name in code.namelist() if name.endswith(".py")}

    assert sources <= packaged


def test_archive_holds_every_sql_file_as_it_is_when_packaged(code: zipfile.ZipFile) -> None:
    files = sorted(SQL_FOLDER.rglob("*.sql"))

    packaged = {name for name in code.namelist() if name.endswith(".sql")}

    assert packaged == {str(path.relative_to(ROOT)) for path in files}
    assert all(code.read(str(p.relative_to(ROOT))) == p.read_bytes() for p in files)


def test_archive_holds_every_file_of_the_dashboard_when_packaged(code: zipfile.ZipFile) -> None:
    files = sorted(WEB_FOLDER.iterdir())

    assert len(files) > 20
    assert all(code.read(str(p.relative_to(ROOT))) == p.read_bytes() for p in files)


def test_archive_holds_nothing_of_development_when_packaged(code: zipfile.ZipFile) -> None:
    roots = {PurePosixPath(name).parts[0] for name in code.namelist()}

    assert roots.isdisjoint({"infra", "tests", ".chalice", "boto3", "botocore", "moto", "pytest"})
    assert {"app.py", "chalicelib", "chalice", "psycopg", "pydantic", "solders"} <= roots


def test_archive_holds_each_file_once_when_packaged(code: zipfile.ZipFile) -> None:
    names = code.namelist()

    assert len(names) == len(set(names))


def test_archive_holds_bytecode_of_every_module_when_packaged(code: zipfile.ZipFile) -> None:
    names = set(code.namelist())
    modules = [name for name in names if name.endswith(".py")]

    missing = [name for name in modules if bytecode_of(name) not in names]

    assert len(modules) > 100
    assert missing == []


def test_bytecode_is_used_unseen_when_packaged(code: zipfile.ZipFile) -> None:
    headers = [
        code.read(name)[:8]
        for name in code.namelist()
        if name.startswith(("chalicelib/", "__pycache__/")) and name.endswith(".pyc")
    ]

    magic_numbers = {header[:4] for header in headers}
    flags = {struct.unpack("<I", header[4:])[0] for header in headers}

    assert (magic_numbers, flags) == ({importlib.util.MAGIC_NUMBER}, {UNCHECKED_HASH})


def test_functions_run_the_python_of_the_bytecode_when_deployed(artifact: Artifact) -> None:
    runtimes = {
        resource["Properties"]["Runtime"]
        for resource in artifact.template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }

    assert runtimes == {f"python{sys.version_info.major}.{sys.version_info.minor}"}
    assert artifact.template["Outputs"]["Runtime"] == {"Value": runtimes.pop()}


def test_every_library_runs_on_the_system_of_lambda(code: zipfile.ZipFile) -> None:
    needed = {}
    for name in code.namelist():
        if ".so" in PurePosixPath(name).suffixes:
            versions = re.findall(rb"GLIBC_(\d+)\.(\d+)", code.read(name))
            needed[name] = max(((int(a), int(b)) for a, b in versions), default=(0, 0))

    assert max(needed.values()) > (2, 0), "some library names the version that it needs"
    assert {name for name, version in needed.items() if version > GLIBC_MAX} == set()
