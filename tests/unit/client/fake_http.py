"""An HTTP service of canned answers, in a thread of its own."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.processes import LOOPBACK


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class CannedService:
    """Answers by the path, query included; anything else is a 404."""

    answers: dict[str, tuple[int, Any]]
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = json.loads(handler.rfile.read(length)) if length else None
        request = Request(handler.command, handler.path, dict(handler.headers), body)
        self.requests.append(request)
        status, document = self.answers.get(handler.path, (404, {"code": "NOT_FOUND"}))
        is_text = isinstance(document, str)
        content = (document if is_text else json.dumps(document)).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "text/html" if is_text else "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@contextmanager
def canned(answers: Mapping[str, tuple[int, Any]]) -> Iterator[CannedService]:
    service = CannedService(dict(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.answer(self)

        do_POST = do_PATCH = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        service.url = f"http://{LOOPBACK}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
