"""Halt a stage, so that no order is taken and nothing new is signed, or let it go on."""

import os
import sys
from contextlib import closing
from datetime import UTC, datetime

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.halts import PostgresHaltSwitch
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.halts import HaltSwitch
from infra.arguments import OneLineArgumentParser, database_url
from infra.deploy.operator import operator_of
from infra.deploy.remote import RemoteHaltSwitch
from infra.local.commands import command, first_line, leave
from infra.local.description import running
from infra.stages import LOCAL, stage_name, target_of


def main() -> None:
    """Halt a stage or let it go on: one on AWS, in DATABASE_URL, or the running local stack."""
    parser = OneLineArgumentParser(description=main.__doc__)
    default = os.environ.get("DATABASE_URL")
    parser.add_argument("--stage", type=stage_name, default=LOCAL)
    parser.add_argument("--database-url", type=database_url, default=default)
    parser.add_argument("action", choices=["halt", "resume"])
    arguments = parser.parse_args()
    with command():
        if arguments.stage != LOCAL:
            operator = operator_of(target_of(arguments.stage))
            sys.exit(_run(arguments.action, RemoteHaltSwitch(operator)))
        url = arguments.database_url or running(instead="set DATABASE_URL").database_url
        with closing(PostgresDatabase(url)) as database:
            try:
                sys.exit(_run(arguments.action, PostgresHaltSwitch(database)))
            except UnavailableError as error:
                leave(first_line(error), 2)


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
