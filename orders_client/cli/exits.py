"""How a command ends: what its exit code means, and what it says on stderr."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

from orders_client import OrdersClient, ProblemError, StreamBrokenError
from orders_client.cli.options import Service
from orders_client.errors import TRANSPORT_ERRORS


class ExitCode(IntEnum):
    """What scripts can rely on."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "all went well"
    ORDER_FAILED = 1, "an order failed, or was not accepted (submit --follow, follow, bench)"
    USAGE = 2, "wrong usage"
    REFUSED = 3, "the service refused (HTTP 4xx); stderr has its code and reason"
    UNAVAILABLE = 4, "the service was not reached, or could not answer (5xx)"
    INTERRUPTED = 130, "Ctrl-C"


def run(
    at: Service, command: Callable[[OrdersClient], Awaitable[ExitCode | None]], *, as_json: bool
) -> NoReturn:
    """Run a command with a client of that service, and exit with its code."""
    try:
        code = asyncio.run(_with_client(at, command)) or ExitCode.OK
    except ProblemError as refusal:
        code = ExitCode.REFUSED if refusal.status < 500 else ExitCode.UNAVAILABLE
        _say(json.dumps(refusal.problem) if as_json else describe(refusal))
    except (*TRANSPORT_ERRORS, StreamBrokenError) as error:
        code = ExitCode.UNAVAILABLE
        _say(f"the service was not reached: {str(error) or type(error).__name__}")
    raise typer.Exit(code)


async def _with_client(
    at: Service, command: Callable[[OrdersClient], Awaitable[ExitCode | None]]
) -> ExitCode | None:
    async with at.client() as client:
        return await command(client)


def describe(refusal: ProblemError) -> str:
    """Tell people what the service had against a call, and by which id its log knows it."""
    problem = refusal.problem
    # What stands before a service refuses in other words than the service.
    code = problem.get("code") or refusal.status
    detail = problem.get("detail") or problem.get("message")
    request_id = problem.get("requestId")
    return f"{code}: {detail}" + (f" (request {request_id})" if request_id else "")


def _say(message: str) -> None:
    Console(stderr=True).print(Text(message, style="red"), soft_wrap=True)
