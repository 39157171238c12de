"""Calls side by side: most of their time they wait for an answer."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

CALLS_AT_ONCE = 10

Result = TypeVar("Result")


def side_by_side(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make the calls, CALLS_AT_ONCE at a time, each in a thread and in this context; return what
    they return. When one raises, so does this, once all are done."""
    if len(calls) <= 1:
        return [call() for call in calls]
    with ThreadPoolExecutor(min(len(calls), CALLS_AT_ONCE)) as threads:
        return [
            made.result() for made in [threads.submit(copy_context().run, call) for call in calls]
        ]
