"""Threads that are kept: as many at once as there are calls, and each for what comes next."""

import threading
import time
from collections.abc import Callable

import pytest

from infra.local.kept_threads import KeptThread, KeptThreads

DEADLINE_SECONDS = 10
# The end of a thread by an exception is what is wanted here.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def started(threads: KeptThreads, target: Callable[[], object]) -> KeptThread:
    thread = threads.thread(target=target, name="kept-for-test", daemon=True)
    thread.start()
    return thread


def test_the_same_thread_does_what_comes_next() -> None:
    threads, idents = KeptThreads(), list[int]()
    for _ in range(5):
        started(threads, lambda: idents.append(threading.get_ident())).join(DEADLINE_SECONDS)
    assert len(idents) == 5
    assert len({*idents}) == 1


def test_calls_that_wait_for_each_other_all_run() -> None:
    threads, together = KeptThreads(), threading.Barrier(20, timeout=DEADLINE_SECONDS)
    for _ in range(2):
        calls = [started(threads, together.wait) for _ in range(20)]
        for call in calls:
            call.join(DEADLINE_SECONDS)
        assert [call.is_alive() for call in calls] == [False] * 20
    assert not together.broken


def test_call_is_alive_until_it_ends() -> None:
    may_end = threading.Event()
    call = started(KeptThreads(), lambda: may_end.wait(DEADLINE_SECONDS))
    call.join(0.001)
    assert call.is_alive()
    may_end.set()
    call.join()
    assert not call.is_alive()


def test_call_that_raises_ends_with_its_thread() -> None:
    threads, idents = KeptThreads(), list[int]()

    def fail() -> None:
        idents.append(threading.get_ident())
        raise SystemExit

    for _ in range(2):
        call = started(threads, fail)
        call.join(DEADLINE_SECONDS)
        assert not call.is_alive()
    started(threads, lambda: idents.append(threading.get_ident())).join(DEADLINE_SECONDS)
    assert len(idents) == 3


def test_thread_ends_when_nobody_needs_it() -> None:
    threads = KeptThreads(kept_seconds=0.01)
    found: list[threading.Thread] = []
    started(threads, lambda: found.append(threading.current_thread())).join(DEADLINE_SECONDS)
    found[0].join(DEADLINE_SECONDS)
    assert not found[0].is_alive()
    started(threads, lambda: found.append(threading.current_thread())).join(DEADLINE_SECONDS)
    assert found[1] is not found[0]


def test_no_call_is_lost_while_threads_end() -> None:
    threads, count = KeptThreads(kept_seconds=0), list[int]()
    ends_at = time.monotonic() + 0.2
    made = 0
    while time.monotonic() < ends_at:
        started(threads, lambda: count.append(1)).join(DEADLINE_SECONDS)
        made += 1
    assert len(count) == made
