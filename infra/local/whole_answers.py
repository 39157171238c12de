"""Answers of the emulator in one piece: half an answer wakes whoever waits for nothing."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class WholeTransport:
    """A transport that writes once what is written to it in one turn of the loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._unwritten: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        # All that follows what was written comes after it.
        self._flush()
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Tell whether it is closed or about to be."""
        return self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Write this soon, along with what else is written until then."""
        if not self._unwritten:
            self._loop.call_soon(self._flush)
        self._unwritten.append(data)

    def _flush(self) -> None:
        if self._unwritten:
            unwritten, self._unwritten = self._unwritten, []
            self._transport.write(b"".join(unwritten))


class WholeAnswersProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, which by itself writes an answer's head and body one after the other."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(WholeTransport(transport, self.loop))  # type: ignore[arg-type]
