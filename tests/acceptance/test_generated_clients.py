"""Clients that others' generators make from the document, by the commands of docs/api.md: a program
on top of each trades with it. Where the generated types are worth it, a checker reads it first."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from infra.paths import ROOT
from tests.docs.markdown import of_kind
from tests.outside import STATUSES

PROGRAMS = Path(__file__).with_name("generated_clients")
CACHE = ROOT / "build" / "generated_clients"
SECONDS_MAX = 300
NODE = ("node", "npm")
SEEN = {
    "placed": "pending",
    "repeated": True,
    "statuses": STATUSES,
    "bought": "25.5",
    "listed": 1,
    "hasNext": True,
    "venues": ["meteora", "raydium"],
    "refusal": [422, "SAME_TOKEN"],
}


def run(*command, cwd=ROOT, path=(), **environment):
    """What the command prints; these folders come first on its path."""
    places = os.pathsep.join([*map(str, path), os.environ["PATH"]])
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=inherited | {"PATH": places} | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def require(*programs):
    """Skip the test where one of these is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            skip_unless_required(program, f"this generator needs {program}")


def skip_unless_required(program, reason):
    """Skip the test, or fail it where NODE_REQUIRED says that Node's tests must run."""
    is_required = program in NODE and os.environ.get("NODE_REQUIRED")
    (pytest.fail if is_required else pytest.skip)(reason)


def installed(name, *files, install):
    """The folder into which that was installed; it is kept until one of its files changes."""
    texts = [(PROGRAMS / file).read_bytes() for file in files]
    folder = CACHE / f"{name}-{sha256(b''.join([sys.version.encode(), *texts])).hexdigest()[:12]}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(PROGRAMS / file, folder)
        install(folder)
        (folder / "complete").touch()
    return folder


def python_programs(name):
    """The programs of a virtual environment with these requirements."""

    def install(folder):
        run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        pip = (sys.executable, "-m", "pip", "--python", folder / "venv" / "bin" / "python")
        run(*pip, "install", "--quiet", "--requirement", folder / f"{name}.txt")

    return installed(name, f"{name}.txt", install=install) / "venv" / "bin"


def node_packages():
    """The packages for Node, as package-lock.json has them."""

    def install(folder):
        cache = ROOT / "build" / "npm"
        try:
            run("npm", "ci", "--no-audit", "--no-fund", "--cache", cache, cwd=folder)
        except AssertionError as error:
            skip_unless_required("npm", f"npm cannot fetch the generators: {error}")

    files = ("package.json", "package-lock.json", "tsconfig.json")
    return installed("node", *files, install=install) / "node_modules"


@dataclass(frozen=True)
class Workshop:
    """A folder in which somebody generates a client for the stack, and writes a program with it."""

    folder: Path
    base_url: str

    def generate(self, output, *path):
        """Run the command of the documents that makes this output."""
        [block] = of_kind("client")
        [line] = [line for line in block.text.splitlines() if line.endswith(f" {output}")]
        command = shlex.split(line.replace("http://localhost:3000", self.base_url))
        run(*command, cwd=self.folder, path=path)

    def run_python(self, program, bin, *, package_in="."):
        python = bin / "python"
        path = str(self.folder / package_in)
        return json.loads(run(python, PROGRAMS / program, self.base_url, PYTHONPATH=path))

    def check_python(self, program, bin):
        checker = (sys.executable, "-m", "mypy", "--strict", "--cache-dir", CACHE / "mypy")
        options = ("--follow-imports", "silent", "--python-executable", bin / "python")
        run(*checker, *options, PROGRAMS / program, MYPYPATH=str(self.folder))

    def use_node(self):
        """Make the folder a project of Node's, with the packages that it needs."""
        packages = node_packages()
        for file in ("package.json", "tsconfig.json"):
            shutil.copy(packages.parent / file, self.folder)
        (self.folder / "node_modules").symlink_to(packages)

    def run_typescript(self, program):
        """Compile the program, which checks its types, and run it."""
        shutil.copy(PROGRAMS / f"{program}.ts", self.folder)
        run("npx", "tsc", "--outDir", "made", cwd=self.folder)
        script = Path("made") / f"{program}.js"
        return json.loads(run("node", script, self.base_url, cwd=self.folder))


@pytest.fixture
def workshop(outside, tmp_path):
    return Workshop(tmp_path, outside.base_url)


def test_python_client_trades_when_openapi_python_client_made_it(workshop):
    bin = python_programs("openapi_python_client")
    workshop.generate("orders_api", bin)

    workshop.check_python("openapi_python_client_program.py", bin)

    assert workshop.run_python("openapi_python_client_program.py", bin) == SEEN


@pytest.mark.parametrize("generator", ["openapi_typescript", "oazapfts"])
def test_typescript_client_trades_when_a_node_generator_made_it(workshop, generator):
    require(*NODE)
    workshop.use_node()
    workshop.generate(f"{generator}.ts")

    assert workshop.run_typescript(f"{generator}_program") == SEEN


def test_python_client_trades_when_openapi_generator_made_it(workshop):
    require("java")
    bin = python_programs("openapi_generator")
    workshop.generate("openapi_generator_python", bin)

    program = "openapi_generator_program.py"
    assert workshop.run_python(program, bin, package_in="openapi_generator_python") == SEEN


def test_typescript_client_trades_when_openapi_generator_made_it(workshop):
    require("java", *NODE)
    workshop.use_node()
    workshop.generate("openapi_generator_typescript", python_programs("openapi_generator"))

    assert workshop.run_typescript("openapi_generator_program") == SEEN
