"""HTTP connections to one endpoint that are kept alive between requests."""

import os
import select
import ssl
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Message
    body: bytes


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
        self._timeout_seconds = timeout_seconds
        self._idle: deque[HTTPConnection] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def post(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return its answer.

        When the endpoint closes a kept connection just then, the request goes out once more on a
        new one. Raises OSError or HTTPException when no whole answer comes; either way the request
        may have been carried out, even twice.
        """
        fields = {**headers, "accept-encoding": "identity", "content-length": str(len(body))}
        lines = [f"POST {target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "\r\n"]
        # In one piece: half a request wakes the other end for nothing.
        request = "\r\n".join(lines).encode() + body
        kept = self._take_idle()
        if kept is not None:
            with suppress(ConnectionError):
                return self._exchange(kept, request)
        return self._exchange(self._new_connection(), request)

    def _exchange(self, connection: HTTPConnection, request: bytes) -> Answer:
        try:
            connection.send(request)
            with HTTPResponse(connection.sock, method="POST") as response:
                response.begin()
                if response.length is None and not response.chunked:
                    # Its end is the connection's, be it in the middle of the head.
                    raise HTTPException("the answer has no length")
                answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            # What is left of this answer must not be read as the next one.
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def _take_idle(self) -> HTTPConnection | None:
        with suppress(IndexError):
            # The one used last: those that nobody needs any more time out at the other end.
            while connection := self._idle.pop():
                if _is_quiet(connection):
                    return connection
                connection.close()
        return None

    def _new_connection(self) -> HTTPConnection:
        if self._is_secure:
            trusting = _trust(os.environ.get("AWS_CA_BUNDLE"))
            return HTTPSConnection(self.host, timeout=self._timeout_seconds, context=trusting)
        return HTTPConnection(self.host, timeout=self._timeout_seconds)


def _is_quiet(connection: HTTPConnection) -> bool:
    """Tell whether nothing has come in: the end of the connection, or what nobody asked for."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return not poll.poll(0)


def _close_all(idle: deque[HTTPConnection]) -> None:
    while idle:
        idle.pop().close()


@cache
def _trust(authorities: str | None) -> ssl.SSLContext:
    # Reading the authorities is the dearest part of a first call.
    return ssl.create_default_context(cafile=authorities)
