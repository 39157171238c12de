"""Run the local stack until Ctrl-C, its data under .local/."""

import signal
from collections.abc import Mapping

from rich.console import Console

from infra.arguments import OneLineArgumentParser, port_number
from infra.deploy.parameters import parameter_type
from infra.local.commands import command
from infra.local.description import LOCAL_FOLDER, Description
from infra.local.stack import LocalStack
from infra.tables import pairs_table

EXAMPLE = (
    "curl -X POST {url}/api/orders/execute -H 'Content-Type: application/json' "
    '-d \'{{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1.0}}\''
)


def main() -> None:
    """Start the local stack, print where its parts are, and run it until Ctrl-C."""
    parser = OneLineArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=port_number, default=3000)
    latency = parameter_type("LatencyMs")
    parser.add_argument("--latency", type=latency, default="2000-3000", help="ms, or a range")
    parser.add_argument("--auth", choices=["none", "api_key"], default="none")
    arguments = parser.parse_args()
    parameters = {"LatencyMs": arguments.latency, "AuthMode": arguments.auth}
    with command(stopped="stopped; its data stays in .local/", stopped_status=0):
        _run(arguments.port, parameters, Console())


def _run(port: int, parameters: Mapping[str, str], console: Console) -> None:
    with console.status("starting") as status:
        stack = LocalStack(LOCAL_FOLDER, port=port, parameters=parameters, report=status.update)
        stack.start()
    with stack:
        _describe(stack.description, console)
        while True:
            signal.pause()


def _describe(description: Description, console: Console) -> None:
    url = description.base_url
    places = {
        "Dashboard and HTTP": url,
        "WebSocket": f"{description.stream_url}?orderId=…",
        "PostgreSQL": description.database_url,
        "AWS emulator": f"http://{description.emulator_host}",
        "Logs": LOCAL_FOLDER,
    }
    console.print(pairs_table(places))
    console.print(f"\nTry:  {EXAMPLE.format(url=url)}\n", soft_wrap=True, highlight=False)
    console.print("Ctrl-C stops it; `make deploy STAGE=local` deploys the current code.")


if __name__ == "__main__":
    main()
