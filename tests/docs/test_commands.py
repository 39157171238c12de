"""Commands of the documents that are not run here: they are planned, read, or looked up."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

import pytest

from tests.docs.markdown import DOCUMENTS, ROOT, Block, names, of_kind, rows, section, source

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
HERE = "tests/docs/"
OTHER_TESTS = "".join(
    path.read_text()
    for path in (ROOT / "tests").rglob("*.py")
    if not str(path.relative_to(ROOT)).startswith(HERE)
)
PROGRAMS = "".join(path.read_text() for path in (ROOT / "infra").rglob("*.py"))
# A few lines that keep up what every acceptance test starts.
STANDS_ON = {"infra.local.dev": "infra.local.stack", "infra.local.chalice_local": "chalice"}
# What make runs that is not ours.
TOOLS = {"pytest", "pip", "venv"}


class ReadError(Exception):
    """The arguments have been read; nothing else shall happen."""


def commands(block: Block) -> list[list[str]]:
    """The commands of a block, word by word; comments left out, continued lines joined."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def plan(words: list[str]) -> str:
    """What make would do."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", *words],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_arguments(module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program read its arguments, and nothing more."""
    parse = ArgumentParser.parse_args

    def read(parser: ArgumentParser, *given: Any, **options: Any) -> None:
        parse(parser, *given, **options)
        raise ReadError

    program = import_module(module)
    if hasattr(program, "__path__"):
        program = import_module(f"{module}.__main__")
    if "ArgumentParser" not in inspect.getsource(program):
        assert arguments == []
        return
    with monkeypatch.context() as patch:
        patch.setattr(ArgumentParser, "parse_args", read)
        patch.setattr(sys, "argv", [module, *arguments])
        with pytest.raises(ReadError):
            program.main()


@pytest.mark.parametrize("block", of_kind("make"), ids=str)
def test_make_takes_the_command_and_the_program_its_arguments(
    block: Block, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in commands(block):
        assert words[0] == "make"
        for variable in re.findall(r"\b([A-Z_]+)=", " ".join(words)):
            assert f"$({variable}" in MAKEFILE or f'"{variable}"' in PROGRAMS
        steps = re.findall(r"-m ([\w.]+)([^\n;&|>]*)", plan(words[1:]))
        for module, arguments in steps:
            if module not in TOOLS:
                assert STANDS_ON.get(module, module) in OTHER_TESTS, f"no test knows {module}"
                read_arguments(module, shlex.split(arguments), monkeypatch)


@pytest.mark.parametrize("block", of_kind("docker"), ids=str)
def test_compose_file_is_there_when_docker_is_asked(block: Block) -> None:
    for words in commands(block):
        assert words[:3] in (["docker", "compose", "up"], ["docker", "compose", "down"])
    assert (ROOT / "compose.yaml").exists()


@pytest.mark.parametrize("block", of_kind("query"), ids=str)
def test_query_asks_for_fields_and_actions_that_are_logged(block: Block) -> None:
    lines = section("docs/operating.md", "Log lines")
    logged = {name for cell, *_ in rows(lines, "field") for name in names(cell)}
    said = {name for _, _, cell in rows(lines, "action") for name in names(cell)}
    actions = {name for cell, *_ in rows(lines, "action") for name in names(cell)}
    given = set(re.findall(r" as (\w+)", block.text))
    words = {"fields", "filter", "sort", "stats", "by", "as", "and", "or", "bin", "count", "max"}
    words |= {"avg", "pct"}

    for action in re.findall(r'action = "([^"]+)"', block.text):
        assert action in actions
    plain = re.sub(r'"[^"]*"|\bbin\(\w+\)', "", block.text)
    used = set(re.findall(r"\b[a-z_]+\b", plain)) - given - words
    assert used <= logged | said
    assert used


def test_every_target_is_documented_and_every_documented_target_exists() -> None:
    code = re.compile(r"(?:`|^)make ([a-z][a-z-]*)", re.MULTILINE)
    documented = {target for document in DOCUMENTS for target in code.findall(source(document))}

    assert documented == TARGETS
