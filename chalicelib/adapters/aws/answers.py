"""An endpoint's answers over HTTP/1.1 (RFC 9112), read as they come in.

http.client reads an answer in four times the CPU: for it, headers are those of an e-mail.
"""

import socket
from collections.abc import Mapping
from typing import NamedTuple

READ_BYTES = 64 * 1024
HEAD_BYTES_MAX = 64 * 1024
_WITHOUT_BODY = (204, 304)


class AnswerError(OSError):
    """What came is no whole answer."""


class Answer(NamedTuple):
    """A whole answer; its headers by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerReader:
    """Reads from a socket, one answer after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unread = bytearray()
        self._has_begun = False
        self._is_last = False

    @property
    def is_reusable(self) -> bool:
        """Whether another answer may follow: nothing has come unasked, or marked the end."""
        return not self._unread and not self._is_last

    def read(self) -> Answer:
        """Return the next answer.

        Raises AnswerError, or an OSError of the socket: a ConnectionError where it was closed
        before anything of an answer had come.
        """
        self._has_begun = bool(self._unread)
        version, status, headers = self._read_head()
        while status < 200:
            # 100 Continue, say: the answer is still to come.
            version, status, headers = self._read_head()
        options = headers.get("connection", "").lower()
        self._is_last = "close" in options or version != b"HTTP/1.1"
        return Answer(status, headers, self._read_body(status, headers))

    def _read_head(self) -> tuple[bytes, int, dict[str, str]]:
        first, *lines = self._read_until(b"\r\n\r\n").split(b"\r\n")
        version, _, rest = first.partition(b" ")
        if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
            raise AnswerError(f"not an answer of HTTP/1.1: {first[:80]!r}")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise AnswerError("a header is malformed")
            headers[name.lower()] = value.strip()
        return version, int(rest[:3]), headers

    def _read_body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in _WITHOUT_BODY:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = headers.get("content-length", "")
        if not length.isdecimal():
            # Its end is the connection's, be it in the middle of the body.
            raise AnswerError("the answer has no length")
        return self._read_bytes(int(length))

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while size := self._read_chunk_size():
            body += self._read_bytes(size)
            self._read_until(b"\r\n")
        while self._read_until(b"\r\n"):
            # Trailers: nobody asked for them.
            pass
        return bytes(body)

    def _read_chunk_size(self) -> int:
        size, _, _ = self._read_until(b"\r\n").partition(b";")
        try:
            return int(size, 16)
        except ValueError:
            raise AnswerError("the size of a chunk is malformed") from None

    def _read_until(self, end: bytes) -> bytes:
        searched_from = 0
        while (found := self._unread.find(end, searched_from)) < 0:
            searched_from = max(0, len(self._unread) - len(end))
            if len(self._unread) > HEAD_BYTES_MAX:
                raise AnswerError("the answer's head is too long")
            self._receive()
        return self._take(found, skip=len(end))

    def _read_bytes(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._receive()
        return self._take(count)

    def _take(self, count: int, *, skip: int = 0) -> bytes:
        taken = bytes(self._unread[:count])
        del self._unread[: count + skip]
        return taken

    def _receive(self) -> None:
        part = self._connection.recv(READ_BYTES)
        if not part and not self._has_begun:
            raise ConnectionResetError("closed without an answer")
        if not part:
            raise AnswerError("the answer breaks off")
        self._has_begun = True
        self._unread += part
