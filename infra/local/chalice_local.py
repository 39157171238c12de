"""`chalice local` for HTTP development: the code as it is on disk, with the queues, table and
database of the running `make dev` stack."""

import argparse
import os
import sys
from pathlib import Path

from infra.deploy.clients import LOCAL_REGION
from infra.local.description import Description, running
from infra.paths import ROOT


def main() -> None:
    """Serve the HTTP routes on a port of their own, with Chalice's reloading server."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", default="8000")
    arguments = parser.parse_args()
    try:
        description = running()
    except FileNotFoundError:
        sys.exit("the stack is not up: run `make dev` in another terminal first")
    chalice = str(Path(sys.executable).with_name("chalice"))
    os.chdir(ROOT)
    os.execve(
        chalice,
        [chalice, "local", "--stage", "local", "--host", "127.0.0.1", "--port", arguments.port],
        os.environ | _environment(description),
    )


def _environment(description: Description) -> dict[str, str]:
    outputs = description.outputs
    websocket = f"{description.parameters['WebsocketDataPlane']}/{outputs['WebsocketAPIId']}/live"
    return {
        "AWS_ENDPOINT_URL": f"http://{description.emulator_host}",
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
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
