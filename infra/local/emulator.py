"""Run the AWS emulator on uvicorn, with its slow paths replaced.

With 1,000 orders at zero latency the emulator is the bottleneck: uvicorn, prune_deduplication and
PooledWorker each save a third or more of what an order costs it. LinkedWorker is for cold starts,
POLL_GAP_SECONDS for a FIFO queue, which allows one batch at a time. What the emulator answers stays
the same, but it imports REST APIs completely.
"""

import gc
import hashlib
import io
import os
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from email.utils import formatdate
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, ClassVar

import uvicorn
from ministack import app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sqs

from infra.local import rest_apis
from infra.local.call_counter import COUNT_CALLS, CallCounter

KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 1
WEBSOCKET_EVENTS_AT_ONCE = 2
# How long to wait for the first line of a call's log, and for each line after it.
LOG_WAIT_SECONDS = (0.002, 0.001)
# How long a poller that found nothing waits. That of status.fifo often finds nothing, for one batch
# is under way at a time.
POLL_GAP_SECONDS = 0.005


def prune_deduplication(queue: dict[str, Any]) -> None:
    """Forget the expired entries of a FIFO queue's deduplication cache.

    They expire in the order they came. As released, the whole five-minute cache is copied for each
    message sent.
    """
    cache: dict[str, dict[str, Any]] = queue["dedup_cache"]
    now = time.time()
    while cache:
        oldest = next(iter(cache))
        if cache[oldest]["expire"] > now:
            return
        del cache[oldest]


class PooledWorker:
    """A function's processes for WebSocket events, a few at once.

    As released, all events of a function wait for its first process, so that a connect stands
    behind every other connect.
    """

    _turns: ClassVar[defaultdict[str, threading.BoundedSemaphore]] = defaultdict(
        lambda: threading.BoundedSemaphore(WEBSOCKET_EVENTS_AT_ONCE)
    )

    def __init__(self, name: str, config: dict[str, Any], code: bytes, qualifier: str) -> None:
        self._name, self._lease = name, (name, config, code, qualifier)

    def invoke(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Run the function in a process that nobody else uses meanwhile."""
        with self._turns[self._name]:
            worker, _ = lambda_runtime.acquire_worker(*self._lease)
            try:
                answer: dict[str, Any] = worker.invoke(event, request_id)
                return answer
            finally:
                lambda_runtime.release_worker(worker)


class LinkedWorker(lambda_runtime.Worker):  # type: ignore[misc]
    """A process whose code is a link to what all of its functions share, as /var/task is read-only
    on AWS.

    As released, each process writes down and unpacks sixty megabytes of its own: when many start at
    once, all wait for the disk. And after each call it waits five milliseconds for what may still
    be logged; what was logged during the call is there at once.
    """

    _links: ClassVar[dict[bytes, bytes]] = {}
    _turn: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str, config: dict[str, Any], code: bytes) -> None:
        super().__init__(name, config, self._link_to(code))

    def _drain_stderr_bounded(self, *_: float) -> str:
        log: str = super()._drain_stderr_bounded(*LOG_WAIT_SECONDS)
        return log

    @classmethod
    def _link_to(cls, code: bytes) -> bytes:
        """Return an empty package whose comment says where the contents of this one are."""
        digest = hashlib.sha256(code).digest()
        with cls._turn:
            if digest not in cls._links:
                folder = tempfile.mkdtemp(prefix="ministack-code-")
                with zipfile.ZipFile(io.BytesIO(code)) as package:
                    package.extractall(folder)
                link = io.BytesIO()
                with zipfile.ZipFile(link, "w") as empty:
                    empty.comment = folder.encode()
                cls._links[digest] = link.getvalue()
            return cls._links[digest]


class Link(zipfile.ZipFile):
    """The package of a LinkedWorker."""

    def extractall(self, path: Any = None, *arguments: Any, **options: Any) -> None:
        """Make `path` a link to the contents."""
        os.rmdir(path)
        os.symlink(self.comment.decode(), path)


@lru_cache(maxsize=1)
def _date_at(second: int) -> str:
    return formatdate(second, usegmt=True)


def date_now(*, usegmt: bool) -> str:
    """Return the Date of an answer; as released, it is written anew for each."""
    return _date_at(int(time.time()))


def main() -> None:
    """Serve the emulator on BIND_HOST and GATEWAY_PORT."""
    gc.set_threshold(100_000, 50, 50)
    rest_apis.patch_emulator()
    app.formatdate = date_now
    sqs._prune_dedup = prune_deduplication
    lambda_runtime.get_or_create_worker = PooledWorker
    lambda_runtime.Worker = LinkedWorker
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = POLL_GAP_SECONDS
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": Link})
    uvicorn.run(
        CallCounter(app.app) if os.environ.get(COUNT_CALLS) else app.app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        access_log=False,
        # The application sets the one Date that AWS sends, and nobody stands before it.
        date_header=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
