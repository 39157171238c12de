import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.dispatch import dispatch
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.world import World

ORDERS = {OrderId("a"): 1, OrderId("b"): 4}


def test_dispatch_queues_the_orders() -> None:
    world = World()

    assert dispatch(world.watched("order_queue"), ORDERS)

    messages = [ExecuteOrder(order_id=i, announced_through=n) for i, n in ORDERS.items()]
    assert [*world.order_queue.messages] == messages


def test_dispatch_names_the_orders_in_the_log_when_the_queue_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.outages["order_queue"] = UnavailableError("away")

    assert not dispatch(world.watched("order_queue"), ORDERS)

    (record,) = caplog.records
    assert record.message == "enqueue_failed"
    assert (vars(record)["order_ids"], vars(record)["reason"]) == (["a", "b"], "away")


def test_dispatch_asks_nothing_of_the_queue_when_there_are_no_orders() -> None:
    world = World()
    world.outages["order_queue"] = UnavailableError("away")

    assert dispatch(world.watched("order_queue"), {})
