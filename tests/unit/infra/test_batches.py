"""When the emulator starts a queue's next batch."""

from typing import Any

import pytest

from infra.local import batches
from infra.local.batches import GAP_SECONDS, BatchPacer

MAPPING = {"UUID": "of execute", "BatchSize": 10}
OTHER = {"UUID": "of publish", "BatchSize": 10}
WORKERS = 4


class Source:
    """An event source of the emulator whose batches the pacer lets in; time goes by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 100.0
        self.started: list[Any] = []
        self.pacer = BatchPacer(
            lambda *given: WORKERS, lambda *given: self.started.append(given), lambda: self.at
        )
        self.timers: list[tuple[float, Any]] = []
        self.inflight: dict[str, int] = {}
        monkeypatch.setattr(batches.lambda_svc, "_esm_inflight", self.inflight)
        monkeypatch.setattr(batches.threading, "Timer", self._timer)

    def _timer(self, seconds: float, act: Any) -> Any:
        self.timers.append((seconds, act))
        return type("Timer", (), {"start": lambda _: None})()

    def dispatch(self, count: int) -> None:
        event = {"Records": [{}] * count}
        self.pacer.dispatch(MAPPING["UUID"], print, MAPPING, {}, event, [], "url", "queue")

    def allowed(self, mapping: dict[str, Any] = MAPPING, *, is_fifo: bool = False) -> int:
        return self.pacer.concurrency(mapping, {}, {}, {"is_fifo": is_fifo})


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    return Source(monkeypatch)


@pytest.mark.parametrize(
    ("count", "at_work", "goes_on_at_once"),
    [(1, 0, True), (10, 0, True), (10, 2, True), (1, 1, False), (2, 0, False), (9, 3, False)],
    ids=["lone", "full", "full beside two", "one beside another", "two", "nine beside three"],
)
def test_batch_is_followed_at_once_when_it_was_full_or_a_lone_message(
    source: Source, count: int, at_work: int, goes_on_at_once: bool
) -> None:
    source.inflight[MAPPING["UUID"]] = at_work

    source.dispatch(count)

    assert source.allowed() == (WORKERS if goes_on_at_once else 0)
    assert len(source.started) == 1


def test_next_batch_may_start_when_the_gap_is_over(source: Source) -> None:
    source.dispatch(2)
    source.at += GAP_SECONDS

    assert source.allowed() == WORKERS


def test_other_queues_go_on_meanwhile(source: Source) -> None:
    source.dispatch(2)

    assert (source.allowed(), source.allowed(OTHER)) == (0, WORKERS)


def test_fifo_queue_never_waits(source: Source) -> None:
    source.dispatch(2)

    assert source.allowed(is_fifo=True) == WORKERS


def test_poller_is_woken_once_when_the_gap_is_over(source: Source) -> None:
    source.dispatch(2)
    for _ in range(3):
        source.allowed()

    [(seconds, wake)] = source.timers
    assert seconds == pytest.approx(GAP_SECONDS)
    batches.lambda_svc._esm_wake.clear()
    wake()
    assert batches.lambda_svc._esm_wake.is_set()
    source.allowed()
    assert len(source.timers) == 2
