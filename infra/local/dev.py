"""Keep the local stack up, its data under .local/, until Ctrl-C."""

import argparse
import signal
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from infra.local.description import LOCAL_FOLDER, Description
from infra.local.processes import interrupt_on_signals
from infra.local.stack import LocalStack

EXAMPLE = (
    "curl -X POST {url}/api/orders/execute -H 'Content-Type: application/json' "
    '-d \'{{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1.0}}\''
)


def main() -> None:
    """Start the local stack and print where everything is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--latency", default="2000-3000", help="milliseconds, or a range")
    parser.add_argument("--auth", choices=["none", "api_key"], default="none")
    arguments = parser.parse_args()
    parameters = {"LatencyMs": arguments.latency, "AuthMode": arguments.auth}
    interrupt_on_signals()
    console = Console()
    try:
        _keep_up(arguments.port, parameters, console)
    except KeyboardInterrupt:
        console.print("\nstopped; the data stay in .local/")
    except RuntimeError as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(1)


def _keep_up(port: int, parameters: Mapping[str, str], console: Console) -> None:
    with console.status("starting") as status:
        stack = LocalStack(LOCAL_FOLDER, port=port, parameters=parameters, report=status.update)
        stack.start()
    with stack:
        _describe(stack.description, console)
        while True:
            signal.pause()


def _describe(description: Description, console: Console) -> None:
    table = Table.grid(padding=(0, 2))
    url = description.base_url
    table.add_row("Dashboard and HTTP", url)
    table.add_row("WebSocket", f"{url.replace('http', 'ws')}/api/orders/execute?orderId=…")
    table.add_row("PostgreSQL", description.database_url)
    table.add_row("AWS emulator", f"http://{description.emulator_host}")
    table.add_row("Logs", str(LOCAL_FOLDER))
    console.print(table)
    console.print(f"\nTry:  {EXAMPLE.format(url=url)}\n", soft_wrap=True, highlight=False)
    console.print("Ctrl-C stops it; `make deploy STAGE=local` redeploys the code as it is now.")


if __name__ == "__main__":
    main()
