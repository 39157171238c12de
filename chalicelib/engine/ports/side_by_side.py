"""Doing several things at once."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class SideBySide(Protocol):
    """What makes calls at the same time."""

    def __call__(self, calls: Sequence[Callable[[], Result]]) -> Sequence[Result]:
        """Make the calls, and return what they return when all are done; or raise what one of them
        raises, when all are done."""
