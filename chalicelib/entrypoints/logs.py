"""Logs as JSON lines: the action, then its fields; some lines are metrics as well."""

import json
import logging
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TextIO

from chalicelib.entrypoints import metrics

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@dataclass(frozen=True, slots=True)
class _Handling:
    """What is being handled: one request, WebSocket event, batch or run of the schedule."""

    request_id: str
    started_at: float = field(default_factory=perf_counter)


_NOTHING = _Handling(request_id="")
_handling: ContextVar[_Handling] = ContextVar("_handling", default=_NOTHING)


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object; what was passed as `extra` stands beside the action."""

    def __init__(self, stack: str = "") -> None:
        super().__init__()
        self._stack = stack

    def format(self, record: logging.LogRecord) -> str:
        action = record.getMessage()
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "action": action,
            "request_id": request_id(),
            **fields,
            **metrics.embedded(action, fields, stack=self._stack, at_seconds=record.created),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str, *, stack: str, stream: TextIO | None = None) -> None:
    """Send this project's logs to standard error, and nobody else's below a warning.

    Below `level` only metrics are written: they count whatever the log shows.
    """
    least = logging.getLevelNamesMapping()[level]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(stack))
    handler.addFilter(lambda r: r.levelno >= least or r.getMessage() in metrics.METRICS)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("chalicelib").setLevel(min(least, logging.INFO))


@contextmanager
def handling(context: Any) -> Iterator[None]:
    """Name what is handled on every line that is logged meanwhile.

    `context` is what Chalice calls so: API Gateway's for HTTP, Lambda's for all else.
    """
    is_http = isinstance(context, Mapping)
    request_id = context.get("requestId") if is_http else context.aws_request_id
    # `chalice local` names no request.
    request_id = request_id or str(uuid.uuid4())
    token = _handling.set(_Handling(request_id))
    try:
        yield
    finally:
        _handling.reset(token)


def request_id() -> str:
    """The name of what is being handled."""
    return _handling.get().request_id


def elapsed_ms() -> int:
    """How long it has been handled."""
    return int((perf_counter() - _handling.get().started_at) * 1000)
