"""An event loop in a thread of its own: the faults may block, the load and the proxies go on."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import uvloop

from infra.local.processes import uninterrupted
from infra.verify.chaos.proxies import AwsProxy, PostgresProxy

T = TypeVar("T")


class BackgroundLoop:
    """Runs coroutines as long as its block runs, then cancels those under way."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="background-loop")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with uninterrupted():
            self.run(_cancel_others())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine, and return its future."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result."""
        return self.start(coroutine).result()

    @contextmanager
    def serving(self, proxy: AwsProxy | PostgresProxy) -> Iterator[int]:
        """Serve a proxy while the block runs, and give its port."""
        port = self.run(proxy.start())
        try:
            yield port
        finally:
            with uninterrupted():
                self.run(proxy.stop())


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
