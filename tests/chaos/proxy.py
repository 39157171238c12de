"""The way to PostgreSQL, which breaks once: in front of a statement, or behind it, when it is done
and nobody hears of it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from select import select
from threading import Thread
from urllib.parse import urlsplit

from infra.local.processes import LOOPBACK
from tests.chaos.boundaries import Moment

_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Cut:
    """At which statement with that text the connection breaks, and when."""

    text: str
    number: int = 0
    moment: Moment = Moment.BEFORE


@dataclass(slots=True)
class Proxy:
    """Carries bytes between one client and the server, a connection at a time or several."""

    listener: socket.socket
    server_port: int
    cut: Cut
    statements: int = field(default=0)

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection((LOOPBACK, self.server_port)) as server:
            is_last = False
            while True:
                readable, _, _ = select([client, server], [], [])
                if client in readable:
                    question = client.recv(_MOST_BYTES)
                    moment = self._moment_of(question)
                    if not question or moment is Moment.BEFORE:
                        return
                    is_last = moment is Moment.AFTER
                    server.sendall(question)
                if server in readable:
                    answer = server.recv(_MOST_BYTES)
                    # The server answers when the statement is committed.
                    if not answer or is_last:
                        return
                    client.sendall(answer)

    def _moment_of(self, question: bytes) -> Moment | None:
        if self.cut.text.encode() not in question:
            return None
        self.statements += 1
        return self.cut.moment if self.statements == self.cut.number else None


@contextmanager
def proxy(url: str, cut: Cut) -> Iterator[tuple[str, Proxy]]:
    """A proxy in front of the database, and the database's URL through it."""
    address = urlsplit(url)
    assert address.port
    with socket.create_server((LOOPBACK, 0)) as listener:
        through = Proxy(listener, address.port, cut)
        thread = Thread(target=through.serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        yield url.replace(f":{address.port}/", f":{port}/"), through
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
