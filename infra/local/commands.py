"""How a command ends: without a traceback, and with a line that says why."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import psycopg
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from infra.errors import DeploymentError, StackNotRunningError, StackStartError

INTERRUPTED = 128 + signal.SIGINT


@contextmanager
def command(*, stopped: str = "stopped", stopped_status: int = INTERRUPTED) -> Iterator[None]:
    """Run a command, and end it with a line on stderr instead of a traceback.

    Exits with `stopped_status` after Ctrl-C or SIGTERM, even where a shell had them ignored; with 2
    without the local stack that it needs; with 1 when a stack does not start or is not deployed, or
    when AWS or the database refuses.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        leave(f"\n{stopped}", stopped_status, style="")
    except StackNotRunningError as error:
        leave(error, 2)
    except (StackStartError, DeploymentError) as error:
        leave(error, 1)
    except (Boto3Error, BotoCoreError, ClientError, psycopg.Error) as error:
        leave(first_line(error), 1)


def first_line(error: Exception) -> str:
    """Return what the error says in one line: databases and AWS add details on further ones."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def leave(reason: object, status: int, *, style: str = "red") -> NoReturn:
    """Write the reason to stderr and exit with the status."""
    Console(stderr=True).print(Text(str(reason), style=style), soft_wrap=True)
    sys.exit(status)
