import json
from datetime import UTC, datetime

import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import FollowRequest, UnfollowRequest
from chalicelib.engine.ports.followers import SUBSCRIPTIONS_MAX
from tests.unit.functions import Functions
from tests.world import World

CONNECTION_ID = "XPQDmfCyoAMCJ-w="
ORDER_ID = OrderId("00000000-0000-4000-8000-000000000001")
NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"
DOWN = UnavailableError("out of reach")
PONG = {"type": "pong"}


@pytest.fixture
def order_ids(functions: Functions) -> list[OrderId]:
    """Two orders; the captured connection follows the first and has asked for nothing else."""
    submitted = [functions.world.submit() for _ in range(2)]
    functions.world.feed.open(CONNECTION_ID)
    functions.connect({"orderId": submitted[0]})
    return submitted


def frames_of(world: World) -> list[dict[str, object]]:
    return world.frames(CONNECTION_ID)


def seen(world: World, order_id: OrderId) -> list[int]:
    updates = [f["data"] for f in world.frames(CONNECTION_ID) if f["type"] == "update"]
    return [update["sequence"] for update in updates if update["orderId"] == order_id]


def refusal(world: World) -> dict[str, str]:
    """The one frame that came, an error."""
    (frame,) = world.frames(CONNECTION_ID)
    assert frame.keys() == {"type", "error"}
    assert frame["type"] == "error"
    error: dict[str, str] = frame["error"]
    assert 0 < len(error["detail"]) < 300
    return error


@pytest.mark.parametrize("body", ['{"action":"ping"}', ' { "action" : "ping" } '])
def test_ping_is_answered(functions: Functions, body: str) -> None:
    functions.world.feed.open(CONNECTION_ID)

    answer = functions.message(body)

    assert answer["statusCode"] == 200
    assert frames_of(functions.world) == [PONG]


