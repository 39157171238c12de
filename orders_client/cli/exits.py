"""How a command ends: its exit code, and the message on stderr."""

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

from orders_client import (
    Document,
    LostAnswerError,
    NoSingleOrderError,
    OrdersClient,
    ProblemError,
    StreamBrokenError,
)
from orders_client.cli.options import Service
from orders_client.cli.streams import is_output_failed
from orders_client.errors import TRANSPORT_ERRORS


class ExitCode(IntEnum):
    """The exit codes of every command. Scripts rely on them."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "success"
    ORDER_FAILED = 1, "an order failed, or was not accepted (submit --follow, follow, bench)"
    USAGE = 2, "wrong usage: nothing was sent, and stderr says how to correct it"
    REFUSED = 3, "the service refused the request (HTTP 4xx); stderr has the code and the reason"
    UNAVAILABLE = 4, "the service could not be reached, or failed (HTTP 5xx)"
    OUTPUT_LOST = 5, "the output could not be written (list, show, quote, …)"
    INTERRUPTED = 130, "Ctrl-C"


# Takes a client, and returns the exit code; None is OK.
Command = Callable[[OrdersClient], Awaitable[ExitCode | None]]


def run(service: Service, command: Command, *, as_json: bool) -> NoReturn:
    """Run a command with a client of the service, and exit with the code it returns, or OK.

    A refusal is printed to stderr: as its problem document if `as_json`, or in a sentence.
    """
    try:
        code = asyncio.run(_run_with_client(service, command)) or ExitCode.OK
    except ProblemError as refusal:
        code = ExitCode.REFUSED if refusal.status < 500 else ExitCode.UNAVAILABLE
        print_error(json.dumps(_with_key(refusal)) if as_json else describe(refusal))
    except NoSingleOrderError as error:
        code = ExitCode.REFUSED
        print_error(str(error))
    except LostAnswerError as error:
        code = ExitCode.UNAVAILABLE
        print_error(f"no answer: {error}; {how_to_repeat(error.idempotency_key)}")
    except (*TRANSPORT_ERRORS, StreamBrokenError) as error:
        code = ExitCode.UNAVAILABLE
        print_error(f"the service could not be reached: {str(error) or type(error).__name__}")
    raise typer.Exit(code)


def run_reading(
    service: Service, read: Callable[[OrdersClient], Awaitable[None]], *, as_json: bool
) -> NoReturn:
    """Run a command that does nothing but show what it reads."""

    async def read_and_show(client: OrdersClient) -> ExitCode:
        await read(client)
        return ExitCode.OUTPUT_LOST if is_output_failed() else ExitCode.OK

    run(service, read_and_show, as_json=as_json)


async def _run_with_client(service: Service, command: Command) -> ExitCode | None:
    async with service.client() as client:
        return await command(client)


def describe(refusal: ProblemError) -> str:
    """Return the code and reason of a refusal, and the request id that the logs have."""
    problem = refusal.problem
    # A gateway in front of the service may answer with `message` alone.
    code = problem.get("code") or refusal.status
    detail = problem.get("detail") or problem.get("message")
    request_id = problem.get("requestId")
    text = f"{code}: {detail}" + (f" (request {request_id})" if request_id else "")
    key = refusal.idempotency_key
    return f"{text}; {how_to_repeat(key)}" if key else text


def how_to_repeat(idempotency_key: str) -> str:
    """Say how the order that may have arrived is placed again without a second one."""
    option = f"--idempotency-key {shlex.quote(idempotency_key)}"
    return f"not known whether it arrived; trying again is safe with {option}"


def _with_key(refusal: ProblemError) -> Document:
    """Return the problem document; it has the key where trying again needs it."""
    key = refusal.idempotency_key
    return {**refusal.problem, "idempotencyKey": key} if key else dict(refusal.problem)


def print_error(message: str) -> None:
    """Print a message to stderr, in one line however long it is."""
    print_note(Text(message, style="red"))


def print_note(note: Text) -> None:
    """Print a text to stderr in its own style, in one line however long it is."""
    Console(stderr=True).print(note, soft_wrap=True)
