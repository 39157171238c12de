"""What every OrderQueue does, and what SQS needs for it."""

from random import Random

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.client import SQS, AwsClient
from chalicelib.adapters.aws.sqs import SqsOrderQueue
from chalicelib.adapters.memory.ports import MemoryClock, MemoryOrderQueue
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder, decode_execute_order
from chalicelib.engine.ports.queues import OrderQueue
from tests.contract.loopback import NOWHERE
from tests.contract.queues import Batches, Line, drain, receive_all
from tests.contract.samples import order_id

OrderLine = Line[OrderQueue, ExecuteOrder]


def messages(many: int) -> list[ExecuteOrder]:
    return [ExecuteOrder(order_id=order_id(n), announced_through=n % 5) for n in range(1, many + 1)]


def in_order_of_id(taken: list[ExecuteOrder]) -> list[ExecuteOrder]:
    return sorted(taken, key=lambda message: message.order_id)


@pytest.fixture(params=["memory", "sqs"])
def line(request: pytest.FixtureRequest) -> OrderLine:
    if request.param == "memory":
        memory = MemoryOrderQueue()
        return Line(port=memory, take=lambda: drain(memory.messages))
    client = request.getfixturevalue("sqs")
    url = request.getfixturevalue("orders_queue_url")
    return Line(
        port=SqsOrderQueue(request.getfixturevalue("sqs_calls"), url),
        take=lambda: [decode_execute_order(m["Body"]) for m in receive_all(client, url)],
    )


@pytest.fixture
def sqs_queue(sqs_calls: AwsClient, orders_queue_url: str) -> SqsOrderQueue:
    return SqsOrderQueue(sqs_calls, orders_queue_url)


@pytest.mark.parametrize("many", [0, 1, 10, 11, 25])
def test_messages_arrive_once_each_when_enqueued(line: OrderLine, many: int) -> None:
    line.port.enqueue(messages(many))

    assert in_order_of_id(line.take()) == messages(many)


def test_message_arrives_again_when_enqueued_again(line: OrderLine) -> None:
    line.port.enqueue(messages(1))
    line.port.enqueue(messages(1))

    assert line.take() == messages(1) * 2


def test_check_passes_when_queue_answers(line: OrderLine) -> None:
    line.port.check()


@pytest.mark.parametrize(
    ("many", "sizes"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_sqs_batches_hold_ten_at_most_when_there_are_many(
    batches: Batches, sqs_queue: SqsOrderQueue, many: int, sizes: list[int]
) -> None:
    sqs_queue.enqueue(messages(many))

    assert [len(entries) for entries in batches.sent] == sizes


def test_sqs_gets_only_refused_messages_again_when_it_refused_some(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsOrderQueue, orders_queue_url: str
) -> None:
    batches.refuse({1, 3}, {0})

    sqs_queue.enqueue(messages(5))

    taken = [decode_execute_order(m["Body"]) for m in receive_all(sqs, orders_queue_url)]
    assert in_order_of_id(taken) == messages(5)
    assert [len(entries) for entries in batches.sent] == [5, 2, 1]


def test_sqs_queue_raises_unavailable_when_messages_are_refused_every_time(
    sqs: BaseClient, batches: Batches, sqs_queue: SqsOrderQueue, orders_queue_url: str
) -> None:
    batches.refuse({2}, {0}, {0})

    with pytest.raises(UnavailableError):
        sqs_queue.enqueue(messages(3))

    taken = [decode_execute_order(m["Body"]) for m in receive_all(sqs, orders_queue_url)]
    assert in_order_of_id(taken) == messages(2)


@pytest.mark.parametrize("delay_seconds", [0, 1, 900])
def test_sqs_hides_messages_when_they_are_delayed(
    sqs: BaseClient,
    batches: Batches,
    sqs_queue: SqsOrderQueue,
    orders_queue_url: str,
    delay_seconds: int,
) -> None:
    sqs_queue.enqueue(messages(2), delay_seconds=delay_seconds)

    assert [entry["DelaySeconds"] for entry in batches.sent[0]] == [delay_seconds] * 2
    assert len(receive_all(sqs, orders_queue_url)) == (0 if delay_seconds else 2)


def test_sqs_queue_raises_unavailable_when_queue_does_not_exist(
    sqs: BaseClient, sqs_queue: SqsOrderQueue, orders_queue_url: str
) -> None:
    sqs.delete_queue(QueueUrl=orders_queue_url)

    with pytest.raises(UnavailableError):
        sqs_queue.enqueue(messages(1))
    with pytest.raises(UnavailableError):
        sqs_queue.check()


def test_sqs_queue_raises_unavailable_when_sqs_is_out_of_reach() -> None:
    client = AwsClient(SQS, clock=MemoryClock(), random=Random(0), endpoint_url=NOWHERE)
    sqs_queue = SqsOrderQueue(client, "https://sqs.test/orders")

    with pytest.raises(UnavailableError):
        sqs_queue.enqueue(messages(1))
    with pytest.raises(UnavailableError):
        sqs_queue.check()


def test_sqs_message_comes_again_as_soon_as_its_hold_is_over(
    sqs: BaseClient, sqs_queue: SqsOrderQueue, orders_queue_url: str
) -> None:
    sqs_queue.enqueue(messages(2))
    received = sqs.receive_message(QueueUrl=orders_queue_url, MaxNumberOfMessages=10)["Messages"]
    first, second = (message["ReceiptHandle"] for message in received)

    sqs_queue.hold([first], seconds=0)

    again = sqs.receive_message(QueueUrl=orders_queue_url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in again] == [received[0]["Body"]]
    assert second not in [message["ReceiptHandle"] for message in again]


@pytest.mark.parametrize(("many", "calls"), [(0, 0), (1, 1), (10, 1), (25, 3)])
def test_sqs_holds_ten_messages_with_a_call(
    batches: Batches, sqs_queue: SqsOrderQueue, many: int, calls: int
) -> None:
    sqs_queue.hold([f"receipt {n}" for n in range(many)], seconds=15)

    assert (sum(map(len, batches.sent)), len(batches.sent)) == (many, calls)


def test_hold_of_a_message_that_is_gone_harms_nobody(
    sqs: BaseClient, sqs_queue: SqsOrderQueue, orders_queue_url: str
) -> None:
    sqs_queue.enqueue(messages(1))
    [received] = sqs.receive_message(QueueUrl=orders_queue_url)["Messages"]
    sqs.delete_message(QueueUrl=orders_queue_url, ReceiptHandle=received["ReceiptHandle"])

    sqs_queue.hold([received["ReceiptHandle"], "never given out"], seconds=15)
