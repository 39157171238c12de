"""The processes that run functions answer as the emulator's own do, at once and without threads."""

import io
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime

from infra.local.workers import BACKGROUND_NICENESS, Link, LinkedWorker

# The emulator leaves the pipes of a process that has ended to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

SOURCE = """
import os, sys, time

def handler(event, context):
    for line in range(event.get("log_lines", 0)):
        print("x" * 99, file=sys.stderr)
    if "print" in event:
        os.write(1, event["print"].encode())
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if "sleep_seconds" in event:
        time.sleep(event["sleep_seconds"])
    return {"event": event, "request": context.aws_request_id, "pid": os.getpid()}
"""

Invoke = Callable[..., dict[str, Any]]


def package() -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SOURCE)
    return code.getvalue()


def configuration(name: str, timeout: float) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Timeout": timeout,
        "MemorySize": 128,
    }


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LinkedWorker]]:
    monkeypatch.setattr(
        lambda_runtime, "zipfile", SimpleNamespace(**{**vars(zipfile), "ZipFile": Link})
    )
    started = []

    def start(name: str = "orders-local-APIHandler-1", *, timeout: float = 30) -> LinkedWorker:
        started.append(LinkedWorker(name, configuration(name, timeout), package()))
        return started[-1]

    yield start
    lambda_runtime.kill_workers(started)


@pytest.fixture
def worker(start: Callable[..., LinkedWorker]) -> LinkedWorker:
    return start()


@pytest.fixture
def released() -> Iterator[Any]:
    """A worker as the emulator has it, started: what starts after it has its package linked."""
    name = "orders-local-APIHandler-1"
    released = lambda_runtime.Worker(name, configuration(name, 30), package())
    released.invoke({}, "r-0")
    yield released
    lambda_runtime.kill_workers([released])


@pytest.mark.parametrize(
    "event", [{"log_lines": 2}, {"raise": "refused"}, {"print": "not an answer\n"}, {"exit": 3}]
)
def test_answer_is_that_of_the_released_worker(
    event: dict[str, Any], released: Any, worker: LinkedWorker
) -> None:
    worker.invoke({}, "r-0")
    answers = []
    for each in (worker, released):
        answer = each.invoke(event, "r-1")
        (answer.get("result") or {}).pop("pid", None)
        # The traceback names the process's own folder.
        answers.append(json.loads(json.dumps(answer).replace(each._tmpdir, "")))
    assert answers[0] == answers[1]


def test_a_process_serves_call_after_call(worker: LinkedWorker) -> None:
    answers = [worker.invoke({"call": number}, f"r-{number}") for number in range(5)]
    assert [answer["result"]["event"]["call"] for answer in answers] == [0, 1, 2, 3, 4]
    assert [answer["result"]["request"] for answer in answers] == [
        "r-0",
        "r-1",
        "r-2",
        "r-3",
        "r-4",
    ]
    assert [answer["cold_start"] for answer in answers] == [True, False, False, False, False]
    assert len({answer["result"]["pid"] for answer in answers}) == 1


def test_a_call_takes_no_thread(worker: LinkedWorker) -> None:
    worker.invoke({}, "r-1")
    threads = threading.active_count()
    started = []
    original = threading.Thread.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            threading.Thread, "start", lambda self: (started.append(self), original(self))
        )
        worker.invoke({"log_lines": 3}, "r-2")
    assert (started, threading.active_count()) == ([], threads)


def test_each_call_has_its_own_log(worker: LinkedWorker) -> None:
    logs = [worker.invoke({"log_lines": lines}, "r")["log"] for lines in (2, 0, 1)]
    assert [len(log.splitlines()) for log in logs] == [2, 0, 1]


def test_more_than_the_pipes_hold_goes_both_ways(worker: LinkedWorker) -> None:
    event = {"much": "y" * 1_000_000, "log_lines": 20_000}
    answer = worker.invoke(event, "r-1")
    assert answer["result"]["event"] == event
    assert len(answer["log"]) == 20_000 * 100 - 1


@pytest.mark.parametrize("event", [{"raise": "refused"}, {"exit": 3}])
def test_a_process_that_failed_is_replaced(event: dict[str, Any], worker: LinkedWorker) -> None:
    first = worker.invoke({}, "r-1")["result"]["pid"]
    assert worker.invoke(event, "r-2")["status"] == "error"
    answer = worker.invoke({}, "r-3")
    assert answer["cold_start"] is True
    assert answer["result"]["pid"] != first


def test_a_call_that_takes_too_long_ends_with_its_process(
    start: Callable[..., LinkedWorker],
) -> None:
    worker = start(timeout=0.5)
    pid = worker.invoke({}, "r-1")["result"]["pid"]
    answer = worker.invoke({"log_lines": 1, "sleep_seconds": 60}, "r-2")
    assert answer == {
        "status": "error",
        "error": "Task timed out after 0.5.00 seconds",
        "cold_start": False,
        "log": "x" * 99,
    }
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("function", "niceness"),
    [("APIHandler", 0), ("WebsocketConnect", 0), ("Execute", BACKGROUND_NICENESS)],
)
def test_what_nobody_waits_for_gives_way(
    function: str, niceness: int, start: Callable[..., LinkedWorker]
) -> None:
    pid = start(f"orders-local-{function}-1").invoke({}, "r-1")["result"]["pid"]
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, pid) == mine + niceness


def test_all_processes_share_the_code(start: Callable[..., LinkedWorker]) -> None:
    workers = [start(), start()]
    for worker in workers:
        worker.invoke({}, "r-1")
    folders = {os.path.realpath(os.path.join(worker._tmpdir, "code")) for worker in workers}
    assert len(folders) == 1
    assert json.dumps(sorted(os.listdir(folders.pop()))).count("app.py") == 1
