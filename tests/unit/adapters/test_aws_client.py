"""How calls of AWS fare: against an endpoint on loopback that does what networks do."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from threading import Barrier, Thread
from typing import Any
from zlib import crc32

import pytest

from chalicelib.adapters.aws.client import DYNAMODB, TRIES, AwsClient
from chalicelib.adapters.aws.errors import AwsError, NoAnswerError
from chalicelib.adapters.memory.ports import MemoryClock
from tests.http_endpoint import (
    DEADLINE_SECONDS,
    HANG_UP,
    RESET,
    SILENCE,
    Endpoint,
    Reply,
    Request,
    reply,
    serving,
)

# Waited for once in vain, and long enough for an answer on a busy machine.
PATIENCE_SECONDS = 1
START = MemoryClock().now()
DONE = reply(b'{"done":true}')
PART = Reply(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"done":', keep=False)
HALF_A_HEAD = Reply(b"HTTP/1.1 200 OK\r\nContent-Le", keep=False)
GIBBERISH = Reply(b"220 smtp.example ESMTP\r\n", keep=False)


class Longest(Random):
    """Waits are as long as they can be."""

    def random(self) -> float:
        return 1.0


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serving(Endpoint()) as endpoint:
        yield endpoint


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


def client_of(
    endpoint: Endpoint,
    clock: MemoryClock | None = None,
    *,
    tries: int = TRIES,
    path: str = "",
    timeout_seconds: float = DEADLINE_SECONDS,
) -> AwsClient:
    return AwsClient(
        DYNAMODB,
        clock=clock or MemoryClock(),
        random=Longest(),
        endpoint_url=endpoint.url + path,
        timeout_seconds=timeout_seconds,
        tries=tries,
    )


def refusal(status: int, code: str = "", body: dict[str, Any] | None = None) -> Reply:
    return reply(json.dumps({"__type": code, **(body or {})}).encode(), status=status)


def over(endpoint: Endpoint) -> list[int]:
    """The connection of each request."""
    return [request.connection for request in endpoint.requests]


def test_call_is_a_signed_request_of_the_json_protocol(endpoint: Endpoint) -> None:
    endpoint.replies(DONE)

    answer = client_of(endpoint, path="/emulator/").call("GetItem", {"Key": {"a": {"S": "é"}}})

    [request] = endpoint.requests
    assert answer == {"done": True}
    assert request.target == "/emulator/"
    assert json.loads(request.body) == {"Key": {"a": {"S": "é"}}}
    assert request.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert request.headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem"
    assert request.headers["X-Amz-Security-Token"] == "test"
    assert (
        "Credential=test/20260101/us-east-1/dynamodb/aws4_request"
        in (request.headers["Authorization"])
    )


def test_answer_is_empty_when_its_body_is(endpoint: Endpoint) -> None:
    endpoint.replies(reply(b""))

    assert client_of(endpoint).call("PutItem", {}) == {}


def test_trace_is_passed_on_unsigned_when_the_function_has_one(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Lineage=1:a87bd80c:3"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)

    client_of(endpoint).call("GetItem", {})

    [request] = endpoint.requests
    assert request.headers["X-Amzn-Trace-Id"] == trace
    assert "x-amzn-trace-id" not in request.headers["Authorization"]


def test_connection_is_kept_when_answers_are_whole(endpoint: Endpoint) -> None:
    endpoint.replies(DONE, refusal(400, "ValidationException"), refusal(503), DONE)
    client = client_of(endpoint)

    client.call("GetItem", {})
    with pytest.raises(AwsError):
        client.call("GetItem", {})
    client.call("GetItem", {})

    assert over(endpoint) == [0, 0, 0, 0]


def test_connection_is_given_up_when_the_endpoint_says_so(endpoint: Endpoint) -> None:
    endpoint.replies(reply(Connection="close"))
    client = client_of(endpoint, tries=1)

    client.call("GetItem", {})
    client.call("GetItem", {})

    assert over(endpoint) == [0, 1]


def test_call_takes_a_new_connection_when_the_kept_one_was_closed_meanwhile(
    endpoint: Endpoint, clock: MemoryClock
) -> None:
    endpoint.replies(Reply(DONE.data, keep=False), DONE)
    client = client_of(endpoint, clock, tries=1)
    client.call("GetItem", {})
    endpoint.wait_until_closed()

    assert client.call("GetItem", {}) == {"done": True}
    assert over(endpoint) == [0, 1]


@pytest.mark.parametrize("end", [HANG_UP, RESET], ids=["hung up", "reset"])
def test_call_is_sent_again_at_once_when_the_kept_connection_closes_just_then(
    endpoint: Endpoint, clock: MemoryClock, end: Reply
) -> None:
    endpoint.replies(DONE, end, DONE)
    client = client_of(endpoint, clock, tries=1)
    client.call("GetItem", {})

    assert client.call("GetItem", {}) == {"done": True}
    assert over(endpoint) == [0, 0, 1]
    assert clock.now() == START


def test_call_is_sent_again_only_once_when_every_connection_closes(endpoint: Endpoint) -> None:
    endpoint.replies(DONE, HANG_UP)
    client = client_of(endpoint, tries=1)
    client.call("GetItem", {})

    with pytest.raises(NoAnswerError):
        client.call("GetItem", {})

    assert over(endpoint) == [0, 0, 1]


def test_answer_is_the_calls_own_when_the_endpoint_said_something_unasked(
    endpoint: Endpoint,
) -> None:
    late = reply(b'{"__type":"RequestTimeout"}', status=408).data
    endpoint.replies(Reply(DONE.data, later=late), reply(b'{"mine":true}'))
    client = client_of(endpoint, tries=1)
    client.call("GetItem", {})
    endpoint.released.set()
    endpoint.wait_until_closed()

    assert client.call("GetItem", {}) == {"mine": True}


@pytest.mark.parametrize(
    "trouble",
    [
        *(refusal(status) for status in (429, 500, 502, 503, 504)),
        refusal(400, "ThrottlingException"),
        refusal(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"),
        refusal(400, "RequestLimitExceeded"),
        refusal(400, "com.amazonaws.sqs#RequestThrottled"),
        reply(b"<html>", status=502),
        reply(b'{"damaged":true}', x_amz_crc32="1"),
        HANG_UP,
        RESET,
        PART,
        HALF_A_HEAD,
        GIBBERISH,
    ],
    ids=lambda given: repr(given.data[:40] + given.data[-40:]),
)
def test_call_is_tried_again_when_trouble_may_pass(
    endpoint: Endpoint, clock: MemoryClock, trouble: Reply
) -> None:
    endpoint.replies(trouble, DONE)

    answer = client_of(endpoint, clock).call("GetItem", {})

    assert answer == {"done": True}
    assert len(endpoint.requests) == 2
    assert clock.now() > START


def test_call_is_signed_anew_when_it_is_tried_again(endpoint: Endpoint, clock: MemoryClock) -> None:
    endpoint.replies(refusal(500), DONE)

    client_of(endpoint, clock).call("GetItem", {})

    dates = [request.headers["X-Amz-Date"] for request in endpoint.requests]
    assert dates == ["20260101T000000Z", "20260101T000001Z"]


@pytest.mark.parametrize(("tries", "waited"), [(1, 0), (2, 1), (3, 3), (4, 7)])
def test_tries_end_and_waits_double_when_trouble_does_not_pass(
    endpoint: Endpoint, clock: MemoryClock, tries: int, waited: int
) -> None:
    endpoint.replies(refusal(503, "ServiceUnavailable"))

    with pytest.raises(AwsError, match=r"GetItem: ServiceUnavailable \(HTTP 503\)"):
        client_of(endpoint, clock, tries=tries).call("GetItem", {})

    assert len(endpoint.requests) == tries
    assert clock.now() - START == timedelta(seconds=waited)


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410, 413])
@pytest.mark.parametrize("code", ["ValidationException", "RequestTimeTooSkewed"])
def test_call_is_tried_once_when_it_is_refused_for_good(
    endpoint: Endpoint, clock: MemoryClock, status: int, code: str
) -> None:
    endpoint.replies(refusal(status, code))

    with pytest.raises(AwsError):
        client_of(endpoint, clock).call("GetItem", {})

    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        (refusal(400, "AnException", {"message": "Why."}), "AnException", "Why."),
        (refusal(400, "a.b#AnException", {"Message": "Why."}), "AnException", "Why."),
        (reply(b"{}", status=410, x_amzn_ErrorType="Gone:http://x/"), "Gone", "HTTP 410"),
        (reply(b"<html>", status=403), "403", "HTTP 403"),
        (reply(b"[]", status=403), "403", "HTTP 403"),
        (reply(b"\xff", status=403), "403", "HTTP 403"),
    ],
)
def test_error_tells_what_aws_said(endpoint: Endpoint, given: Reply, code: str, text: str) -> None:
    endpoint.replies(given)

    with pytest.raises(AwsError, match=text) as raised:
        client_of(endpoint).call("GetItem", {})

    assert raised.value.code == code


def test_error_has_the_document_when_there_is_one(endpoint: Endpoint) -> None:
    item = {"key": {"S": "k"}}
    endpoint.replies(refusal(400, "ConditionalCheckFailedException", {"Item": item}))

    with pytest.raises(AwsError) as raised:
        client_of(endpoint).call("UpdateItem", {})

    assert raised.value.document["Item"] == item


@pytest.mark.parametrize("body", [b"<html>", b"{", b"\xff"])
def test_call_is_not_repeated_when_its_answer_is_no_json(endpoint: Endpoint, body: bytes) -> None:
    endpoint.replies(reply(body))

    with pytest.raises(AwsError, match="not JSON"):
        client_of(endpoint).call("GetItem", {})

    assert len(endpoint.requests) == 1


def test_answer_is_taken_when_its_checksum_is_right(endpoint: Endpoint) -> None:
    endpoint.replies(reply(b'{"a":1}', x_amz_crc32=str(crc32(b'{"a":1}'))))

    assert client_of(endpoint, tries=1).call("GetItem", {}) == {"a": 1}


def test_call_ends_when_no_answer_comes(endpoint: Endpoint, clock: MemoryClock) -> None:
    endpoint.replies(SILENCE)

    with pytest.raises(NoAnswerError, match="TimeoutError"):
        client_of(endpoint, clock, tries=2, timeout_seconds=0.5).call("GetItem", {})

    assert over(endpoint) == [0, 1]
    assert clock.now() > START


def test_answer_in_pieces_is_read_whole(endpoint: Endpoint) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    endpoint.replies(Reply(head + b'6\r\n{"done\r\n7\r\n":true}\r\n0\r\n\r\n'))
    client = client_of(endpoint, tries=1)

    assert client.call("GetItem", {}) == client.call("GetItem", {}) == {"done": True}
    assert over(endpoint) == [0, 0]


def test_late_answer_is_nobodys_when_its_call_was_given_up(endpoint: Endpoint) -> None:
    started = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", later=b'{"late":1}\n')
    endpoint.replies(started, DONE)
    client = client_of(endpoint, tries=1, timeout_seconds=PATIENCE_SECONDS)
    with pytest.raises(NoAnswerError):
        client.call("GetItem", {})
    endpoint.released.set()
    endpoint.wait_until_closed()

    assert client.call("GetItem", {}) == {"done": True}
    assert over(endpoint) == [0, 1]


def test_each_thread_gets_its_own_answer_when_many_call_at_once(endpoint: Endpoint) -> None:
    threads, rounds = 8, 5
    together = Barrier(threads)

    def echo(request: Request) -> Reply:
        # Only when all are under way: none waits for another's connection.
        together.wait(DEADLINE_SECONDS)
        return reply(request.body)

    endpoint.answer = echo
    client, answers = client_of(endpoint), []

    def ask(number: int) -> None:
        for turn in range(rounds):
            question = {"number": number, "turn": turn}
            answers.append((question, client.call("GetItem", question)))

    running = [Thread(target=ask, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(DEADLINE_SECONDS)

    assert len(answers) == threads * rounds
    assert all(question == answer for question, answer in answers)
    assert endpoint.connections == threads


@pytest.mark.parametrize("url", ["", "127.0.0.1:4566", "ftp://127.0.0.1", "http://"])
def test_client_is_refused_when_the_endpoint_is_no_url(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="not an endpoint URL"):
        AwsClient(DYNAMODB, clock=MemoryClock(), random=Random(), endpoint_url=url or "nothing")


def test_clock_of_the_client_dates_the_signature(endpoint: Endpoint) -> None:
    clock = MemoryClock(datetime.fromisoformat("2031-02-03T04:05:06+00:00"))

    client_of(endpoint, clock).call("GetItem", {})

    assert endpoint.requests[0].headers["X-Amz-Date"] == "20310203T040506Z"
