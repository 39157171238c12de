"""The emulator's processes that run functions: started as cheaply as on AWS, and called so."""

import hashlib
import io
import json
import os
import select
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from contextlib import suppress
from subprocess import Popen
from typing import Any, ClassVar

from ministack.core import lambda_runtime

WEBSOCKET_EVENTS_AT_ONCE = 2
READ_BYTES = 64 * 1024
# How long a call may log unheeded, before this wakes for each line: most have ended by then.
UNREAD_SECONDS = 0.1
# Nobody waits for an answer of these. While the machine is busy they give way to those that are
# asked, and so find fuller batches.
BACKGROUND = ("Execute", "Publish", "Rescue", "Sweep")
BACKGROUND_NICENESS = 10


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
    once, all wait for the disk. Each call takes a thread for its answer and wakes another for every
    line that it logs, and then waits five milliseconds for what may still be logged. Here the one
    thread that calls reads both: whatever the function logged is there before its answer.
    """

    _proc: Any
    _links: ClassVar[dict[bytes, bytes]] = {}
    _turn: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str, config: dict[str, Any], code: bytes) -> None:
        super().__init__(name, config, self._link_to(code))

    def invoke(
        self,
        event: Any,
        request_id: str,
        *,
        trace_id: str | None = None,
        depth: int | None = None,
        durable: dict[str, Any] | None = None,
        invoked_function_arn: str | None = None,
    ) -> dict[str, Any]:
        """Run the function once and return its result or its error, and what it logged."""
        timeout = self.config.get("Timeout", 30)
        envelope = {
            "event": event,
            "ctx": {
                "request_id": request_id,
                "invoked_function_arn": invoked_function_arn or self.config.get("FunctionArn", ""),
                "timeout_ms": int(float(timeout) * 1000),
                "trace_id": trace_id,
                "depth": depth,
                "durable": durable or {},
            },
        }
        with self._lock:
            is_cold = self._proc is None or self._proc.poll() is not None
            if is_cold:
                self._spawn()
                self._cold = False
            exchange = Exchange(self._proc, json.dumps(envelope).encode() + b"\n")
            answer = exchange.carry_out(timeout)
            if answer["status"] == "error":
                process, self._proc = self._proc, None
                lambda_runtime._signal(process)
                lambda_runtime._collect(process, time.monotonic() + lambda_runtime._REAP_GRACE)
            return answer | {"cold_start": is_cold, "log": exchange.log}

    def _spawn(self) -> None:
        super()._spawn()
        for stream in (self._proc.stdin, self._proc.stdout, self._proc.stderr):
            os.set_blocking(stream.fileno(), False)
        if any(f"-{name}-" in self.func_name for name in BACKGROUND):
            os.setpriority(os.PRIO_PROCESS, self._proc.pid, BACKGROUND_NICENESS)

    def _read_stderr(self) -> None:
        """Leave the log to `invoke`."""

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


class Exchange:
    """One call of a process: a line to it, a line back, and what it logs meanwhile."""

    def __init__(self, process: Popen[str], line: bytes) -> None:
        self._stdin, self._stdout, self._stderr = (
            stream.fileno() for stream in (process.stdin, process.stdout, process.stderr) if stream
        )
        self._unsent = line
        self._said, self._logged = bytearray(), bytearray()
        self._is_over = False
        self._poll = select.poll()
        self._events = {
            self._stdin: self._send,
            self._stdout: self._hear,
            self._stderr: self._read_log,
        }

    @property
    def log(self) -> str:
        """What the process has written to standard error."""
        return self._logged.decode(errors="replace").rstrip("\n")

    def carry_out(self, timeout_seconds: float) -> dict[str, Any]:
        """Return the answer, or an error when none comes in time."""
        now = time.monotonic()
        ends_at, unread_until = now + timeout_seconds, now + UNREAD_SECONDS
        self._poll.register(self._stdout, select.POLLIN)
        # Most lines go out at once.
        if self._send():
            self._poll.register(self._stdin, select.POLLOUT)
        while not self._is_over and (now := time.monotonic()) < ends_at:
            if not self._wait(min(ends_at, unread_until) - now) and unread_until < ends_at:
                self._poll.register(self._stderr, select.POLLIN)
                unread_until = ends_at
            if answer := self._answer():
                break
        else:
            over = f"Task timed out after {timeout_seconds}.00 seconds"
            answer = _error("Worker process died" if self._is_over else over)
        # It logged before it answered: that is in the pipe by now.
        self._read_log()
        return answer

    def _wait(self, seconds: float) -> bool:
        """Do what can be done within this time; False when nothing could be."""
        ready = self._poll.poll(max(0.0, seconds) * 1000)
        for stream, _ in ready:
            if not self._events[stream]():
                self._poll.unregister(stream)
        return bool(ready)

    def _send(self) -> bool:
        """Write what fits; False when nothing is left to write."""
        # A process that has gone says so on its standard output.
        with suppress(BrokenPipeError):
            with suppress(BlockingIOError):
                self._unsent = self._unsent[os.write(self._stdin, self._unsent) :]
            return bool(self._unsent)
        return False

    def _hear(self) -> bool:
        """Read a part of the answer; False at the end of the process."""
        part = os.read(self._stdout, READ_BYTES)
        self._said += part
        self._is_over = not part
        return bool(part)

    def _read_log(self) -> bool:
        """Read what has been logged; False at the end of the process."""
        with suppress(BlockingIOError):
            while part := os.read(self._stderr, READ_BYTES):
                self._logged += part
                if len(part) < READ_BYTES:
                    return True
            return False
        return True

    def _answer(self) -> dict[str, Any] | None:
        """Return the answer if it is there; other lines are what some library printed."""
        if not self._said.endswith(b"\n"):
            return None
        for line in self._said.splitlines():
            with suppress(json.JSONDecodeError):
                if line.startswith(b"{") and "status" in (answer := json.loads(line)):
                    return dict(answer)
        self._said.clear()
        return None


def _error(reason: str) -> dict[str, Any]:
    return {"status": "error", "error": reason}
