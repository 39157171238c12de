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

# A pipe or a file has no width: wide enough that no table is folded.
PIPE_COLUMNS = 200


def console(*, stderr: bool = False) -> Console:
    """Return a console for stdout or stderr; it colours and redraws only in a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    has_width = stream.isatty() or "COLUMNS" in os.environ
    return Console(stderr=stderr, highlight=False, width=None if has_width else PIPE_COLUMNS)


def print_json(document: Mapping[str, Any]) -> None:
    """Print a document on a line of its own, unbuffered."""
    print(json.dumps(document), flush=True)


def print_document(
    document: Mapping[str, Any], view: Callable[[], RenderableType], *, as_json: bool
) -> None:
    """Print the document as JSON for scripts, or what `view` returns for people."""
    if as_json:
        print_json(document)
    else:
        console().print(view())


def empty_table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table of columns with these plain headings; those in `right` are aligned so."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        justify: JustifyMethod = "right" if heading in right else "left"
        table.add_column(Text(heading), justify=justify, overflow="fold")
    return table


def add_row(table: Table, *cells: object, style: str | None = None) -> None:
    """Add a row; what looks like markup in a cell stays plain text."""
    texts = [cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells]
    table.add_row(*texts, style=style)


def percent(bps: int | float) -> str:
    """Return basis points as a percentage with two decimals."""
    return f"{bps / 100:.2f}%"
