"""`make local`: the code as it is on disk, answering as the deployed stack does."""

import json
import os
import signal
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from infra.local.processes import free_port, is_listening, wait_until
from infra.paths import ROOT
from tests.hostile_requests import JSON, LENGTH, UNREADABLE, get, post, talk

SERVE = """
import sys
from pathlib import Path
from infra.local.chalice_local import serve
from infra.local.commands import command
from infra.local.description import DESCRIPTION, read_description
folder = Path(sys.argv[1])
with command(stopped_status=0):
    serve(read_description(folder / DESCRIPTION), folder, int(sys.argv[2]))
"""
KEYS = b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"
REFUSED = {
    "not found": (get(b"/nothing"), 404),
    "not found with a key": (get(b"/nothing", b"Authorization: Bearer x\r\n"), 404),
    "method": (get(b"/api/orders", method=b"DELETE"), 405),
    "unknown to API Gateway": (get(b"/api/orders", method=b"TRACE"), 405),
    "compressed": (post(JSON, b"Content-Encoding: gzip\r\n", LENGTH), 415),
    "two keys": (post(JSON, KEYS, LENGTH), 400),
    "order id": (get(b"/api/orders/x"), 422),
    **{name: (request, 400) for name, request in UNREADABLE.items()},
}


@pytest.fixture(scope="module")
def local(stack):
    port = free_port()
    words = [sys.executable, "-c", SERVE, str(stack.folder), str(port)]
    with subprocess.Popen(words, cwd=ROOT, start_new_session=True) as running:
        try:
            wait_until(lambda: serves(port), 60, "chalice local")
            yield port
        finally:
            os.kill(running.pid, signal.SIGINT)
            assert running.wait(30) == 0
    assert not is_listening(port)


def serves(port):
    try:
        with urlopen(f"http://localhost:{port}/api/health", timeout=30) as answer:
            return answer.status == 200
    except OSError:
        # Refused by the port, or by the front door as long as nothing is behind it.
        return False


def answer_of(port, request):
    """What is answered: Chalice restarts when a file changes, and the door says to try again."""
    deadline = time.monotonic() + 120
    while (answer := parsed(talk(port, request)))[0] == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def parsed(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = dict(each.lower().split(": ", 1) for each in lines)
    return int(line.split()[1]), headers, body


@pytest.mark.parametrize(("request_", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal_is_a_problem(local, request_, status):
    answered, headers, body = answer_of(local, request_)

    problem = json.loads(body)
    assert (answered, problem["status"]) == (status, status)
    assert headers["content-type"] == "application/problem+json"
    assert problem["requestId"] == headers["x-request-id"] != ""


def test_head_is_answered_as_get_but_for_the_body(local):
    by_get, by_head = (
        answer_of(local, get(b"/api/tokens", method=method)) for method in (b"GET", b"HEAD")
    )

    assert (by_head[0], by_head[2]) == (200, b"")
    assert int(by_head[1]["content-length"]) == len(by_get[2])


def test_browser_is_told_what_a_page_may_send(local):
    status, headers, _ = answer_of(local, get(b"/api/orders/execute", method=b"OPTIONS"))

    assert (status, headers["allow"]) == (204, "post, options")
    assert headers["access-control-allow-origin"] == "*"


def test_order_is_executed_with_the_settings_of_the_stack(local, outside):
    status, headers, body = answer_of(local, post(JSON, LENGTH))

    order = json.loads(body)
    assert (status, headers["location"]) == (202, f"/api/orders/{order['orderId']}")
    assert outside.follow(order)[-1]["data"]["status"] == "confirmed"
