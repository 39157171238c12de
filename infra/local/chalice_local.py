"""`chalice local` for HTTP development: the code as it is on disk, with the queues, table and
database of the running `make dev` stack."""

import os

from infra.arguments import OneLineArgumentParser, port_number
from infra.deploy.clients import LOCAL_ENVIRONMENT
from infra.local.commands import command
from infra.local.description import Description, running
from infra.local.processes import LOOPBACK
from infra.paths import ROOT
from infra.programs import program


def main() -> None:
    """Serve the HTTP routes on a port of their own, with Chalice's reloading server."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=port_number, default=8000)
    arguments = parser.parse_args()
    with command():
        description = running()
    os.chdir(ROOT)
    words = [program("chalice"), "local", "--stage", "local", "--host", LOOPBACK]
    words += ["--port", str(arguments.port)]
    os.execve(words[0], words, os.environ | _environment(description))


def _environment(description: Description) -> dict[str, str]:
    outputs = description.outputs
    websocket = f"{description.parameters['WebsocketDataPlane']}/{outputs['WebsocketAPIId']}/live"
    return LOCAL_ENVIRONMENT | {
        "AWS_ENDPOINT_URL": f"http://{description.emulator_host}",
        "SETTINGS_SECRET_ID": description.settings_secret_arn,
        "ORDERS_QUEUE_URL": outputs["OrdersQueue"],
        "STATUS_QUEUE_URL": outputs["StatusQueue"],
        "CONNECTIONS_TABLE": outputs["ConnectionsTable"],
        "WEBSOCKET_MANAGEMENT_URL": websocket,
        "STREAM_URL": description.parameters["StreamUrl"],
        "PUBLIC_BASE_URL": "",
    }


if __name__ == "__main__":
    main()
