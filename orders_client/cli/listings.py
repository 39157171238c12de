"""Lists: a table in a terminal, and lines of fields between tabs where a program reads."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table
from rich.text import Text

from orders_client.cli.output import add_row, console, empty_table, print_json

# Terminals with fewer columns get short cells.
WIDE_COLUMNS = 120
# Enough to tell orders, mints and pools apart.
ID_CHARACTERS = 8


class Cell(str):
    """A text that has a shorter form for narrow terminals."""

    short: str

    def __new__(cls, text: str, short: str) -> "Cell":
        cell = super().__new__(cls, text)
        cell.short = short
        return cell


def order_cell(order_id: str) -> Cell:
    """Return an order's id, of which the beginning names the order as well."""
    return Cell(order_id, order_id[:ID_CHARACTERS])


def address_cell(address: str) -> Cell:
    """Return an address, which is only shown when it is cut."""
    return Cell(address, f"{address[:ID_CHARACTERS]}…")


def time_cell(timestamp: str) -> Cell:
    """Return an ISO 8601 time in seconds, in UTC as the service gives it."""
    date, _, clock = timestamp[:19].partition("T")
    return Cell(f"{date} {clock}", f"{date[5:]} {clock[:5]}")


@dataclass(slots=True)
class Listing:
    """Rows of plain cells below headings; the columns in `right` are aligned so."""

    headings: tuple[str, ...]
    right: tuple[str, ...] = ()
    rows: list[tuple[object, ...]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Add a row."""
        self.rows.append(cells)

    def table(self, columns: int) -> Table:
        """Return the table for a terminal of so many columns."""
        table = empty_table(*self.headings, right=self.right)
        is_narrow = columns < WIDE_COLUMNS
        for row in self.rows:
            add_row(table, *(_shortened(cell) if is_narrow else cell for cell in row))
        return table

    def lines(self) -> Iterator[str]:
        """Yield a line for each row, without headings: whole cells between tabs."""
        for row in self.rows:
            yield "\t".join(" ".join(_plain(cell).split()) for cell in row)


def print_listing(
    document: Mapping[str, Any], listing: Callable[[], Listing], *, as_json: bool
) -> None:
    """Print the document as JSON, or what `listing` returns: for people in a terminal, for programs
    elsewhere."""
    if as_json:
        print_json(document)
        return
    out = console()
    if out.is_terminal:
        out.print(listing().table(out.width))
        return
    for line in listing().lines():
        print(line)


def _shortened(cell: object) -> object:
    return cell.short if isinstance(cell, Cell) else cell


def _plain(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
