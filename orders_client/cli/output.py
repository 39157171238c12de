"""Where output goes: documents and tables to stdout, messages and progress to stderr."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rich import box
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

# Nobody's window ends in a pipe or a file: lines are as long as they are.
PIPE_COLUMNS = 200


def console(*, stderr: bool = False) -> Console:
    """A console that leaves colours and cursor movements to terminals."""
    stream = sys.stderr if stderr else sys.stdout
    fixed = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, highlight=False, width=None if fixed else PIPE_COLUMNS)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one document, on one line, at once."""
    print(json.dumps(document), flush=True)


def tell(document: Mapping[str, Any], view: Callable[[], RenderableType], *, as_json: bool) -> None:
    """Write the document for scripts, or its view for people."""
    if as_json:
        print_json(document)
    else:
        console().print(view())


def table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """An empty table with these columns; those in `right` are of numbers."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        justify: JustifyMethod = "right" if heading in right else "left"
        made.add_column(heading, justify=justify, overflow="fold")
    return made


def add_row(to: Table, *cells: object, style: str | None = None) -> None:
    """Add a row; its cells are text, whatever is in them."""
    texts = [cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells]
    to.add_row(*texts, style=style)


def percent(bps: int | float) -> str:
    """Basis points for people."""
    return f"{bps / 100:.2f}%"
