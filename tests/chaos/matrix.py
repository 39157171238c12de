"""The table of boundaries and moments, and what became of the orders after each crash."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.boundaries import Boundary, Moment, Strike

_COLUMN = 26
_NUMBER, _NAME, _SIZE = 4, 22, 6


@dataclass(slots=True)
class Matrix:
    """One scenario: a row per boundary, a column per moment."""

    title: str = ""
    boundaries: Sequence[Boundary] = ()
    cells: dict[Strike, str] = field(default_factory=dict)

    def open(self, title: str, boundaries: Sequence[Boundary]) -> None:
        self.title, self.boundaries = title, boundaries

    def strikes(self) -> list[Strike]:
        """Everything that can happen to a process that comes to these boundaries."""
        numbered = enumerate(self.boundaries, start=1)
        return [Strike(number, moment) for number, b in numbered for moment in b.moments]

    def fill(self, strike: Strike, outcome: str) -> None:
        self.cells[strike] = outcome

    def lines(self) -> Iterator[str]:
        yield f"{self.title}: {len(self.boundaries)} boundaries, {len(self.cells)} crashes"
        yield self._line("", "boundary", "size", [f"killed {moment}" for moment in Moment])
        for number, boundary in enumerate(self.boundaries, start=1):
            outcomes = [self.cells.get(Strike(number, moment), "") for moment in Moment]
            yield self._line(str(number), boundary.name, str(boundary.size), outcomes)
        yield ""

    def _line(self, number: str, name: str, size: str, cells: list[str]) -> str:
        left = f"{number:>{_NUMBER}} {name:<{_NAME}} {size:<{_SIZE}}"
        return (left + "".join(f"{cell:<{_COLUMN}}" for cell in cells)).rstrip()
