"""What every StatusQueue does, and what SQS needs for it."""

import re
from datetime import timedelta

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.sqs import SqsStatusQueue
from chalicelib.adapters.memory.ports import MemoryStatusQueue
from chalicelib.domain.orders.events import AttemptStarted, EventDetails, Failure, OrderEvent
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import (
    FollowRequest,
    StatusMessage,
    StatusUpdate,
    UnfollowRequest,
    decode_status_message,
)
from chalicelib.engine.ports.queues import StatusQueue
from tests.contract.queues import Batches, Line, drain, receive_all
from tests.contract.samples import START, accepted, event, order_id, way_to_confirmed

StatusLine = Line[StatusQueue, StatusMessage]

SQS_BATCH_BYTES = 256 * 1024
# What SQS takes as a deduplication id: letters, digits and ASCII punctuation.
DEDUPLICATION_ID = re.compile(r"[!-~]{1,128}")
REQUEST_IDS = ["1", "L0SM9cOFvHcCIhw=", "a-b+c/d_e", "x" * 32]


def history(number: int) -> list[OrderEvent]:
    pending = accepted(number)
    return [pending.event, *(move.event for move in way_to_confirmed(pending))]


def follow(number: int = 1, request_id: str = "request", after: int = 0) -> FollowRequest:
    return FollowRequest(
        request_id=request_id,
        connection_id="L0SM9cOFvHcCIhw=",
        order_id=order_id(number),
        after=after,
        connected_at=START + timedelta(microseconds=7),
    )


def unfollow(number: int = 1, request_id: str = "request") -> UnfollowRequest:
    return UnfollowRequest(
        request_id=request_id, connection_id="L0SM9cOFvHcCIhw=", order_id=order_id(number)
    )


def of_order(taken: list[StatusMessage], number: int) -> list[StatusMessage]:
    return [message for message in taken if message.order_id == order_id(number)]


def updates(events: list[OrderEvent]) -> list[StatusUpdate]:
    return [StatusUpdate(event=e) for e in events]


@pytest.fixture(params=["memory", "sqs"])
def line(request: pytest.FixtureRequest) -> StatusLine:
    if request.param == "memory":
        memory = MemoryStatusQueue()
        return Line(port=memory, take=lambda: drain(memory.messages))
    client = request.getfixturevalue("sqs")
    url = request.getfixturevalue("status_queue_url")
    return Line(
        port=SqsStatusQueue(request.getfixturevalue("sqs_calls"), url),
        take=lambda: [decode_status_message(m["Body"]) for m in receive_all(client, url)],
    )


@pytest.fixture
def sqs_queue(sqs_calls: AwsClient, status_queue_url: str) -> SqsStatusQueue:
    return SqsStatusQueue(sqs_calls, status_queue_url)


def saying(text: str) -> EventDetails:
    """Details with a text of any length."""
    return AttemptStarted(retry_of=Failure(code="ODD", message=text))


def test_one_orders_events_arrive_in_order_when_orders_are_mixed(line: StatusLine) -> None:
    histories = {number: history(number) for number in (1, 2, 3)}
    mixed = [histories[number][step] for step in range(5) for number in (1, 2, 3)]

    line.port.announce(mixed)

    taken = line.take()
    assert len(taken) == 15
    assert {n: of_order(taken, n) for n in histories} == {
        n: updates(events) for n, events in histories.items()
    }


def test_nothing_arrives_when_nothing_is_announced(line: StatusLine) -> None:
    line.port.announce([])

    assert line.take() == []


def test_event_arrives_once_when_announced_again(line: StatusLine) -> None:
    line.port.announce(history(1)[:3])

    line.port.announce(history(1))

    assert line.take() == updates(history(1))


def test_events_of_each_order_arrive_when_sequences_are_equal(line: StatusLine) -> None:
    line.port.announce([event(1, 1), event(2, 1)])

    taken = line.take()

    assert [of_order(taken, 1), of_order(taken, 2)] == [
        [*updates([event(1)])],
        [*updates([event(2)])],
    ]


def test_details_survive_when_they_are_not_plain(line: StatusLine) -> None:
    failure = Failure(code="ODD", message='grüße 日本語 😀 " \\ \n')
    odd = event(details=AttemptStarted(retry_of=failure))

    line.port.announce([odd])

    assert line.take() == updates([odd])


def test_follow_request_arrives_behind_events_when_they_were_announced_first(
    line: StatusLine,
) -> None:
    events = history(1)
    line.port.announce(events[:2])
    line.port.request_follow(follow(after=1))
    line.port.announce(events[2:])

    taken = line.take()

    assert taken == [*updates(events[:2]), follow(after=1), *updates(events[2:])]


def test_follow_request_arrives_once_when_sent_again(line: StatusLine) -> None:
    line.port.request_follow(follow(request_id="Abc="))
    line.port.request_follow(follow(request_id="Abc="))
    line.port.request_follow(follow(request_id="abc="))
    line.port.request_follow(follow(request_id="Abd="))
    line.port.request_follow(follow(2, request_id="Abc="))

    taken = line.take()

    assert of_order(taken, 1) == [follow(request_id=i) for i in ("Abc=", "abc=", "Abd=")]
    assert of_order(taken, 2) == [follow(2, request_id="Abc=")]


