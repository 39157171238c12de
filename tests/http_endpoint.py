"""An HTTP endpoint on loopback that does to each request what a test likes."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import parse_headers

DEADLINE_SECONDS = 20
POLL_SECONDS = 0.02
# Closing then tells the other end with a reset.
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """What came in, and over which connection, counted from 0."""

    connection: int
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes, and what becomes of the connection then."""

    data: bytes = b""
    keep: bool = True
    reset: bool = False
    #: Hold the connection until the endpoint is released, and send this then.
    later: bytes | None = None


def reply(body: bytes = b"{}", *, status: int = 200, **headers: str) -> Reply:
    """A whole answer; a header's `_` stands for `-`."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status} As asked\r\nContent-Length: {len(body)}\r\n{''.join(lines)}\r\n"
    return Reply(head.encode() + body, keep=headers.get("Connection") != "close")


HANG_UP = Reply(keep=False)
RESET = Reply(reset=True)
SILENCE = Reply(later=b"")


@dataclass(slots=True)
class Endpoint:
    """Answers by `answer`, which stays the test's; remembers what came."""

    answer: Callable[[Request], Reply] = lambda _: reply()
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    closed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def replies(self, *replies: Reply) -> None:
        """Give these replies in turn, whatever is asked, and the last one from then on."""
        rest = list(replies)
        self.answer = lambda _: rest.pop(0) if len(rest) > 1 else rest[0]

    def wait_until_closed(self) -> None:
        """Wait until it has closed one more connection."""
        assert self.closed.acquire(timeout=DEADLINE_SECONDS)

    def serve(self, connection: socket.socket) -> None:
        number, self.connections = self.connections, self.connections + 1
        with connection, connection.makefile("rb") as stream:
            while request := _read(number, stream):
                self.requests.append(request)
                given = self.answer(request)
                connection.sendall(given.data)
                if given.later is not None:
                    self.released.wait(DEADLINE_SECONDS)
                    connection.sendall(given.later)
                if given.reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                if given.reset or given.later is not None or not given.keep:
                    break
        self.closed.release()


def _read(connection: int, stream: "socket.SocketIO") -> Request | None:
    try:
        first = stream.readline()
    except ConnectionError:
        return None
    if not first:
        return None
    headers = parse_headers(stream)
    body = stream.read(int(headers.get("Content-Length", 0)))
    return Request(connection, first.split()[1].decode(), headers, body)


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[Endpoint]:
    """Let the endpoint listen; its `url` is set then."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            endpoint.serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
        thread.start()
        try:
            yield endpoint
        finally:
            endpoint.released.set()
            server.shutdown()
            thread.join()
