"""Halt a stage, so that no order is taken and nothing new is signed, or let it go on."""

import argparse
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from chalicelib.adapters.postgres.halts import PostgresHaltSwitch
from chalicelib.engine.ports.halts import HaltSwitch
from infra.arguments import OneLineArgumentParser
from infra.deploy.remote import RemoteHaltSwitch
from infra.local.commands import command
from infra.operate.reach import add_stage, reached


def main() -> None:
    """Halt a stage or let it go on: one on AWS, in DATABASE_URL, or the running local stack."""
    parser = OneLineArgumentParser(description=main.__doc__)
    add_stage(parser)
    parser.add_argument("action", choices=["halt", "resume"])
    arguments = parser.parse_args()
    with command(), _switch(arguments) as switch:
        sys.exit(_run(arguments.action, switch))


def _switch(arguments: argparse.Namespace) -> AbstractContextManager[HaltSwitch]:
    return reached(arguments, remote=RemoteHaltSwitch, direct=PostgresHaltSwitch)


def _run(action: str, switch: HaltSwitch) -> int:
    now = datetime.now(UTC)
    if action == "halt":
        since = switch.halt(now)
        print(f"halted since {since:%Y-%m-%d %H:%M:%S} UTC; `make resume` ends it")
        return 0
    was_halted = switch.resume(now)
    print("resumed" if was_halted else "it was not halted")
    return 0


if __name__ == "__main__":
    main()
