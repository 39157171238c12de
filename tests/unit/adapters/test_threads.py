from contextvars import ContextVar
from functools import partial
from threading import Barrier, Thread, get_ident

import pytest

from chalicelib.adapters.threads import CALLS_AT_ONCE, THREADS_MAX, side_by_side


def test_calls_run_at_the_same_time_and_answer_in_order() -> None:
    meeting = Barrier(CALLS_AT_ONCE, timeout=10)

    def meet(number: int) -> int:
        meeting.wait()
        return number

    numbers = range(CALLS_AT_ONCE)
    assert side_by_side([partial(meet, number) for number in numbers]) == [*numbers]


@pytest.mark.parametrize("many", [0, 1])
def test_no_thread_is_started_when_there_is_nothing_beside(many: int) -> None:
    assert side_by_side([get_ident] * many) == [get_ident()] * many


def test_calls_see_the_context_of_their_caller() -> None:
    request_id: ContextVar[str] = ContextVar("request_id")
    request_id.set("a-request")

    assert side_by_side([request_id.get] * 3) == ["a-request"] * 3


def test_threads_are_kept_for_the_next_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Thread] = []
    start = Thread.start
    monkeypatch.setattr(Thread, "start", lambda self: (started.append(self), start(self)))
    for _ in range(THREADS_MAX):
        side_by_side([get_ident] * CALLS_AT_ONCE)
    assert len(started) < THREADS_MAX


def test_calls_within_calls_end_when_all_threads_are_taken() -> None:
    many = [get_ident] * (2 * CALLS_AT_ONCE)
    within = partial(side_by_side, [partial(side_by_side, many)] * (2 * CALLS_AT_ONCE))
    threads = {t for outer in side_by_side([within] * CALLS_AT_ONCE) for ids in outer for t in ids}
    assert len(threads) <= THREADS_MAX + 1
