"""What every StatusQueue does."""

import pytest

from chalicelib.adapters.aws.sqs import SqsStatusQueue
from chalicelib.adapters.memory.ports import MemoryStatusQueue
from chalicelib.domain.orders.events import AttemptStarted, Failure, OrderEvent
from chalicelib.engine.messages import (
    StatusMessage,
    StatusUpdate,
    decode_status_message,
)
from chalicelib.engine.ports.queues import StatusQueue
from tests.contract.queues import (
    REQUEST_IDS,
    Line,
    alone,
    drain,
    follow,
    receive_all,
    unfollow,
    updates,
)
from tests.contract.samples import accepted, event, order_id, way_to_confirmed

StatusLine = Line[StatusQueue, StatusMessage]


def history(number: int) -> list[OrderEvent]:
    pending = accepted(number)
    return [pending.event, *(move.event for move in way_to_confirmed(pending))]


def of_order(taken: list[StatusMessage], number: int) -> list[StatusMessage]:
    return [message for message in taken if message.order_id == order_id(number)]


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


def test_one_orders_events_arrive_in_order_when_orders_are_mixed(line: StatusLine) -> None:
    histories = {number: history(number) for number in (1, 2, 3)}
    mixed = [histories[number][step] for step in range(5) for number in (1, 2, 3)]

    line.port.announce(alone(mixed))

    taken = line.take()
    assert len(taken) == 15
    assert {n: of_order(taken, n) for n in histories} == {
        n: updates(events) for n, events in histories.items()
    }


def test_nothing_arrives_when_nothing_is_announced(line: StatusLine) -> None:
    line.port.announce([])

    assert line.take() == []


def test_event_arrives_once_when_announced_again(line: StatusLine) -> None:
    line.port.announce(alone(history(1)[:3]))

    line.port.announce(alone(history(1)))

    assert line.take() == updates(history(1))


def test_pack_arrives_in_one_message_and_once_when_announced_again(line: StatusLine) -> None:
    pending, *moves = history(1)
    routing_and_building, submitted_and_confirmed = tuple(moves[:2]), tuple(moves[2:])
    line.port.announce([(pending,), routing_and_building])

    line.port.announce([routing_and_building, submitted_and_confirmed])

    packs = [(pending,), routing_and_building, submitted_and_confirmed]
    assert line.take() == [StatusUpdate(events=pack) for pack in packs]


def test_pack_arrives_whole_when_a_part_of_it_or_more_was_announced(line: StatusLine) -> None:
    events = tuple(history(1))
    packs = [events[1:3], events[1:2], events[2:3], events[1:4], events[2:4]]
    line.port.announce(packs[:1])

    line.port.announce(packs[1:])

    assert line.take() == [StatusUpdate(events=pack) for pack in packs]


def test_events_of_each_order_arrive_when_sequences_are_equal(line: StatusLine) -> None:
    line.port.announce(alone([event(1, 1), event(2, 1)]))

    taken = line.take()

    assert [of_order(taken, 1), of_order(taken, 2)] == [
        [*updates([event(1)])],
        [*updates([event(2)])],
    ]


def test_details_survive_when_they_are_not_plain(line: StatusLine) -> None:
    failure = Failure(code="ODD", message='grüße 日本語 😀 " \\ \n')
    odd = event(details=AttemptStarted(retry_of=failure))

    line.port.announce([(odd,)])

    assert line.take() == updates([odd])


def test_follow_request_arrives_behind_events_when_they_were_announced_first(
    line: StatusLine,
) -> None:
    events = history(1)
    line.port.announce(alone(events[:2]))
    line.port.request_follow(follow(after=1))
    line.port.announce(alone(events[2:]))

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
    line.port.announce(alone(events[:2]))
    line.port.request_unfollow(unfollow(request_id="2"))
    line.port.announce(alone(events[2:]))
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
    line.port.announce([(event(1, 1),)])

    line.port.request_follow(follow(request_id=request_id))

    assert line.take() == [*updates([event(1, 1)]), follow(request_id=request_id)]