@pytest.mark.parametrize(
    ("fields", "after"),
    [({}, 0), ({"after": 0}, 0), ({"after": 3}, 3), ({"after": 999_999_999}, 999_999_999)],
    ids=["from the first", "after none", "after some", "after the last"],
)
def test_subscribe_asks_for_the_orders_events_without_an_answer_of_its_own(
    functions: Functions, order_ids: list[OrderId], fields: dict[str, int], after: int
) -> None:
    answer = functions.say("frame 1", action="subscribe", orderId=order_ids[1], **fields)

    assert answer["statusCode"] == 200
    assert functions.world.status_queue.messages[-1] == FollowRequest(
        request_id="frame 1",
        connection_id=CONNECTION_ID,
        order_id=order_ids[1],
        after=after,
        connected_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert functions.world.followers.subscriptions == {CONNECTION_ID: 2}
    assert frames_of(functions.world) == []


def test_unsubscribe_asks_for_the_end_behind_what_is_on_its_way(
    functions: Functions, order_ids: list[OrderId]
) -> None:
    answer = functions.say("frame 1", action="unsubscribe", orderId=order_ids[0])

    assert answer["statusCode"] == 200
    assert functions.world.status_queue.messages[-1] == UnfollowRequest(
        request_id="frame 1", connection_id=CONNECTION_ID, order_id=order_ids[0]
    )
    assert frames_of(functions.world) == []


def test_connection_sees_every_order_whole_when_it_subscribes_to_many(
    functions: Functions, order_ids: list[OrderId]
) -> None:
    later = [functions.world.submit() for _ in range(5)]
    for number, order_id in enumerate(later):
        functions.say(f"frame {number}", action="subscribe", orderId=order_id)

    functions.world.run()
    functions.world.publish()

    assert [seen(functions.world, o) for o in [order_ids[0], *later]] == [[1, 2, 3, 4, 5]] * 6
    assert seen(functions.world, order_ids[1]) == []


def test_order_id_is_found_when_written_in_capitals(functions: Functions) -> None:
    functions.world.feed.open(CONNECTION_ID)
    order_id = functions.world.submit()

    functions.say(action="subscribe", orderId=order_id.upper())
    functions.world.publish()

    assert seen(functions.world, order_id) == [1]


def test_events_come_again_when_a_connection_subscribes_again(
    functions: Functions, order_ids: list[OrderId]
) -> None:
    functions.world.run()
    functions.world.publish()

    functions.say("frame 1", action="subscribe", orderId=order_ids[0], after=3)
    functions.say("frame 2", action="subscribe", orderId=order_ids[0], after=4)
    functions.world.publish()

    assert seen(functions.world, order_ids[0]) == [1, 2, 3, 4, 5, 4, 5, 5]


def test_order_is_silent_when_unsubscribed_and_goes_on_when_subscribed_again(
    functions: Functions, order_ids: list[OrderId]
) -> None:
    functions.world.publish()
    functions.say("frame 1", action="unsubscribe", orderId=order_ids[0])
    functions.world.publish()
    functions.world.run()
    functions.world.publish()
    silent = seen(functions.world, order_ids[0])

    functions.say("frame 2", action="subscribe", orderId=order_ids[0], after=1)
    functions.world.publish()

    assert (silent, seen(functions.world, order_ids[0])) == ([1], [1, 2, 3, 4, 5])
    assert not functions.world.followers.followers([order_ids[0]])


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_frame_is_refused_when_there_is_no_such_order(
    functions: Functions, order_ids: list[OrderId], action: str
) -> None:
    queued = len(functions.world.status_queue.messages)

    functions.say(action=action, orderId=NOBODY)

    error = refusal(functions.world)
    assert (error["code"], error["orderId"]) == ("ORDER_NOT_FOUND", NOBODY)
    assert len(functions.world.status_queue.messages) == queued
    assert functions.world.followers.subscriptions == {}


def test_subscribe_is_refused_when_a_connection_has_done_so_too_often(
    functions: Functions, order_ids: list[OrderId]
) -> None:
    functions.world.followers.subscriptions[CONNECTION_ID] = SUBSCRIPTIONS_MAX
    queued = len(functions.world.status_queue.messages)

    functions.say(action="subscribe", orderId=order_ids[1])

    error = refusal(functions.world)
    assert (error["code"], error["orderId"]) == ("TOO_MANY_SUBSCRIPTIONS", order_ids[1])
    assert len(functions.world.status_queue.messages) == queued


@pytest.mark.parametrize(
    ("action", "port"),
    [
        ("subscribe", "store"),
        ("subscribe", "followers"),
        ("subscribe", "status_queue"),
        ("unsubscribe", "store"),
        ("unsubscribe", "status_queue"),
    ],
)
def test_frame_is_refused_when_what_it_needs_is_down(
    functions: Functions, order_ids: list[OrderId], action: str, port: str
) -> None:
    functions.world.outages[port] = DOWN

    functions.say(action=action, orderId=order_ids[0])

    assert refusal(functions.world)["code"] == "UNAVAILABLE"


def test_ping_is_answered_when_everything_else_is_down(functions: Functions) -> None:
    functions.world.feed.open(CONNECTION_ID)
    functions.world.outages |= dict.fromkeys(["store", "followers", "status_queue"], DOWN)

    functions.say(action="ping")

    assert frames_of(functions.world) == [PONG]


@pytest.mark.parametrize("is_open", [True, False], ids=["busy", "gone"])
def test_frame_harms_nothing_when_it_cannot_be_answered(
    functions: Functions, is_open: bool
) -> None:
    if is_open:
        functions.world.feed.open(CONNECTION_ID)
        functions.world.outages["feed"] = DOWN

    assert functions.say(action="ping")["statusCode"] == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("ping", "MALFORMED_JSON"),
        ("", "MALFORMED_JSON"),
        ('{"action":NaN}', "MALFORMED_JSON"),
        ('"\ud800"', "MALFORMED_JSON"),
        ('{"action":"ping","action":"ping"}', "DUPLICATE_KEY"),
        ('{"action":1e9999999999999999999}', "NUMBER_TOO_LARGE"),
        ("[" * 9_000, "BODY_TOO_DEEP"),
        ("[" * 20_000, "BODY_TOO_LARGE"),
        ("null", "INVALID_REQUEST"),
        ("[]", "INVALID_REQUEST"),
        ('"ping"', "INVALID_REQUEST"),
        ("{}", "UNKNOWN_ACTION"),
        ('{"action":"Ping"}', "UNKNOWN_ACTION"),
        ('{"action":"ping "}', "UNKNOWN_ACTION"),
        ('{"action":null}', "UNKNOWN_ACTION"),
        ('{"action":["ping"]}', "UNKNOWN_ACTION"),
        ('{"action":{"ping":1}}', "UNKNOWN_ACTION"),
        ('{"action":"\\ud800"}', "UNKNOWN_ACTION"),
        ('{"action":"ping","more":1}', "INVALID_REQUEST"),
        ('{"action":"ping","\\ud800":1}', "INVALID_REQUEST"),
        ('{"action":"ping","orderId":1}', "INVALID_REQUEST"),
        ('{"action":"subscribe"}', "INVALID_REQUEST"),
        ('{"action":"subscribe","order_id":"1"}', "INVALID_REQUEST"),
        *[
            (f'{{"action":"{action}","orderId":{order_id}}}', "INVALID_ORDER_ID")
            for action in ("subscribe", "unsubscribe")
            for order_id in ("null", "1", '""', '"1"', f'["{ORDER_ID}"]', '"\\u0000"')
        ],
    ],
    ids=lambda value: value[:60].encode("ascii", "backslashreplace").decode(),
)
def test_frame_is_refused_when_it_is_not_understood(
    functions: Functions, body: str, code: str
) -> None:
    functions.world.feed.open(CONNECTION_ID)

    answer = functions.message(body)

    error = refusal(functions.world)
    assert answer["statusCode"] == 200
    assert error["code"] == code
    assert "orderId" not in error


@pytest.mark.parametrize(
    "after", ["-1", "1.5", "1e9", "1e400", "1000000000", "null", "true", "[]", '""', '"1"']
)
def test_subscribe_is_refused_when_after_is_not_a_sequence(
    functions: Functions, order_ids: list[OrderId], after: str
) -> None:
    functions.message(f'{{"action":"subscribe","orderId":"{order_ids[1]}","after":{after}}}')

    error = refusal(functions.world)
    assert (error["code"], error["orderId"]) == ("INVALID_AFTER", order_ids[1])


@pytest.mark.parametrize(
    "frame",
    [
        {"action": "follow"},
        {"action": "subscribe", "more": 1},
        {"action": "unsubscribe", "after": 1},
        {},
    ],
    ids=json.dumps,
)
def test_error_names_the_order_when_the_frame_did(
    functions: Functions, order_ids: list[OrderId], frame: dict[str, object]
) -> None:
    functions.say(**frame, orderId=order_ids[0])

    assert refusal(functions.world)["orderId"] == order_ids[0]
