"""Run the AWS emulator, served by uvicorn, with three of its slow paths mended.

Measured here with 1,000 orders at zero latency: the emulator is the bottleneck, and uvicorn and the
first two each take a third or more off what an order costs it; the third is for cold starts.
Nothing of what it answers changes.
"""

import gc
import os
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from types import SimpleNamespace
from typing import Any, ClassVar

import uvicorn
from ministack import app
from ministack.core import lambda_runtime
from ministack.services import sqs

KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 1
WEBSOCKET_EVENTS_AT_ONCE = 2


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


class SharedCode(zipfile.ZipFile):
    """A package that all processes of its functions share, as /var/task is read-only on AWS.

    As released, each process unpacks its own: when many start at once they wait for each other.
    """

    _folders: ClassVar[dict[str, str]] = {}
    _turn: ClassVar[threading.Lock] = threading.Lock()

    def extractall(self, path: Any = None, *arguments: Any, **options: Any) -> None:
        """Make `path` a link to the package's contents."""
        os.rmdir(path)
        os.symlink(self._folder(), path)

    def _folder(self) -> str:
        contents = repr([(item.filename, item.CRC) for item in self.infolist()])
        with self._turn:
            if contents not in self._folders:
                folder = tempfile.mkdtemp(prefix="ministack-code-")
                super().extractall(folder)
                self._folders[contents] = folder
            return self._folders[contents]


def main() -> None:
    """Serve the emulator on BIND_HOST and GATEWAY_PORT."""
    gc.set_threshold(100_000, 50, 50)
    sqs._prune_dedup = prune_deduplication
    lambda_runtime.get_or_create_worker = PooledWorker
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedCode})
    uvicorn.run(
        app.app,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
