"""`orders_client` as its users have it: installed by itself, used from a folder of their own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from orders_client import __version__
from tests.client_wheel import build_wheel
from tests.outside import STATUSES

SECONDS_MAX = 120
# Not pydantic: typer requires it.
ENGINE_LIBRARIES = {"boto3", "botocore", "chalice", "psycopg", "solders"}
PROGRAM = """
import asyncio
import sys

from orders_client import FINAL_STATUSES, OrdersClient


async def main(base_url: str) -> None:
    async with OrdersClient(base_url) as client:
        order = await client.submit("USDC", "SOL", "25")
        async for event in client.follow(order):
            print(event["status"])
        assert event["status"] in FINAL_STATUSES


asyncio.run(main(sys.argv[1]))
"""


@dataclass(frozen=True)
class Installation:
    """A virtual environment, and the folder beside it where its user works."""

    folder: Path

    @property
    def bin(self):
        return self.folder / "venv" / "bin"

    def run(self, *command, **environment):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            command,
            cwd=self.folder / "work",
            env=inherited | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pip(self, *arguments):
        # The pip of these tests: to install one in each new environment takes seconds.
        return self.run(sys.executable, "-m", "pip", "--python", self.bin / "python", *arguments)


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    installation = Installation(tmp_path_factory.mktemp("client"))
    (installation.folder / "work").mkdir()
    (installation.folder / "work" / "program.py").write_text(PROGRAM)
    installation.run(sys.executable, "-m", "venv", "--without-pip", installation.folder / "venv")
    installation.pip("install", "--quiet", build_wheel(installation.folder))
    return installation


def test_installation_has_the_client_without_the_engine(installation):
    installed = json.loads(installation.pip("list", "--format", "json"))

    versions = {package["name"]: package["version"] for package in installed}
    assert versions["solana-order-execution-engine"] == __version__
    assert versions.keys() >= {"aiohttp", "rich", "typer"}
    assert versions.keys().isdisjoint(ENGINE_LIBRARIES)


def test_command_prints_its_version_when_it_is_installed(installation):
    assert installation.run(installation.bin / "orders", "--version") == f"orders {__version__}\n"


def test_command_follows_its_order_to_the_end_when_it_is_installed(installation, outside):
    command = [installation.bin / "orders", "submit", "SOL", "USDC", "1", "--follow", "--json"]

    output = installation.run(*command, ORDERS_URL=outside.base_url)

    assert [json.loads(line)["status"] for line in output.splitlines()] == STATUSES


def test_program_follows_its_order_to_the_end_when_it_imports_the_client(installation, outside):
    python = [installation.bin / "python", "-W", "error"]

    output = installation.run(*python, "program.py", outside.base_url)

    assert output.splitlines() == STATUSES


def test_program_passes_a_type_checker_when_it_imports_the_client(installation):
    checker = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull]

    installation.run(*checker, "--python-executable", installation.bin / "python", "program.py")
