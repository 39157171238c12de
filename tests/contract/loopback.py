"""A server on loopback that answers what a test likes, byte by byte."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

POLL_SECONDS = 0.02
# Nobody listens on a port that nobody may take.
NOWHERE = "http://127.0.0.1:1"


def response(body: bytes, *, status: int = 200) -> bytes:
    """An HTTP answer, complete."""
    head = f"HTTP/1.0 {status} As asked\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextmanager
def answering(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """Answer each POST by what `answer` makes of its body, at the URL that is yielded."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(answer(body))

        def log_message(self, format: str, *arguments: Any) -> None:
            """The test's own output is enough."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
