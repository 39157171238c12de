"""The table of error codes in docs/errors.md, written by `python -m infra.generate.error_table`."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import NamedTuple

import chalicelib
from chalicelib.domain.errors import CodedError, ExecutionError, OrderError
from chalicelib.engine.errors import (
    ConnectionGoneError,
    FrameRefusedError,
    TooManySubscriptionsError,
)
from chalicelib.entrypoints import problems
from chalicelib.entrypoints.errors import InvalidAfterError, InvalidBatchError, UnknownActionError
from infra.deploy.gateway import REFUSALS, Refusal
from infra.paths import ROOT

PAGE = ROOT / "docs" / "errors.md"
BEGIN, END = "<!-- error codes: begin -->\n", "<!-- error codes: end -->\n"
HEAD = "| code | where | again? | meaning |\n| --- | --- | --- | --- |\n"
# Only a WebSocket has these: in an error frame, or when it is closed.
OF_FRAMES = (
    ConnectionGoneError,
    FrameRefusedError,
    InvalidAfterError,
    InvalidBatchError,
    TooManySubscriptionsError,
    UnknownActionError,
)
# These have no error class: Chalice answers the first, API Gateway the others.
NO_CLASS = (
    Refusal(
        405,
        "METHOD_NOT_ALLOWED",
        "This path does not allow that method; `Allow` lists those it does.",
    ),
    *REFUSALS.values(),
)


class Row(NamedTuple):
    """A code, where it occurs, whether a client should try again, what it means."""

    code: str
    where: str
    retryable: bool
    meaning: str


def table() -> str:
    """Return the table in Markdown, sorted by code."""
    return HEAD + "".join(
        f"| `{row.code}` | {row.where} | {'yes' if row.retryable else 'no'} | {row.meaning} |\n"
        for row in sorted(_rows())
    )


def with_table(page: str) -> str:
    """Return the page with the table of today."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def _rows() -> list[Row]:
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    kinds: list[type[CodedError]] = [CodedError, *_below(CodedError)]
    rows = {kind.code: _row(kind) for kind in kinds if "code" in vars(kind)}
    own = {r.code: Row(r.code, str(r.status), r.status in (429, 503), r.detail) for r in NO_CLASS}
    return [*(own | rows).values()]


def _below(kind: type[CodedError]) -> Iterator[type[CodedError]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("chalicelib."):
            yield child
            yield from _below(child)


def _row(kind: type[CodedError]) -> Row:
    meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    if kind is CodedError:
        meaning = "An unexpected error; find it in the logs by its `requestId`."
    return Row(kind.code, _where(kind), kind.retryable, meaning)


def _where(kind: type[CodedError]) -> str:
    """The HTTP status, and whether it stands in a failed order's events or in an error frame."""
    places = []
    status = problems.http_status(kind())
    if status != 500 or not issubclass(kind, ExecutionError):
        places.append(str(status))
    if issubclass(kind, OrderError):
        places.append("order")
    if kind in OF_FRAMES:
        places.append("frame")
    return ", ".join(places)


def main() -> None:
    """Write the table to its page."""
    PAGE.write_text(with_table(PAGE.read_text()))


if __name__ == "__main__":
    main()
