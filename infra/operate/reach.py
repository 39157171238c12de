"""How a command reaches what it works on: a stage on AWS through its function, or a database."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.engine.errors import UnavailableError
from infra.arguments import database_url
from infra.deploy.operator import Operator, operator_of
from infra.local.commands import first_line, leave
from infra.local.description import running
from infra.stages import LOCAL, stage_name, target_of

Port = TypeVar("Port")


def add_stage(parser: argparse.ArgumentParser) -> None:
    """Let a command take a stage, or the URL of a database."""
    parser.add_argument("--stage", type=stage_name, default=LOCAL)
    default = os.environ.get("DATABASE_URL")
    parser.add_argument("--database-url", type=database_url, default=default)


@contextmanager
def reached(
    arguments: argparse.Namespace,
    *,
    remote: Callable[[Operator], Port],
    direct: Callable[[PostgresDatabase], Port],
) -> Iterator[Port]:
    """Give a port of the stage that the arguments name, of the database whose URL they have, or of
    the running local stack. Exits with 2 when the database is out of reach."""
    if arguments.stage != LOCAL:
        yield remote(operator_of(target_of(arguments.stage)))
        return
    url = arguments.database_url or running(instead="set DATABASE_URL").database_url
    with closing(PostgresDatabase(url)) as database:
        try:
            yield direct(database)
        except UnavailableError as error:
            leave(first_line(error), 2)
