"""Child processes that never outlive their parent, and free ports."""

import ctypes
import errno
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from infra.errors import StackStartError

LOOPBACK = "127.0.0.1"
LOOPBACK_IPV6 = "::1"
POLL_SECONDS = 0.05
STOP_SECONDS = 10
_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """Return a loopback port that was free just now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def loopback_addresses() -> list[str]:
    """Return the machine's loopback addresses: that of IPv6 only where there is one."""
    try:
        _bind(LOOPBACK_IPV6, 0)
    except OSError:
        return [LOOPBACK]
    return [LOOPBACK, LOOPBACK_IPV6]


def port_objection(port: int) -> str:
    """Say why nothing can listen on that loopback port, or nothing."""
    if is_listening(port):
        return "is in use"
    try:
        for address in loopback_addresses():
            _bind(address, port)
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        return "is in use" if in_use else f"cannot be used: {error.strerror}"
    return ""


def _bind(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        # As servers do: what a closed connection leaves for a minute is no objection.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on that loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


def wait_until(is_up: Callable[[], bool], seconds: float, what: str) -> None:
    """Call `is_up` until it is true. Raises StackStartError, which names it, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_up():
        if time.monotonic() >= deadline:
            raise StackStartError(f"gave up after {seconds:.0f} s waiting for {what}")
        time.sleep(POLL_SECONDS)


def spawn(
    command: Sequence[str],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    uid: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, so that Ctrl-C reaches only the parent, which
    stops its children in order. On Linux the kernel ends it should the parent be killed.

    It writes to the log, or where the parent writes to.
    """
    with log.open("ab") if log else nullcontext() as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            env=None if env is None else dict(env),
            cwd=cwd,
            **as_user(uid),
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )


def as_user(uid: int | None) -> dict[str, Any]:
    """Return subprocess arguments that run a child as this user, with no group of the parent's."""
    if uid is None:
        return {}
    return {"user": uid, "group": pwd.getpwuid(uid).pw_gid, "extra_groups": []}


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C and SIGTERM while the block runs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(child: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """Ask a child to stop, and end its whole process group when it does not."""
    if child.poll() is None:
        child.send_signal(how)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # The group is gone with its leader: nothing of it is left to end.
        return


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
