import pytest

from tests.hostile_frames import HOSTILE_FRAMES, name_of
from tests.unit.functions import Functions

CONNECTION_ID = "XPQDmfCyoAMCJ-w="


@pytest.mark.parametrize("body", [*HOSTILE_FRAMES, '"\ud800"', '{"action":"\udfff"}'], ids=name_of)
def test_frame_is_answered_with_an_error_and_leaves_nothing_when_it_is_hostile(
    functions: Functions, body: str
) -> None:
    order_id = functions.world.submit()
    functions.world.feed.open(CONNECTION_ID)

    answer = functions.message(body)
    functions.say(action="ping")

    error, pong = functions.world.frames(CONNECTION_ID)
    assert answer["statusCode"] == 200
    assert (error["type"], pong) == ("error", {"type": "pong"})
    assert len(error["error"]["detail"]) < 200
    assert functions.world.store.orders.keys() == {order_id}
    assert functions.world.followers.subscriptions == {}
    assert not functions.world.status_queue.messages


def test_flood_of_subscribes_ends_in_errors_when_there_were_too_many(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.feed.open(CONNECTION_ID)
    functions.connect({"orderId": order_id})

    for number in range(1_200):
        functions.say(f"frame {number}", action="subscribe", orderId=order_id, after=5)

    frames = functions.world.frames(CONNECTION_ID)
    assert {frame["error"]["code"] for frame in frames} == {"TOO_MANY_SUBSCRIPTIONS"}
    assert len(frames) == 201
    assert len(functions.world.status_queue.messages) == 1_000
