import json

import pytest

from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder, encode
from tests.unit.functions import Functions, batch, captured

NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"
CONNECTION_ID = "XPQDmfCyoAMCJ-w="
FIRST_ID = "059f36b4-87a3-44ab-83d2-661975830a7d"
SECOND_ID = "2e1424d4-f796-459a-8184-9c92662be6da"
UNREADABLE = {
    "no JSON": "order",
    "empty": "",
    "no object": "[]",
    "null": "null",
    "nothing in it": "{}",
    "no UUID": '{"order_id":"1","announced_through":0,"kind":"update"}',
    "a number for an id": '{"order_id":1,"announced_through":0,"kind":"follow"}',
    "no sequence": f'{{"order_id":"{NOBODY}","kind":"update"}}',
    "a word for a sequence": f'{{"order_id":"{NOBODY}","announced_through":"x","kind":"x"}}',
    "an infinite sequence": (
        f'{{"order_id":"{NOBODY}","announced_through":1e999,"kind":"update","sequence":1e999}}'
    ),
    "deep": "[" * 100_000,
}

unreadable = pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())


def test_batch_of_orders_is_executed_and_nothing_reported(functions: Functions) -> None:
    order_ids = [functions.world.submit() for _ in range(2)]

    failed = functions.execute(captured("sqs_standard"))

    assert failed == []
    assert {functions.world.statuses(order_id)[-1] for order_id in order_ids} == {"confirmed"}


def test_message_is_reported_when_its_order_is_unknown(functions: Functions) -> None:
    order_id = functions.world.submit()

    failed = functions.execute(captured("sqs_standard"))

    assert failed == [SECOND_ID]
    assert functions.world.statuses(order_id)[-1] == "confirmed"


@unreadable
def test_message_of_an_order_is_reported_alone_when_it_cannot_be_read(
    functions: Functions, body: str
) -> None:
    order_id = functions.world.submit()
    good = encode(ExecuteOrder(order_id=order_id))

    failed = functions.execute(batch("sqs_standard", [body, good]))

    assert failed == ["message 0"]
    assert functions.world.statuses(order_id)[-1] == "confirmed"


def test_every_message_of_an_order_is_reported_when_it_failed(functions: Functions) -> None:
    message = encode(ExecuteOrder(order_id=functions.world.submit()))
    functions.world.outages["status_queue"] = UnavailableError("queue")

    failed = functions.execute(batch("sqs_standard", [message, message]))

    assert failed == ["message 0", "message 1"]


@pytest.mark.parametrize(
    ("remaining_ms", "status"), [(3_000, "pending"), (3_001, "confirmed")], ids=["short", "enough"]
)
def test_orders_are_handed_back_when_the_function_has_little_time_left(
    functions: Functions, remaining_ms: int, status: str
) -> None:
    order_id = functions.world.submit()
    functions.world.order_queue.messages.clear()
    event = batch("sqs_standard", [encode(ExecuteOrder(order_id=order_id))])

    failed = functions.execute(event, remaining_ms=remaining_ms)

    assert (failed, functions.world.order(order_id).status) == ([], status)
    handed_back = [message.order_id for message in functions.world.order_queue.messages]
    assert handed_back == ([] if status == "confirmed" else [order_id])


def test_whole_batch_comes_again_when_the_store_is_down(functions: Functions) -> None:
    functions.world.submit()
    functions.world.outages["store"] = UnavailableError("database")

    with pytest.raises(UnavailableError):
        functions.execute(captured("sqs_standard"))


def test_batch_of_statuses_is_published_and_nothing_reported(functions: Functions) -> None:
    functions.world.submit()
    functions.world.feed.open(CONNECTION_ID)

    failed = functions.publish(captured("sqs_fifo"))

    assert failed == []
    assert functions.world.sequences(CONNECTION_ID) == [1, 2]


@unreadable
def test_status_message_is_reported_when_it_cannot_be_read(functions: Functions, body: str) -> None:
    functions.world.submit()
    functions.world.feed.open(CONNECTION_ID)
    good = [record["body"] for record in captured("sqs_fifo")["Records"]]

    failed = functions.publish(batch("sqs_fifo", [*good, body]))

    assert failed == ["message 2"]
    assert functions.world.sequences(CONNECTION_ID) == [1, 2]


def test_later_statuses_of_an_order_are_reported_too_when_one_failed(
    functions: Functions,
) -> None:
    functions.world.submit()
    functions.world.feed.open(CONNECTION_ID)
    bodies = [record["body"] for record in captured("sqs_fifo")["Records"]]
    other = json.dumps(json.loads(bodies[1]) | {"order_id": NOBODY})
    functions.world.meanwhile("followers.add_follower", lambda: 1 // 0)

    failed = functions.publish(batch("sqs_fifo", [bodies[0], other, bodies[1]]))

    assert failed == ["message 0", "message 2"]


def test_whole_batch_comes_again_when_the_followers_cannot_be_read(functions: Functions) -> None:
    functions.world.outages["followers"] = UnavailableError("table")

    with pytest.raises(UnavailableError):
        functions.publish(captured("sqs_fifo"))
