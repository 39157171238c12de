"""Runs the examples of the documents as a reader would, against the stack of the tests."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, Block, blocks

ADDRESS = "localhost:3000"
SECONDS_MAX = 60
NPM = {
    "npm_config_cache": str(ROOT / "build" / "npm"),
    "npm_config_update_notifier": "false",
}
# Nothing is run but these; a block of another language says how it is checked.
RUN = ("sh", "python", "js")


@dataclass(slots=True)
class Reader:
    """Somebody who follows the documents: one terminal for each, with its variables."""

    address: str
    folder: Path
    outputs: dict[Block, str] = field(default_factory=dict)

    def output(self, block: Block) -> str:
        """What the block prints, run after the blocks before it."""
        for before in examples_of(block):
            if before not in self.outputs:
                self.outputs[before] = self._run(before)
            if before == block:
                return self.outputs[block]
        raise AssertionError(f"{block} is not run")

    def _run(self, block: Block) -> str:
        text = block.text.replace(ADDRESS, self.address).replace(".venv/bin/orders", "orders")
        with open_input() as silence:
            done = subprocess.run(
                self._command(block, text),
                cwd=ROOT,
                env=self._environment(),
                stdin=silence,
                capture_output=True,
                text=True,
                timeout=SECONDS_MAX,
                check=False,
            )
        assert done.returncode == 0, f"{block}\n{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout.replace(self.address, ADDRESS)

    def _command(self, block: Block, text: str) -> list[str]:
        match block.language:
            case "sh":
                variables = self.folder / f"{Path(block.document).name}.variables"
                variables.touch()
                kept = f"source {variables}; set -euo pipefail -o allexport\n{text}"
                return [tool("bash"), "-c", f"{kept}\nexport -p > {variables}"]
            case "js":
                script = self.folder / "example.mjs"
                script.write_text(text)
                return [tool("node"), *node_options(), str(script)]
            case _:
                return [sys.executable, "-W", "error", "-c", text]

    def _environment(self) -> dict[str, str]:
        # `make` installs the command; the tests do not depend on that it has been run.
        command = self.folder / "orders"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m orders_client.cli "$@"\n')
        command.chmod(0o755)
        places = (str(self.folder), str(Path(sys.executable).parent), os.environ["PATH"])
        return {
            **os.environ,
            "PATH": os.pathsep.join(places),
            "ORDERS_URL": f"http://{self.address}",
            "NO_COLOR": "1",
            **NPM,
        }


@contextmanager
def open_input() -> Iterator[int]:
    """A terminal at which nobody types: some programs end with their input."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


def is_run(block: Block) -> bool:
    """Tell whether the block is one that a reader runs."""
    return block.language in RUN and not block.kind


def examples_of(block: Block) -> list[Block]:
    """What a reader has run before the block, and the block: programs stand alone."""
    if block.language != "sh":
        return [block]
    return [
        other
        for other in blocks()
        if is_run(other)
        and other.language == "sh"
        and other.document == block.document
        and other.line <= block.line
    ]


def example_before(block: Block) -> Block:
    """The example whose output the block shows."""
    return [
        other
        for other in blocks()
        if is_run(other) and other.document == block.document and other.line < block.line
    ][-1]


def require(block: Block) -> None:
    """Skip the test where the machine lacks a program that the block needs."""
    for name in ("curl", "npx"):
        if re.search(rf"\b{name} ", block.text):
            tool(name)
    for package in re.findall(r"npx --yes (\S+)", block.text):
        fetch(package)


@cache
def fetch(package: str) -> None:
    """Let npx fetch the program into the folder of builds, or skip the test."""
    command = [tool("npx"), "--yes", package, "--version"]
    done = subprocess.run(
        command, env=os.environ | NPM, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"npx cannot fetch {package}: {done.stderr.splitlines()[-1:]}")


def tool(name: str) -> str:
    """The program of that name, or the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"this example needs {name}, which is not installed")
    return found


def node_options() -> list[str]:
    """Node has a WebSocket of its own since 22; before, it has to be asked for."""
    version = subprocess.run(
        [tool("node"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    major = int(re.findall(r"\d+", version)[0])
    if major < 20:
        pytest.skip("this example needs Node 20 or newer")
    return ["--experimental-websocket", "--no-warnings"] if major < 22 else []


def shown(text: str) -> re.Pattern[str]:
    """What an output has to be when it is shown like this: … stands for anything."""
    parts = [re.escape(part) for part in re.sub(r"\s+", "", text).split("…")]
    return re.compile(".*?".join(parts), re.DOTALL)


def squeezed(text: str) -> str:
    """An output as it is compared: without any white space."""
    return re.sub(r"\s+", "", text)


def documents_in(text: str) -> list[object]:
    """The JSON documents of a block: one, or one a line."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
