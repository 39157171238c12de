"""The stacks that are measured: one of this code, and one of another commit."""

import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from infra.deploy.progress import Report
from infra.errors import StackStartError
from infra.local import processes
from infra.local.description import DESCRIPTION, LOCAL_FOLDER
from infra.local.leftovers import passing_folder
from infra.local.postgres import DATA
from infra.local.stack import LocalStack
from infra.paths import ROOT
from infra.programs import run_program

# It may have to download the wheels of its functions.
START_SECONDS = 300
STOP_SECONDS = 60


class RunningStack(NamedTuple):
    """What must be known of a stack to measure it from outside."""

    base_url: str
    database_url: str
    emulator_host: str
    #: The process that started its parts.
    parent_id: int


#: Runs a stack at a latency.
Start = Callable[[str, Report], AbstractContextManager[RunningStack]]


@contextmanager
def own_stack(latency: str, report: Report) -> Iterator[RunningStack]:
    """Run this code as it is now."""
    parameters = {"LatencyMs": latency}
    with (
        passing_folder("orders-bench-") as folder,
        LocalStack(folder, parameters=parameters, report=report) as stack,
    ):
        at = stack.description
        yield RunningStack(at.base_url, at.database_url, at.emulator_host, os.getpid())


def commit_id(ref: str) -> str:
    """Return the commit that a ref of this repository names. Raises ArgumentTypeError."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"]
    with suppress(OSError, subprocess.CalledProcessError):
        return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).strip()
    raise ArgumentTypeError(f"{ref!r} names no commit of this repository")


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """Give the files of a commit, with the virtual environment that it asks for."""
    with TemporaryDirectory(prefix="orders-baseline-") as name:
        archive = f"{name}/archive.tar"
        for command in (
            ["git", "-C", str(ROOT), "archive", f"--output={archive}", commit],
            ["tar", "-xf", archive, "-C", name],
            ["make", "-C", name, ".venv/.local", f"PYTHON={sys.executable}"],
        ):
            # What was said to the make that runs this is not for that one.
            run_program(command, StackStartError, env={**os.environ, "MAKEFLAGS": ""})
        yield Path(name)


def stack_of(folder: Path) -> Start:
    """Return what runs the code in this folder, by its own `infra.local.dev`."""

    @contextmanager
    def start(latency: str, report: Report) -> Iterator[RunningStack]:
        report("starting the stack")
        local, log = folder / LOCAL_FOLDER.name, folder / "dev.log"
        shutil.rmtree(local / DATA, ignore_errors=True)
        (local / DESCRIPTION).unlink(missing_ok=True)
        port = processes.free_port()
        command = [f"{folder}/.venv/bin/python", "-m", "infra.local.dev"]
        command += ["--port", str(port), "--latency", latency]
        child = processes.spawn(command, log=log, cwd=folder)

        def is_up() -> bool:
            if child.poll() is not None:
                said = log.read_text().strip() or "it says nothing"
                raise StackStartError(f"the baseline does not start: {said.splitlines()[-1]}")
            return (local / DESCRIPTION).exists() and processes.is_listening(port)

        try:
            processes.wait_until(is_up, START_SECONDS, "the baseline")
            at = json.loads((local / DESCRIPTION).read_text())
            yield RunningStack(at["base_url"], at["database_url"], at["emulator_host"], child.pid)
        finally:
            with processes.uninterrupted():
                child.terminate()
                # To stop all its parts takes longer than to stop one.
                with suppress(subprocess.TimeoutExpired):
                    child.wait(STOP_SECONDS)
                processes.stop(child)

    return start
