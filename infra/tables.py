"""Tables of figures for terminals."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text


def figure_table(names: Sequence[str], figures: Sequence[str], **options: Any) -> Table:
    """Return an empty table: columns of names, then columns of figures, aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", **options)
    for heading in (*names, *figures):
        table.add_column(heading, justify="right" if heading in figures else "left", no_wrap=True)
    return table


def pairs_table(pairs: Mapping[str, object]) -> Table:
    """Return a table of names and what belongs to each, as plain text."""
    table = Table.grid(padding=(0, 2))
    for name, value in pairs.items():
        table.add_row(name, Text(str(value)))
    return table
