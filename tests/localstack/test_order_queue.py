from uuid import uuid4

import pytest

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.sqs import SqsOrderQueue
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder, decode_execute_order
from tests.localstack.queues import Inbox, Message, bodies, receive_count

MAX_RECEIVE_COUNT = 5


@pytest.fixture
def queue(sqs_calls: AwsClient, orders: Inbox) -> SqsOrderQueue:
    return SqsOrderQueue(sqs_calls, orders.url)


def test_order_queue_delivers_what_was_enqueued_when_it_takes_several_batches(
    queue: SqsOrderQueue, orders: Inbox
) -> None:
    sent = some_orders(25)

    queue.enqueue(sent)

    received = decoded(orders.wait_for(25))
    assert by_id(received) == by_id(sent)
    assert orders.take() == []


def test_order_queue_holds_messages_back_when_a_delay_is_given(
    queue: SqsOrderQueue, orders: Inbox
) -> None:
    sent = some_orders(2)

    queue.enqueue(sent, delay_seconds=2)

    assert orders.take() == []
    assert orders.count("ApproximateNumberOfMessagesDelayed") == 2
    assert by_id(decoded(orders.wait_for(2))) == by_id(sent)


def test_order_queue_delivers_only_the_failed_again_when_the_others_are_deleted(
    queue: SqsOrderQueue, orders: Inbox
) -> None:
    queue.enqueue(some_orders(3))
    first, failed, last = orders.wait_for(3, hidden_seconds=1)

    orders.delete([first, last])

    (again,) = orders.wait_for(1)
    assert (again["MessageId"], receive_count(again)) == (failed["MessageId"], 2)
    assert orders.count() + orders.count("ApproximateNumberOfMessagesNotVisible") == 1


def test_order_queue_gives_a_message_up_when_it_failed_five_times(
    queue: SqsOrderQueue, orders: Inbox, orders_dead_letters: Inbox
) -> None:
    (poison,) = some_orders(1)
    queue.enqueue([poison])

    counts = orders.fail(MAX_RECEIVE_COUNT)

    assert counts == [1, 2, 3, 4, 5]
    assert orders.take() == []
    assert decoded(orders_dead_letters.wait_for(1)) == [poison]


def test_order_queue_keeps_a_message_when_it_failed_four_times(
    queue: SqsOrderQueue, orders: Inbox, orders_dead_letters: Inbox
) -> None:
    queue.enqueue(some_orders(1))
    orders.fail(MAX_RECEIVE_COUNT - 1)

    (kept,) = orders.wait_for(1)

    assert receive_count(kept) == MAX_RECEIVE_COUNT
    assert orders_dead_letters.take() == []


def test_order_queue_check_passes_when_the_queue_is_there(queue: SqsOrderQueue) -> None:
    queue.check()


def test_order_queue_check_fails_when_the_queue_is_missing(
    sqs_calls: AwsClient, orders: Inbox
) -> None:
    missing = SqsOrderQueue(sqs_calls, f"{orders.url}-missing")

    with pytest.raises(UnavailableError, match="QueueDoesNotExist"):
        missing.check()


def some_orders(count: int) -> list[ExecuteOrder]:
    return [
        ExecuteOrder(order_id=OrderId(str(uuid4())), announced_through=number)
        for number in range(count)
    ]


def decoded(messages: list[Message]) -> list[ExecuteOrder]:
    return [decode_execute_order(body) for body in bodies(messages)]


def by_id(messages: list[ExecuteOrder]) -> list[ExecuteOrder]:
    return sorted(messages, key=lambda message: message.order_id)
