"""Threads that are kept for the next call, where the emulator makes one for each."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

KEPT_SECONDS = 10.0

Inbox = SimpleQueue["KeptThread"]


class KeptThreads:
    """As many threads as there are calls at once, as with one for each: no call waits for another,
    which may be waiting for it."""

    def __init__(self, kept_seconds: float = KEPT_SECONDS) -> None:
        """A thread ends that nobody has needed for so long."""
        self._kept_seconds = kept_seconds
        # Where threads wait that have nothing to do; the one that worked last works next.
        self._idle: deque[Inbox] = deque()

    def thread(
        self, *, target: Callable[[], object], name: str | None = None, daemon: bool = True
    ) -> "KeptThread":
        """Return what can be used like a new thread; like all of these, it is a daemon."""
        return KeptThread(self, target, name)

    def take(self, work: "KeptThread", name: str | None) -> None:
        """Do the work in an idle thread, in a new one if there is none. Raises RuntimeError when
        there can be no more threads."""
        try:
            inbox = self._idle.pop()
        except IndexError:
            threading.Thread(target=self._serve, args=(work,), name=name, daemon=True).start()
        else:
            inbox.put(work)

    def _serve(self, first: "KeptThread") -> None:
        inbox: Inbox = SimpleQueue()
        work: KeptThread | None = first
        while work:
            # Idle before the work has ended, for whoever waits for that.
            work.run(before_end=lambda: self._idle.append(inbox))
            # What it holds shall not live until the next one comes.
            work = None
            work = self._next(inbox)

    def _next(self, inbox: Inbox) -> "KeptThread | None":
        """Return what is to be done next; nothing when it does not come in time."""
        with suppress(Empty):
            return inbox.get(timeout=self._kept_seconds)
        try:
            self._idle.remove(inbox)
        except ValueError:
            # Somebody has chosen this one just now.
            return inbox.get()
        return None


class KeptThread:
    """What a caller has of a thread: to start it, and to wait until it has ended."""

    def __init__(
        self, threads: KeptThreads, target: Callable[[], object], name: str | None
    ) -> None:
        self._threads, self._target, self._name = threads, target, name
        self._is_at_work = threading.Lock()

    def start(self) -> None:
        """Begin. Raises RuntimeError when there can be no more threads."""
        self._is_at_work.acquire()
        self._threads.take(self, self._name)

    def run(self, before_end: Callable[[], None]) -> None:
        """Call the target, here and now."""
        try:
            self._target()
            before_end()
        finally:
            self._is_at_work.release()

    def is_alive(self) -> bool:
        """Tell whether it has not ended."""
        return self._is_at_work.locked()

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, but no longer than `timeout` seconds."""
        if self._is_at_work.acquire(timeout=-1 if timeout is None else timeout):
            self._is_at_work.release()
