"""What a long command says while it works: a line for each step, and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

#: Takes what is happening, a line at a time.
Report = Callable[[str], None]

_NAME_WIDTH = 10


class Progress:
    """A line for each step when it has ended: its name, what came of it, and its seconds. What
    happens meanwhile comes before it, indented."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Run a step, and say afterwards what it put into the list."""
        outcome: list[str] = []
        begun = time.monotonic()
        with self._console.status(name):
            yield outcome
        seconds = f"{time.monotonic() - begun:.1f} s"
        self._print(f"{name:<{_NAME_WIDTH}}  {', '.join(outcome) or 'done'}  ({seconds})")

    def report(self, line: str) -> None:
        """Say what happens within a step."""
        self._print(f"{'':<{_NAME_WIDTH}}  {line}", "dim")

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(Text(line, style=style), soft_wrap=True)
