"""What SQS needs for the StatusQueue: groups, deduplication ids, and batches within its limits."""

import re

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.sqs import SqsStatusQueue
from chalicelib.domain.orders.events import AttemptStarted, EventDetails, Failure
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import StatusUpdate, decode_status_message
from tests.contract.queues import (
    REQUEST_IDS,
    Batches,
    alone,
    follow,
    receive_all,
    unfollow,
    updates,
)
from tests.contract.samples import event, order_id

SQS_BATCH_BYTES = 256 * 1024
# What SQS takes as a deduplication id: letters, digits and ASCII punctuation.
DEDUPLICATION_ID = re.compile(r"[!-~]{1,128}")


@pytest.fixture
def sqs_queue(sqs_calls: AwsClient, status_queue_url: str) -> SqsStatusQueue:
    return SqsStatusQueue(sqs_calls, status_queue_url)


def saying(text: str) -> EventDetails:
    """Details with a text of any length."""
    return AttemptStarted(retry_of=Failure(code="ODD", message=text))


def test_sqs_groups_by_order_and_deduplicates_by_sequences_when_announced(
    sqs: BaseClient, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    sqs_queue.announce([(event(1, 1),), (event(1, 2), event(1, 3)), (event(2, 7),)])
    sqs_queue.request_follow(follow(2))

    received = [m["Attributes"] for m in receive_all(sqs, status_queue_url)]
    groups = [a["MessageGroupId"] for a in received]
    deduplication_ids = [a["MessageDeduplicationId"] for a in received]
    assert groups == [order_id(1), order_id(1), order_id(2), order_id(2)]
    one, two = order_id(1), order_id(2)
    assert deduplication_ids[:3] == [f"{one}:1", f"{one}:2-3", f"{two}:7"]
    assert deduplication_ids[3] not in deduplication_ids[:3]


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

    sqs_queue.announce(alone(events))

    bodies = [[entry["MessageBody"].encode() for entry in sent] for sent in batches.sent]
    assert [len(sent) for sent in bodies] == sizes
    assert max(sum(map(len, sent)) for sent in bodies) <= SQS_BATCH_BYTES
    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert taken == updates(events)


def test_sqs_gets_a_pack_event_by_event_when_it_is_too_large_for_a_message(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    large = tuple(event(1, n, saying("x" * 130 * 1024)) for n in (1, 2))
    small = tuple(event(1, n, saying("x" * 100 * 1024)) for n in (3, 4))

    sqs_queue.announce([large, small])

    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert taken == [*updates(large), StatusUpdate(events=small)]
    sizes = [sum(len(entry["MessageBody"]) for entry in sent) for sent in batches.sent]
    assert max(sizes) <= SQS_BATCH_BYTES


def test_sqs_gets_only_refused_events_again_when_it_refused_some(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    batches.refuse({0, 2}, {1})

    sqs_queue.announce(alone([event(1), event(2), event(3)]))

    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert sorted(message.order_id for message in taken) == [order_id(n) for n in (1, 2, 3)]
    assert [len(entries) for entries in batches.sent] == [3, 2, 1]


def test_sqs_queue_raises_unavailable_when_an_event_is_refused_every_time(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    batches.refuse({0}, {0}, {0})

    with pytest.raises(UnavailableError):
        sqs_queue.announce(alone([event(1), event(2)]))

    taken = [decode_status_message(m["Body"]) for m in receive_all(sqs, status_queue_url)]
    assert taken == updates([event(2)])


def test_sqs_queue_raises_unavailable_when_queue_does_not_exist(
    sqs: BaseClient, sqs_queue: SqsStatusQueue, status_queue_url: str
) -> None:
    sqs.delete_queue(QueueUrl=status_queue_url)

    with pytest.raises(UnavailableError):
        sqs_queue.announce(alone([event(1)]))
    with pytest.raises(UnavailableError):
        sqs_queue.request_follow(follow())
    with pytest.raises(UnavailableError):
        sqs_queue.request_unfollow(unfollow())
