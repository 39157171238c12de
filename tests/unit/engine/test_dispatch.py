import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.dispatch import dispatch
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.world import World

MESSAGES = [ExecuteOrder(order_id=OrderId(name)) for name in ("a", "b")]


def test_dispatch_queues_the_orders() -> None:
    world = World()

    assert dispatch(world.watched("order_queue"), MESSAGES)

    assert [*world.order_queue.messages] == MESSAGES


def test_dispatch_names_the_orders_in_the_log_when_the_queue_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.outages["order_queue"] = UnavailableError("away")

    assert not dispatch(world.watched("order_queue"), MESSAGES)

    (record,) = caplog.records
    assert record.message == "enqueue_failed"
    assert (vars(record)["order_ids"], vars(record)["reason"]) == (["a", "b"], "away")


def test_dispatch_asks_nothing_of_the_queue_when_there_are_no_orders() -> None:
    world = World()
    world.outages["order_queue"] = UnavailableError("away")

    assert dispatch(world.watched("order_queue"), [])
