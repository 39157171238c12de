import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import FollowRequest
from tests.unit.entrypoints.test_identity import query_of
from tests.unit.functions import Functions, captured

CONNECTION_ID = "XPQDmfCyoAMCJ-w="
ORDER_ID = OrderId("00000000-0000-4000-8000-000000000001")
NOBODY = "ffffffff-ffff-4fff-8fff-ffffffffffff"
DOWN = UnavailableError("out of reach")


@pytest.fixture
def order_id(functions: Functions) -> OrderId:
    return functions.world.submit()


def assert_refused(functions: Functions, answer: dict[str, object], status: int, code: str) -> None:
    assert answer["statusCode"] == status
    assert json.loads(str(answer["body"]))["code"] == code
    assert not functions.world.status_queue.messages


@pytest.mark.parametrize(
    ("query", "after"),
    [({}, 0), ({"after": "0"}, 0), ({"after": "3"}, 3), ({"after": "999999999"}, 999_999_999)],
    ids=["from the first", "after none", "after some", "after the last"],
)
def test_connect_asks_for_the_orders_events(
    functions: Functions, order_id: OrderId, query: dict[str, str], after: int
) -> None:
    answer = functions.connect({"orderId": order_id} | query)

    assert answer["statusCode"] == 200
    assert list(functions.world.status_queue.messages) == [
        FollowRequest(
            request_id=CONNECTION_ID,
            connection_id=CONNECTION_ID,
            order_id=order_id,
            after=after,
            connected_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    ]
    assert functions.world.followers.subscriptions == {}


def test_order_is_not_looked_up_when_it_comes_with_its_ticket(functions: Functions) -> None:
    query = query_of(functions.http(captured("http_post")))
    functions.world.outages["store.exists"] = DOWN

    assert functions.connect(query)["statusCode"] == 200
    functions.message(json.dumps({"action": "subscribe", **query}))
    functions.message(json.dumps({"action": "unsubscribe", **query}))

    kinds = [type(message).__name__ for message in functions.world.status_queue.messages]
    assert kinds == ["FollowRequest", "FollowRequest", "UnfollowRequest"]


@pytest.mark.parametrize("minutes", [0, 10])
def test_order_is_looked_up_when_its_ticket_is_no_good(functions: Functions, minutes: int) -> None:
    query = query_of(functions.http(captured("http_post")))
    functions.world.clock.at += timedelta(minutes=minutes)
    other = query | {"orderId": NOBODY}
    forged = other | {"ticket": "forged"}

    answers = [functions.connect(q)["statusCode"] for q in (query, other, forged)]

    assert answers == [200, 404, 404]


def test_connect_ignores_what_it_does_not_know(functions: Functions, order_id: OrderId) -> None:
    answer = functions.connect({"orderId": order_id, "later": "version"})

    assert answer["statusCode"] == 200


def test_connection_sees_the_whole_execution_when_it_follows(
    functions: Functions, order_id: OrderId
) -> None:
    functions.world.feed.open(CONNECTION_ID)

    functions.connect({"orderId": order_id})
    functions.world.run()
    functions.world.publish()

    assert functions.world.sequences(CONNECTION_ID) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        (None, 422, "INVALID_ORDER_ID"),
        ({"after": "1"}, 422, "INVALID_ORDER_ID"),
        ({"orderId": ""}, 422, "INVALID_ORDER_ID"),
        ({"orderId": f"{ORDER_ID}'"}, 422, "INVALID_ORDER_ID"),
        ({"orderId": NOBODY}, 404, "ORDER_NOT_FOUND"),
        *[
            ({"orderId": ORDER_ID, "after": after}, 400, "INVALID_AFTER")
            for after in ("", "-1", "1.5", "01", " 1", "1e3", "\u0661", "9" * 5_000)
        ],
        *[
            ({"orderId": ORDER_ID, "batch": batch}, 400, "INVALID_BATCH")
            for batch in ("", "2", "01", " 1", "true", "True", "\u0661", "1" * 5_000)
        ],
    ],
    ids=lambda value: str(value)[:70],
)
@pytest.mark.usefixtures("order_id")
def test_connect_is_refused_when_its_query_is_bad(
    functions: Functions, query: dict[str, str] | None, status: int, code: str
) -> None:
    assert_refused(functions, functions.connect(query), status, code)


@pytest.mark.parametrize("port", ["store", "status_queue"])
def test_connect_is_refused_when_what_it_needs_is_down(
    functions: Functions, order_id: OrderId, port: str
) -> None:
    functions.world.outages[port] = DOWN

    assert_refused(functions, functions.connect({"orderId": order_id}), 503, "UNAVAILABLE")
