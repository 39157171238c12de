"""An event loop in a thread of its own: what breaks things may block, all else goes on."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Protocol, Self, TypeVar

import uvloop

from infra.local.processes import uninterrupted

T = TypeVar("T")


class Server(Protocol):
    """Something that listens."""

    async def start(self) -> int:
        """Start to listen, and return the port."""

    async def stop(self) -> None:
        """Stop to listen."""


class BackgroundLoop:
    """Runs coroutines until it is left; then it cancels what is under way."""

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
        """Run a coroutine beside the caller."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result."""
        return self.start(coroutine).result()

    @contextmanager
    def serving(self, server: Server) -> Iterator[int]:
        """Keep a server up, and tell its port."""
        port = self.run(server.start())
        try:
            yield port
        finally:
            with uninterrupted():
                self.run(server.stop())


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
