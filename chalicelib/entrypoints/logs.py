"""Logs as JSON lines: the action, then its fields; some lines are metrics as well."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from chalicelib.entrypoints import metrics

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


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
