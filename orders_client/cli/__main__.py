"""`orders`, and `python -m orders_client.cli`."""

import signal

from orders_client.cli.app import app
from orders_client.cli.streams import tolerant_output


def main() -> None:
    """Run a command. Ctrl-C stops it, even if the shell that started it ignores interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tolerant_output():
        app(prog_name="orders")


if __name__ == "__main__":
    main()
