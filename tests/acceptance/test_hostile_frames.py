import json
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed

from tests.hostile_frames import HOSTILE_FRAMES

PING = '{"action":"ping"}'
PONG = {"type": "pong"}
COUNTS = """
    SELECT (SELECT count(*) FROM orders),
           (SELECT count(*) FROM order_events),
           (SELECT count(*) FROM chain.transactions)
"""


@contextmanager
def finished_stream(outside):
    """A connection whose order is over, and has nothing more to say of its own."""
    order = outside.submit()
    last = outside.follow(order)[-1]["data"]["sequence"]
    with outside.connect(f"{order['streamUrl']}&after={last}") as socket:
        yield socket, order


def followed_orders(outside):
    table = outside.description.outputs["ConnectionsTable"]
    client = outside.description.target().clients.client("dynamodb")
    items = client.scan(TableName=table)["Items"]
    keys = [item["key"]["S"] for item in items]
    return {key.removeprefix("order#") for key in keys if key.startswith("order#")}


def answer(socket):
    return json.loads(socket.recv(timeout=30))


def close_code(socket):
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=30)
    return closed.value.rcvd.code


def test_every_hostile_frame_is_answered_with_an_error_and_stores_nothing(outside):
    with finished_stream(outside) as (socket, _):
        counts = outside.sql(COUNTS)
        answers = []
        for frame in HOSTILE_FRAMES:
            socket.send(frame)
            answers.append(answer(socket))
        socket.send(PING)

        assert [a["type"] for a in answers] == ["error"] * len(HOSTILE_FRAMES)
        assert not {"INTERNAL", "UNAVAILABLE"} & {a["error"]["code"] for a in answers}
        assert answer(socket) == PONG
        assert outside.sql(COUNTS) == counts
        known = {str(order_id) for (order_id,) in outside.sql("SELECT order_id FROM orders")}
        assert followed_orders(outside) <= known


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b'{"action":"ping"}', 1003), (b"\x00\xff", 1003), ("x" * (128 * 1024 + 1), 1009)],
    ids=["binary", "bytes", "more than 128 KB"],
)
def test_socket_is_closed_with_its_code_when_a_frame_is_beyond_the_gateway(outside, frame, code):
    with finished_stream(outside) as (socket, order):
        socket.send(frame)

        assert close_code(socket) == code

    with outside.connect(order["streamUrl"] + "&after=9") as socket:
        socket.send(PING)
        assert answer(socket) == PONG


def test_message_of_128_kilobytes_is_answered_with_an_error(outside):
    with finished_stream(outside) as (socket, _):
        socket.send("x" * (128 * 1024))

        assert answer(socket)["error"]["code"] == "BODY_TOO_LARGE"


def test_flood_of_subscribes_leaves_the_connection_alive(outside):
    with finished_stream(outside) as (socket, order):
        frame = {"action": "subscribe", "orderId": order["orderId"], "after": 9}
        for _ in range(300):
            socket.send(json.dumps(frame))
        socket.send(PING)

        assert answer(socket) == PONG
