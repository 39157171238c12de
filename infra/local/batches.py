"""When the emulator starts a queue's next batch."""

import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

GAP_SECONDS = 0.05


class BatchPacer:
    """Lets batches fill while there is enough to fill them.

    As released, the next batch starts as soon as a message and a worker are there: under load each
    has a message or two, and costs nearly as much as one of ten. Here the next one starts
    GAP_SECONDS after one that was not full, unless that was a lone message with no other batch at
    work: who comes alone never waits. The batches of a FIFO queue follow one another as they are.
    """

    def __init__(
        self,
        concurrency: Callable[..., int] = lambda_svc._sqs_esm_concurrency,
        dispatch: Callable[..., None] = lambda_svc._dispatch_esm_batch,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Stand before the emulator's own two functions."""
        self._concurrency, self._dispatch, self._now = concurrency, dispatch, now
        self._not_before: dict[str, float] = {}
        self._is_waking = threading.Event()

    def concurrency(
        self,
        mapping: dict[str, Any],
        function: dict[str, Any],
        config: dict[str, Any],
        queue: dict[str, Any],
    ) -> int:
        """Return how many batches of the mapping may be at work: none before it is time."""
        wait_seconds = self._not_before.get(mapping["UUID"], 0.0) - self._now()
        if wait_seconds <= 0 or queue["is_fifo"]:
            return self._concurrency(mapping, function, config, queue)
        if not self._is_waking.is_set():
            self._is_waking.set()
            threading.Timer(wait_seconds, self._wake).start()
        return 0

    def dispatch(
        self,
        mapping_id: str,
        run: Callable[..., None],
        mapping: dict[str, Any],
        function: dict[str, Any],
        event: dict[str, Any],
        *given: Any,
    ) -> None:
        """Start a batch, and tell when the next one may start."""
        count = len(event["Records"])
        is_lone = count == 1 and not lambda_svc._esm_inflight.get(mapping_id)
        if not is_lone and count < mapping["BatchSize"]:
            self._not_before[mapping_id] = self._now() + GAP_SECONDS
        self._dispatch(mapping_id, run, mapping, function, event, *given)

    def _wake(self) -> None:
        self._is_waking.clear()
        lambda_svc._esm_wake.set()
