"""HTTP connections to one endpoint that are kept alive between requests."""

import os
import select
import socket
import ssl
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from chalicelib.adapters.aws.answers import Answer, AnswerReader


class _Connection(NamedTuple):
    socket: socket.socket
    answers: AnswerReader

    def is_quiet(self) -> bool:
        """Tell whether nothing has come in: the end of the connection, or what nobody asked for."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)


class Connections:
    """As many connections as threads that use them at once; each serves any thread in turn."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        """`timeout_seconds` is for connecting, and for each wait for the answer."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an endpoint URL: {url}")
        self.host = parts.netloc
        self.base_path = parts.path.rstrip("/")
        self._is_secure = parts.scheme == "https"
        self._address = (parts.hostname, parts.port or (443 if self._is_secure else 80))
        self._timeout_seconds = timeout_seconds
        self._idle: deque[_Connection] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def post(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return its answer.

        When the endpoint closes a kept connection just then, the request goes out once more on a
        new one. Raises OSError when no whole answer comes; either way the request may have
        been carried out, even twice.
        """
        fields = {**headers, "accept-encoding": "identity", "content-length": str(len(body))}
        lines = [f"POST {target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "\r\n"]
        # In one piece: half a request wakes the other end for nothing.
        request = "\r\n".join(lines).encode() + body
        kept = self._take_idle()
        if kept is not None:
            with suppress(ConnectionError):
                return self._exchange(kept, request)
        return self._exchange(self._connect(), request)

    def _exchange(self, connection: _Connection, request: bytes) -> Answer:
        try:
            connection.socket.sendall(request)
            answer = connection.answers.read()
        except BaseException:
            # What is left of this answer must not be read as the next one.
            connection.socket.close()
            raise
        if connection.answers.is_reusable:
            self._idle.append(connection)
        else:
            connection.socket.close()
        return answer

    def _take_idle(self) -> _Connection | None:
        with suppress(IndexError):
            # The one used last: those that nobody needs any more time out at the other end.
            while connection := self._idle.pop():
                if connection.is_quiet():
                    return connection
                connection.socket.close()
        return None

    def _connect(self) -> _Connection:
        connection = socket.create_connection(self._address, self._timeout_seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_secure:
            trusting = _trust(os.environ.get("AWS_CA_BUNDLE"))
            connection = trusting.wrap_socket(connection, server_hostname=self._address[0])
        return _Connection(connection, AnswerReader(connection))


def _close_all(idle: deque[_Connection]) -> None:
    while idle:
        idle.pop().socket.close()


@cache
def _trust(authorities: str | None) -> ssl.SSLContext:
    # Reading the authorities is the dearest part of a first call.
    return ssl.create_default_context(cafile=authorities)
