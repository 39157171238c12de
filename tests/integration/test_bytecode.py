"""Adding bytecode to an archive: the same content is the same archive, wherever it is made."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.deploy.bytecode import add_bytecode
from infra.paths import ROOT

NEW_YEAR, LATER = (2024, 1, 1, 0, 0, 0), (2025, 6, 7, 8, 9, 10)
# Every Latin-1 character as a constant: CPython shares them, and writes shared objects otherwise.
CHARACTERS = "ALL = {" + ", ".join(f"{n}: {chr(n)!r}" for n in range(256)) + "}\n"
FILES = {
    "app.py": "from lib import answer\n",
    "lib/__init__.py": "def answer(word):\n    return {'key': word in {'a', 'b', 'c'}}\n",
    "lib/characters.py": CHARACTERS,
    "lib/data.sql": "SELECT 1;\n",
    "lib/native.so": "\x7fELF",
}
MAKE = """
import sys
from pathlib import Path
from infra.deploy.bytecode import add_bytecode
add_bytecode(Path(sys.argv[1]), compressed=True)
"""
INTERN = """
import sys
for number in range(256):
    sys.intern(chr(number))
"""


def write(
    archive: Path,
    files: Mapping[str, str],
    *,
    date: tuple[int, int, int, int, int, int] = NEW_YEAR,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    archive.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive, "w") as package:
        for name, text in files.items():
            member = zipfile.ZipInfo(name, date)
            member.compress_type = compression
            package.writestr(member, text)
    return archive


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write(tmp_path / "deployment.zip", FILES)


def members(archive: Path) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(archive) as package:
        return {member.filename: member for member in package.infolist()}


@pytest.mark.parametrize("compressed", [True, False])
def test_archive_gains_bytecode_and_keeps_files_when_made(archive: Path, compressed: bool) -> None:
    made = add_bytecode(archive, compressed=compressed)

    modules = [name for name in FILES if name.endswith(".py")]
    expected = {*FILES, *(importlib.util.cache_from_source(name) for name in modules)}
    with zipfile.ZipFile(made) as package:
        assert set(package.namelist()) == expected
        assert {name: package.read(name).decode() for name in FILES} == FILES
    assert [path.name for path in archive.parent.iterdir() if path.is_dir()] == []


def test_archive_is_stored_or_deflated_when_asked(archive: Path) -> None:
    made = [add_bytecode(archive, compressed=compressed) for compressed in (True, False)]

    kinds = [{member.compress_type for member in members(path).values()} for path in made]

    assert kinds == [{zipfile.ZIP_DEFLATED}, {zipfile.ZIP_STORED}]


def test_archive_is_identical_when_content_is_but_dates_order_and_folder_are_not(
    tmp_path: Path,
) -> None:
    turned = dict(reversed(FILES.items()))
    one = write(tmp_path / "one" / "deployment.zip", FILES)
    other = write(
        tmp_path / "other" / "package.zip", turned, date=LATER, compression=zipfile.ZIP_STORED
    )

    made = [add_bytecode(path, compressed=True).read_bytes() for path in (one, other)]

    assert made[0] == made[1]


def test_members_have_one_date_and_a_fixed_order_when_made(archive: Path) -> None:
    made = add_bytecode(archive, compressed=True)

    found = members(made)
    assert {member.date_time for member in found.values()} == {(2020, 1, 1, 0, 0, 0)}
    assert list(found) == sorted(found, key=Path)


def test_archive_is_identical_when_made_by_processes_that_did_other_things_before(
    tmp_path: Path,
) -> None:
    archives = [write(tmp_path / name / "deployment.zip", FILES) for name in ("one", "other")]

    for script, seed, path in zip((MAKE, INTERN + MAKE), "12", archives, strict=True):
        command = [sys.executable, "-c", script, str(path)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)

    made = [path.with_name("code.zip").read_bytes() for path in archives]
    assert made[0] == made[1]


def test_archive_is_not_made_again_when_content_is_unchanged(archive: Path) -> None:
    made = add_bytecode(archive, compressed=True)
    before = made.stat().st_mtime_ns
    write(archive, dict(reversed(FILES.items())), date=LATER)

    again = add_bytecode(archive, compressed=True)

    assert (again, again.stat().st_mtime_ns) == (made, before)


def test_archive_is_made_anew_when_content_has_changed(archive: Path) -> None:
    before = add_bytecode(archive, compressed=True).read_bytes()
    write(archive, FILES | {"lib/data.sql": "SELECT 2;\n"})

    made = add_bytecode(archive, compressed=True)

    with zipfile.ZipFile(made) as package:
        assert package.read("lib/data.sql") == b"SELECT 2;\n"
    assert made.read_bytes() != before


def test_archive_loses_bytecode_when_module_is_gone(archive: Path) -> None:
    add_bytecode(archive, compressed=True)
    write(archive, {name: text for name, text in FILES.items() if name != "lib/characters.py"})

    made = add_bytecode(archive, compressed=True)

    assert [name for name in members(made) if "characters" in name] == []


def test_archive_is_made_when_it_was_deleted(archive: Path) -> None:
    made = add_bytecode(archive, compressed=True)
    made.unlink()

    again = add_bytecode(archive, compressed=True)

    assert "app.py" in members(again)


def test_file_is_kept_when_it_cannot_be_compiled(archive: Path) -> None:
    write(archive, FILES | {"lib/template.py": "print {{ what }}\n"})

    made = add_bytecode(archive, compressed=True)

    names = members(made)
    assert "lib/template.py" in names
    assert importlib.util.cache_from_source("lib/template.py") not in names


def test_libraries_are_executable_when_unpacked(archive: Path) -> None:
    made = add_bytecode(archive, compressed=True)

    modes = {name: member.external_attr >> 16 for name, member in members(made).items()}
    assert (modes["lib/native.so"], modes["app.py"]) == (0o755, 0o644)
