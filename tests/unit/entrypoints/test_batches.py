"""Who asks for several events in a frame: in the query of a connection, or in a subscribe frame."""

import pytest

from chalicelib.engine.messages import FollowRequest
from tests.unit.functions import Functions

CONNECTION_ID = "XPQDmfCyoAMCJ-w="


@pytest.mark.parametrize(
    ("query", "takes_batches"), [({}, False), ({"batch": "0"}, False), ({"batch": "1"}, True)]
)
def test_connect_asks_for_batches_only_when_its_query_does(
    functions: Functions, query: dict[str, str], takes_batches: bool
) -> None:
    functions.connect({"orderId": functions.world.submit()} | query)

    [request] = functions.world.status_queue.messages
    assert isinstance(request, FollowRequest)
    assert request.takes_batches is takes_batches


@pytest.mark.parametrize(
    ("fields", "takes_batches"), [({}, False), ({"batch": False}, False), ({"batch": True}, True)]
)
def test_subscribe_asks_for_batches_only_when_the_frame_does(
    functions: Functions, fields: dict[str, bool], takes_batches: bool
) -> None:
    functions.world.feed.open(CONNECTION_ID)
    functions.connect({"orderId": functions.world.submit(), "batch": "1"})

    functions.say(action="subscribe", orderId=functions.world.submit(), **fields)

    request = functions.world.status_queue.messages[-1]
    assert isinstance(request, FollowRequest)
    assert request.takes_batches is takes_batches


@pytest.mark.parametrize("batch", ["1", "0", "null", '"1"', '"true"', "[]", "1e999999999"])
def test_subscribe_is_refused_when_batch_is_neither_true_nor_false(
    functions: Functions, batch: str
) -> None:
    functions.world.feed.open(CONNECTION_ID)
    order_id = functions.world.submit()

    functions.message(f'{{"action":"subscribe","orderId":"{order_id}","batch":{batch}}}')

    [frame] = functions.world.frames(CONNECTION_ID)
    assert (frame["error"]["code"], frame["error"]["orderId"]) == ("INVALID_BATCH", order_id)
    assert not functions.world.status_queue.messages
