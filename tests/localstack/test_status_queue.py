from datetime import UTC, datetime
from uuid import uuid4

import pytest

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.sqs import SqsStatusQueue
from chalicelib.domain.orders.events import OrderEvent, Pack
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.token_list import find_pair
from chalicelib.engine.messages import (
    FollowRequest,
    StatusMessage,
    StatusUpdate,
    decode_status_message,
)
from tests.contract.samples import details_of
from tests.localstack.queues import Inbox, Message, bodies, receive_count

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAIR = find_pair("SOL", "USDC")
LIFE = tuple(OrderStatus)[:5]
MAX_RECEIVE_COUNT = 10


@pytest.fixture
def queue(sqs_calls: AwsClient, statuses: Inbox) -> SqsStatusQueue:
    return SqsStatusQueue(sqs_calls, statuses.url)


def test_status_queue_keeps_the_order_of_a_group_when_orders_are_mixed(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    lives = [life_of(new_order_id()) for _ in range(3)]
    mixed = [event for moment in zip(*lives, strict=True) for event in moment]

    queue.announce(alone(mixed))

    received = decoded(statuses.consume(15))
    for life in lives:
        of_this_order = [m for m in received if m.order_id == life[0].order_id]
        assert of_this_order == [StatusUpdate(events=(event,)) for event in life]


def test_status_queue_holds_back_only_the_group_of_a_message_in_flight(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    queue.announce(alone(life_of(new_order_id())[:2] + life_of(new_order_id())[:2]))

    in_flight = statuses.take(most=1)

    others = decoded(statuses.wait_for(2))
    assert {m.order_id for m in others}.isdisjoint(m.order_id for m in decoded(in_flight))
    assert sequences(others) == [1, 2]
    assert statuses.take() == []


def test_status_queue_goes_on_with_the_group_when_the_message_is_deleted(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    queue.announce(alone(life_of(new_order_id())[:2]))
    first = statuses.take(most=1)
    held_back = statuses.take()

    statuses.delete(first)

    assert held_back == []
    assert sequences(decoded(first + statuses.wait_for(1))) == [1, 2]


def test_status_queue_repeats_the_order_of_a_group_when_its_messages_failed(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    queue.announce(alone(life_of(new_order_id())))
    first, *failed = statuses.take()

    statuses.delete([first])
    statuses.release(failed)

    again = statuses.consume(len(failed))
    assert sequences(decoded(again)) == [2, 3, 4, 5]
    assert {receive_count(message) for message in again} == {2}


def test_status_queue_takes_an_event_once_when_it_is_announced_again(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    life = life_of(new_order_id())
    queue.announce(alone(life[:2]))
    statuses.consume(2)

    queue.announce(alone(life[:3]))

    assert sequences(decoded(statuses.wait_for(1))) == [3]
    assert statuses.count() == 0


def test_status_queue_takes_a_pack_once_when_it_is_announced_again(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    life = tuple(life_of(new_order_id()))
    queue.announce([life[1:3]])
    statuses.consume(1)

    queue.announce([life[1:3], life[3:5]])

    assert decoded(statuses.wait_for(1)) == [StatusUpdate(events=life[3:5])]
    assert statuses.count() == 0


def test_status_queue_takes_the_same_sequence_when_it_is_of_another_order(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    queue.announce(alone([life_of(new_order_id())[0], life_of(new_order_id())[0]]))

    received = decoded(statuses.wait_for(2))

    assert sequences(received) == [1, 1]


def test_status_queue_puts_a_follow_request_in_its_place_when_events_surround_it(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    order_id = new_order_id()
    before, after = life_of(order_id)[:2]
    request = follow(order_id)

    queue.announce([(before,)])
    queue.request_follow(request)
    queue.announce([(after,)])

    received = decoded(statuses.consume(3))
    assert received == [StatusUpdate(events=(before,)), request, StatusUpdate(events=(after,))]


def test_status_queue_takes_a_follow_request_once_when_it_is_repeated(
    queue: SqsStatusQueue, statuses: Inbox
) -> None:
    order_id = new_order_id()
    requests = [follow(order_id, "first="), follow(order_id, "first="), follow(order_id, "next=")]

    for request in requests:
        queue.request_follow(request)

    assert decoded(statuses.consume(2)) == [requests[0], requests[2]]
    assert statuses.count() == 0


def test_status_queue_gives_a_message_up_when_it_failed_ten_times(
    queue: SqsStatusQueue, statuses: Inbox, statuses_dead_letters: Inbox
) -> None:
    poison, next_event = life_of(new_order_id())[:2]
    queue.announce([(poison,)])
    statuses.fail(MAX_RECEIVE_COUNT)

    queue.announce([(next_event,)])

    assert decoded(statuses.wait_for(1)) == [StatusUpdate(events=(next_event,))]
    assert decoded(statuses_dead_letters.wait_for(1)) == [StatusUpdate(events=(poison,))]


def new_order_id() -> OrderId:
    return OrderId(str(uuid4()))


def life_of(order_id: OrderId) -> list[OrderEvent]:
    return [
        OrderEvent(
            order_id=order_id,
            sequence=sequence,
            attempt=1,
            occurred_at=AT,
            pair=PAIR,
            details=details_of(status),
        )
        for sequence, status in enumerate(LIFE, start=1)
    ]


def alone(events: list[OrderEvent]) -> list[Pack]:
    """Each event in a pack of its own."""
    return [(event,) for event in events]


def follow(order_id: OrderId, request_id: str = "L0SM9cOFvHcCIhw=") -> FollowRequest:
    return FollowRequest(
        request_id=request_id,
        connection_id="L0SM9cOFvHcCIhw=",
        order_id=order_id,
        after=0,
        connected_at=AT,
    )


def decoded(messages: list[Message]) -> list[StatusMessage]:
    return [decode_status_message(body) for body in bodies(messages)]


def sequences(messages: list[StatusMessage]) -> list[int]:
    return [e.sequence for m in messages if isinstance(m, StatusUpdate) for e in m.events]
