"""`chalice local` for HTTP development: the code as it is on disk, behind a front door of its own,
with the queues, table, database and settings of the running `make dev` stack."""

import os
import sys
from pathlib import Path

from infra.arguments import OneLineArgumentParser, port_number
from infra.deploy.clients import LOCAL_ENVIRONMENT
from infra.errors import StackStartError
from infra.local import processes
from infra.local.commands import command
from infra.local.description import DESCRIPTION, LOCAL_FOLDER, Description, running
from infra.local.functions import function_names
from infra.local.processes import LOOPBACK
from infra.paths import ROOT
from infra.programs import program


def main() -> None:
    """Serve the HTTP routes on a port of their own, with Chalice's reloading server."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=port_number, default=8000)
    arguments = parser.parse_args()
    with command(stopped_status=0):
        description = running()
        if objection := processes.port_objection(arguments.port):
            raise StackStartError(f"port {arguments.port} {objection}; choose another with --port")
        serve(description, LOCAL_FOLDER, arguments.port)


def serve(description: Description, folder: Path, port: int) -> None:
    """Serve HTTP on a port until `chalice local` ends, beside the stack of that folder."""
    behind = str(processes.free_port())
    words = [program("chalice"), "local", "--stage", "local", "--host", LOOPBACK, "--port", behind]
    chalice = processes.spawn(words, cwd=ROOT, env=os.environ | _environment(description))
    door = [sys.executable, "-m", "infra.local.front_door", "--port", str(port)]
    door += ["--description", str(folder / DESCRIPTION)]
    door += ["--http", f"http://{LOOPBACK}:{behind}"]
    children = [chalice]
    try:
        children.append(processes.spawn(door, cwd=ROOT))
        print(f"HTTP on http://localhost:{port}, Ctrl-C stops it; backed by:", flush=True)
        sys.exit(chalice.wait())
    finally:
        with processes.uninterrupted():
            for child in children:
                processes.stop(child)


def _environment(description: Description) -> dict[str, str]:
    """Return what the deployed function has in its environment, but for its own address."""
    handler = function_names(description)["APIHandler"]
    configuration = description.client("lambda").get_function_configuration(FunctionName=handler)
    deployed: dict[str, str] = configuration["Environment"]["Variables"]
    local = {"AWS_ENDPOINT_URL": f"http://{description.emulator_host}", "PUBLIC_BASE_URL": ""}
    return deployed | LOCAL_ENVIRONMENT | local


if __name__ == "__main__":
    main()
