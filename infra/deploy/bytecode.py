"""Add compiled modules to a deployment package: Lambda cannot keep what it compiles, so without
them every cold start compiles every module again, which takes longer than importing them."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path


def add_bytecode(archive: Path, *, compressed: bool) -> Path:
    """Write a copy of `archive` with compiled modules, and return its path.

    The bytecode is for the running Python's version, as the package's binary wheels are. The copy
    is kept as long as the archive's content stays the same.
    """
    target = archive.with_name("code.zip" if compressed else "code-uncompressed.zip")
    stamp = target.with_suffix(".sha256")
    digest = _content_digest(archive)
    if target.exists() and stamp.exists() and stamp.read_text() == digest:
        return target
    folder = archive.with_name("code")
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(archive) as package:
        package.extractall(folder)
    _compile(folder)
    _write(target, folder, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
    shutil.rmtree(folder)
    stamp.write_text(digest)
    return target


def _compile(folder: Path) -> None:
    # In a process of its own with a fixed hash seed: bytecode depends on what was interned before
    # it, and on the order of sets. A file for another Python stays as it is.
    command = [sys.executable, "-m", "compileall", "-qq", "-s", str(folder), str(folder)]
    command += ["--invalidation-mode", "unchecked-hash"]
    subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False)


def _content_digest(archive: Path) -> str:
    with zipfile.ZipFile(archive) as package:
        content = sorted((member.filename, member.CRC) for member in package.infolist())
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _write(target: Path, folder: Path, compression: int) -> None:
    # Fixed dates: the same content is the same archive, and needs no update of the functions.
    with zipfile.ZipFile(target, "w", compression) as package:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            member = zipfile.ZipInfo(str(path.relative_to(folder)), (2020, 1, 1, 0, 0, 0))
            member.external_attr = (0o755 if path.suffix == ".so" else 0o644) << 16
            member.compress_type = compression
            package.writestr(member, path.read_bytes())