def test_requests_arrive_in_order_when_they_stand_among_events(line: StatusLine) -> None:
    events = history(1)
    line.port.request_follow(follow(request_id="1"))
    line.port.announce(events[:2])
    line.port.request_unfollow(unfollow(request_id="2"))
    line.port.announce(events[2:])
    line.port.request_follow(follow(request_id="3", after=2))

    assert line.take() == [
        follow(request_id="1"),
        *updates(events[:2]),
        unfollow(request_id="2"),
        *updates(events[2:]),
        follow(request_id="3", after=2),
    ]


def test_both_requests_arrive_when_they_share_an_id(line: StatusLine) -> None:
    line.port.request_follow(follow())
    line.port.request_unfollow(unfollow())
    line.port.request_unfollow(unfollow())
    line.port.request_unfollow(unfollow(2))

    taken = line.take()

    assert of_order(taken, 1) == [follow(), unfollow()]
    assert of_order(taken, 2) == [unfollow(2)]


@pytest.mark.parametrize("request_id", REQUEST_IDS)
def test_follow_request_arrives_when_its_id_is_any(line: StatusLine, request_id: str) -> None:
    line.port.announce([event(1, 1)])

    line.port.request_follow(follow(request_id=request_id))

    assert line.take() == [*updates([event(1, 1)]), follow(request_id=request_id)]


def test_sqs_groups_by_order_and_deduplicates_by_sequence_when_announced(
    sqs: BaseClient, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    sqs_queue.announce([event(1, 1), event(2, 7)])
    sqs_queue.request_follow(follow(2))

    received = [m["Attributes"] for m in receive_all(sqs, status_queue_url)]
    groups = [a["MessageGroupId"] for a in received]
    deduplication_ids = [a["MessageDeduplicationId"] for a in received]
    assert groups == [order_id(1), order_id(2), order_id(2)]
    assert deduplication_ids[:2] == [f"{order_id(1)}:1", f"{order_id(2)}:7"]
    assert deduplication_ids[2] not in deduplication_ids[:2]


@pytest.mark.parametrize("request_id", REQUEST_IDS)
def test_sqs_can_take_deduplication_id_when_request_id_is_any(
    sqs: BaseClient, sqs_queue: SqsStatusQueue, status_queue_url: str, request_id: str
) -> None:
    sqs_queue.request_follow(follow(request_id=request_id))
    sqs_queue.request_unfollow(unfollow(request_id=request_id))

    received = [m["Attributes"] for m in receive_all(sqs, status_queue_url)]
    assert [a["MessageGroupId"] for a in received] == [order_id(1)] * 2
    assert all(DEDUPLICATION_ID.fullmatch(a["MessageDeduplicationId"]) for a in received)


@pytest.mark.parametrize(
    ("kilobytes", "sizes"),
    [
        pytest.param([1] * 11, [10, 1], id="eleven small ones"),
        pytest.param([100, 100, 100, 100], [2, 2], id="two fit"),
        pytest.param([200, 100, 10, 200], [1, 2, 1], id="neighbours stay together"),
        pytest.param([60] * 10, [3, 3, 3, 1], id="ten big ones"),
    ],
)
def test_sqs_batches_stay_within_limits_when_events_are_many_or_big(
    sqs: BaseClient,
    batches: Batches,
    sqs_queue: SqsStatusQueue,
    status_queue_url: str,
    kilobytes: list[int],
    sizes: list[int],
) -> None:
    # Two bytes each in UTF-8, and an escape of six in JSON as it is written: what counts is sent.
    events = [event(1, n, saying("é" * (k * 1024 // 6))) for n, k in enumerate(kilobytes, 1)]

    sqs_queue.announce(events)

    bodies = [[entry["MessageBody"].encode() for entry in sent] for sent in batches.sent]
    assert [len(sent) for sent in bodies] == sizes
    assert max(sum(map(len, sent)) for sent in bodies) <= SQS_BATCH_BYTES
    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert taken == updates(events)


def test_sqs_gets_only_refused_events_again_when_it_refused_some(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    batches.refuse({0, 2}, {1})

    sqs_queue.announce([event(1), event(2), event(3)])

    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert sorted(message.order_id for message in taken) == [order_id(n) for n in (1, 2, 3)]
    assert [len(entries) for entries in batches.sent] == [3, 2, 1]


def test_sqs_queue_raises_unavailable_when_an_event_is_refused_every_time(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    batches.refuse({0}, {0}, {0})

    with pytest.raises(UnavailableError):
        sqs_queue.announce([event(1), event(2)])

    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert taken == updates([event(2)])


def test_sqs_queue_raises_unavailable_when_queue_does_not_exist(
    sqs: BaseClient, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    sqs.delete_queue(QueueUrl=status_queue_url)

    with pytest.raises(UnavailableError):
        sqs_queue.announce([event(1)])
    with pytest.raises(UnavailableError):
        sqs_queue.request_follow(follow())
    with pytest.raises(UnavailableError):
        sqs_queue.request_unfollow(unfollow())
