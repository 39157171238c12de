"""Calls side by side: most of their time they wait for an answer."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from typing import TypeVar

CALLS_AT_ONCE = 10
# Calls that are made side by side may make such calls themselves.
THREADS_MAX = CALLS_AT_ONCE**2

Result = TypeVar("Result")


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process. They are kept: to start one takes longer than a call."""
    return ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="side-by-side")


def side_by_side(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make the calls, CALLS_AT_ONCE at a time, in threads and in this context; return what they
    return. When one raises, so does this, once all are done."""
    made: list[Future[Result]] = [Future() for _ in calls]
    waiting = deque(zip(calls, made, strict=True))

    def work() -> None:
        # Whoever finds it empty is done: others may have taken the last.
        with suppress(IndexError):
            while True:
                call, outcome = waiting.popleft()
                try:
                    outcome.set_result(call())
                except BaseException as error:
                    outcome.set_exception(error)

    helpers = min(len(calls), CALLS_AT_ONCE) - 1
    helping = [_threads().submit(copy_context().run, work) for _ in range(helpers)]
    # The caller works too: it never waits for a thread that is not to be had.
    work()
    for helper in helping:
        if not helper.cancel():
            helper.result()
    return [outcome.result() for outcome in made]
