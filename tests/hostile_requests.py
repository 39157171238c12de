"""Requests that are no proper HTTP, as bytes, and how to send them."""

import socket
from collections.abc import Mapping

HOST = b"Host: localhost\r\n"
BODY = b'{"type":"MARKET","tokenIn":"SOL","tokenOut":"USDC","amount":1}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# A server that reads the body says so first.
EXPECTING = b"Expect: 100-continue\r\n"
KEY = b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
UPGRADE = b"Connection: close, Upgrade\r\nUpgrade: websocket\r\n"
ORDER_PATH = b"/api/orders/execute"
ORDER_ID = b"00000000-0000-4000-8000-000000000001"


def get(target: bytes = b"/api/health", *lines: bytes, method: bytes = b"GET") -> bytes:
    head = b"%s %s HTTP/1.1\r\n" % (method, target)
    return head + HOST + b"Connection: close\r\n" + b"".join(lines) + b"\r\n"


def post(*lines: bytes, body: bytes = BODY) -> bytes:
    return get(ORDER_PATH, *lines, method=b"POST") + body


def shake(*lines: bytes, target: bytes = ORDER_PATH + b"?orderId=" + ORDER_ID) -> bytes:
    return b"GET %s HTTP/1.1\r\n" % target + HOST + b"".join(lines) + b"\r\n"


UNREADABLE: Mapping[str, bytes] = {
    "url too long": get(b"/api/orders?status=" + b"x" * 9_000),
    "url far too long": get(b"/api/orders?status=" + b"x" * 100_000),
    "too many headers": get(b"/api/health", *(b"X-%d: x\r\n" % n for n in range(200))),
    "header too large": get(b"/api/health", b"X-Large: " + b"x" * 9_000 + b"\r\n"),
    "two content types": post(JSON, b"Content-Type: text/plain\r\n", LENGTH),
    "same content type twice": post(JSON, b"content-type: application/json\r\n", LENGTH),
    "absolute target": get(b"http://localhost/api/health"),
    "absolute target elsewhere": get(b"http://elsewhere.example/api/health"),
    "https target": get(b"https://localhost/api/health"),
    "star": get(b"*"),
    "authority": get(b"localhost:80"),
    "no slash": get(b"api/health"),
    "utf-8 path": get("/api/orders/é".encode()),
    "latin-1 path": get(b"/api/orders/\xe9"),
    "utf-8 query": get("/api/orders?status=é".encode()),
    "space in path": get(b"/api/or ders"),
    "unknown method": get(method=b"FOO"),
    "lower-case method": get(method=b"get"),
    "malformed method": get(method=b"G@T"),
    "control byte in a header": get(b"/api/health", b"X-A: a\x01b\r\n"),
    "nul in a header": get(b"/api/health", b"X-A: a\x00b\r\n"),
    "delete in a header": get(b"/api/health", b"X-A: a\x7fb\r\n"),
    "lone CR in a header": get(b"/api/health", b"X-A: a\rb\r\n"),
    "lone LF": get().replace(b"\r\n", b"\n"),
    "folded header": get(b"/api/health", b"X-A: a\r\n b\r\n"),
    "space before colon": get(b"/api/health", b"X-A : a\r\n"),
    "no colon": get(b"/api/health", b"X-A\r\n"),
    "no name": get(b"/api/health", b": a\r\n"),
    "malformed name": get(b"/api/health", b"X(A: a\r\n"),
    "header not UTF-8": get(b"/api/health", b"X-A: \xff\r\n"),
    "length not a number": post(JSON, b"Content-Length: abc\r\n"),
    "negative length": post(JSON, b"Content-Length: -1\r\n"),
    "signed length": post(JSON, b"Content-Length: +62\r\n"),
    "empty length": post(JSON, b"Content-Length: \r\n"),
    "endless length": post(JSON, b"Content-Length: 99999999999999999999999\r\n"),
    "two lengths": post(JSON, LENGTH, b"Content-Length: 3\r\n"),
    "length and chunks": post(JSON, LENGTH, CHUNKED, body=b"0\r\n\r\n"),
    "malformed chunk": post(JSON, CHUNKED, body=b"zz\r\nabc\r\n"),
    "longer chunk": post(JSON, CHUNKED, body=b"3\r\nabcd\r\n0\r\n\r\n"),
    "unknown transfer": post(JSON, b"Transfer-Encoding: foo\r\n"),
    "compressed chunks": post(JSON, b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"),
    "chunked twice": post(JSON, CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "no host": get().replace(HOST, b""),
    "two hosts": get(b"/api/health", b"Host: elsewhere.example\r\n"),
    "HTTP/2.0": get().replace(b"HTTP/1.1", b"HTTP/2.0"),
    "HTTP/3.7": get().replace(b"HTTP/1.1", b"HTTP/3.7"),
    "HTTP/0.9": b"GET /api/health\r\n\r\n",
    "no protocol": get().replace(b"HTTP/1.1", b"HTTX/1.1"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"x" * 50,
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "unknown expectation": post(JSON, LENGTH, b"Expect: wonders\r\n"),
    "short handshake key": shake(UPGRADE, VERSION, b"Sec-WebSocket-Key: short\r\n"),
    "handshake key not base64": shake(UPGRADE, VERSION, b"Sec-WebSocket-Key: ????????????\r\n"),
    "no handshake key": shake(UPGRADE, VERSION),
    "unknown WebSocket version": shake(UPGRADE, KEY, b"Sec-WebSocket-Version: 12\r\n"),
    "upgrade without connection": shake(
        b"Connection: close\r\nUpgrade: websocket\r\n", VERSION, KEY
    ),
}


def talk(port: int, *parts: bytes) -> bytes:
    """What a server on loopback answers to these bytes, until it closes the connection.

    After a part that expects to be told to continue, the next one waits for that.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
            if EXPECTING in part:
                assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        answer = b""
        while more := connection.recv(65_536):
            answer += more
        return answer
