"""How often the engine talks to the database and to AWS: what a call costs is paid per order."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import app
from chalicelib.bootstrap import Deployment
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.engine.limits import Admission
from chalicelib.engine.messages import (
    ExecuteOrder,
    FollowRequest,
    StatusMessage,
    StatusUpdate,
    UnfollowRequest,
)
from chalicelib.engine.ports.followers import Follower
from chalicelib.engine.ports.orders import OrderFilter, OrderStore
from chalicelib.entrypoints.queue import holding
from tests.contract.samples import accepted, order_id, put, started, way_to_confirmed
from tests.integration.conftest import Traffic
from tests.unit.functions import LambdaContext, captured
from tests.world import exact_in

NOW = datetime.now(UTC)


def submit(engine: Deployment) -> OrderId:
    admission: Admission = engine.submitter.submit(
        trade=exact_in(),
        slippage_bps=100,
        max_price_impact_bps=1_500,
        owner_id=ANONYMOUS,
    )
    return admission.order.order_id


def execute(engine: Deployment, messages: list[ExecuteOrder]) -> set[OrderId]:
    receipts = [f"receipt of {message.order_id}" for message in messages]
    failed: set[OrderId] = engine.executor.execute(
        messages,
        has_time=lambda: True,
        hold=holding(engine.order_queue, receipts),
    )
    return failed


def publish(engine: Deployment, messages: list[StatusMessage]) -> set[str]:
    batch = [(f"message {n}", message) for n, message in enumerate(messages)]
    failed: set[str] = engine.publisher.publish(batch, has_time=lambda: True)
    return failed


def follow(engine: Deployment, connection_id: str, number: int, *, batch: bool = False) -> None:
    follower = Follower(
        connection_id=connection_id, replayed_through=0, connected_at=NOW, takes_batches=batch
    )
    engine.follower_store.add_follower(order_id(number), follower)


def updates(number: int) -> list[StatusMessage]:
    """An order's life, as an undisturbed execution announces it."""
    pending = accepted(number)
    routing, building, submitted, confirmed = (m.event for m in way_to_confirmed(pending))
    packs = [(pending.event,), (routing, building), (submitted, confirmed)]
    return [StatusUpdate(events=pack) for pack in packs]


def request(number: int, *, batch: bool = False) -> FollowRequest:
    return FollowRequest(
        request_id="alice",
        connection_id="alice",
        order_id=order_id(number),
        after=0,
        connected_at=NOW,
        takes_batches=batch,
    )


@pytest.mark.parametrize("many", [1, 10])
def test_execute_is_three_statements_and_one_of_the_ledger_when_nothing_waits(
    engine: Deployment, traffic: Traffic, many: int
) -> None:
    order_ids = [submit(engine) for _ in range(many)]
    traffic.clear()

    failed = execute(engine, [ExecuteOrder(order_id=o) for o in order_ids])

    statements = Counter(traffic.statements)
    statuses = {engine.order_store.get(o, ANONYMOUS).order.status for o in order_ids}
    assert (failed, statuses) == (set(), {OrderStatus.CONFIRMED})
    # One that makes the signed transactions durable, and one for all that came of sending them.
    assert statements == {"load_orders": 1, "save_transitions": 2, "ledger": 1}


@pytest.mark.parametrize(("many", "calls"), [(1, 1), (5, 1), (10, 2)])
def test_execute_announces_a_full_batch_in_one_call_when_events_come_up(
    engine: Deployment, traffic: Traffic, many: int, calls: int
) -> None:
    order_ids = [submit(engine) for _ in range(many)]
    traffic.clear()

    execute(engine, [ExecuteOrder(order_id=o) for o in order_ids])

    assert traffic.calls == ["ChangeMessageVisibilityBatch"] + ["SendMessageBatch"] * calls


def test_execute_is_one_statement_and_one_call_when_orders_are_final_and_announced(
    engine: Deployment, traffic: Traffic
) -> None:
    pending = accepted(1)
    put(engine.order_store, pending, *way_to_confirmed(pending))
    traffic.clear()

    execute(engine, [ExecuteOrder(order_id=order_id(1), announced_through=5)])

    assert traffic.statements == ["load_orders"]
    assert traffic.calls == ["ChangeMessageVisibilityBatch"]


def test_publish_is_one_read_and_one_post_per_follower_and_event_when_batch_is_full(
    engine: Deployment, traffic: Traffic
) -> None:
    follow(engine, "alice", 1)
    follow(engine, "bob", 1)
    follow(engine, "carol", 2)
    traffic.clear()

    failed = publish(engine, updates(1) + updates(2))

    assert failed == set()
    assert traffic.statements == []
    assert traffic.calls == ["BatchGetItem"] + ["PostToConnection"] * (5 * 2 + 5 * 1)


def test_publish_is_one_read_and_one_post_per_message_when_a_follower_takes_batches(
    engine: Deployment, traffic: Traffic
) -> None:
    follow(engine, "alice", 1, batch=True)
    traffic.clear()

    failed = publish(engine, updates(1))

    assert failed == set()
    assert traffic.calls == ["BatchGetItem"] + ["PostToConnection"] * 3


def test_publish_is_one_read_when_nobody_follows(engine: Deployment, traffic: Traffic) -> None:
    publish(engine, updates(1) + updates(2))

    assert (traffic.statements, traffic.calls) == ([], ["BatchGetItem"])


def test_publish_reads_history_once_when_several_follow_requests_come(
    engine: Deployment, traffic: Traffic
) -> None:
    for number in (1, 2):
        put(engine.order_store, accepted(number), started(accepted(number)))
    traffic.clear()

    publish(engine, [request(1), request(2)])

    assert traffic.statements == ["events_of_orders"]
    assert Counter(traffic.calls) == {"BatchGetItem": 1, "PostToConnection": 4, "UpdateItem": 2}


def unfollow(number: int) -> UnfollowRequest:
    return UnfollowRequest(request_id="frame", connection_id="alice", order_id=order_id(number))


@pytest.mark.parametrize(
    ("followed", "calls"), [(1, ["BatchGetItem", "UpdateItem"]), (2, ["BatchGetItem"])]
)
def test_publish_is_one_update_when_a_follower_of_the_order_unsubscribes(
    engine: Deployment, traffic: Traffic, followed: int, calls: list[str]
) -> None:
    follow(engine, "alice", followed)
    traffic.clear()

    publish(engine, [unfollow(1)])

    assert (traffic.statements, traffic.calls) == ([], calls)


@pytest.mark.parametrize(("batch", "posts"), [(False, 5), (True, 1)])
def test_publish_registers_nobody_when_followed_order_is_final(
    engine: Deployment, traffic: Traffic, batch: bool, posts: int
) -> None:
    pending = accepted(1)
    put(engine.order_store, pending, *way_to_confirmed(pending))
    traffic.clear()

    publish(engine, [request(1, batch=batch)])

    assert traffic.calls == ["BatchGetItem"] + ["PostToConnection"] * posts


def test_connect_is_one_statement_one_write_and_one_message_when_order_exists(
    engine: Deployment, traffic: Traffic
) -> None:
    put(engine.order_store, accepted(1))
    traffic.clear()

    engine.following.connect(request(1), ANONYMOUS)

    assert traffic.statements == ["order_exists"]
    assert traffic.calls == ["SendMessage"]


def test_connect_is_one_message_when_the_order_is_known(
    engine: Deployment, traffic: Traffic
) -> None:
    engine.following.connect(request(1), ANONYMOUS, is_known=True)

    assert (traffic.statements, traffic.calls) == ([], ["SendMessage"])


@pytest.mark.parametrize(
    ("frame", "statements", "calls"),
    [
        pytest.param({"action": "ping"}, [], ["PostToConnection"], id="ping"),
        pytest.param({"action": "?"}, [], ["PostToConnection"], id="not understood"),
        pytest.param(
            {"action": "subscribe", "orderId": order_id(1)},
            ["order_exists"],
            ["UpdateItem", "SendMessage"],
            id="subscribe",
        ),
        pytest.param(
            {"action": "unsubscribe", "orderId": order_id(1)},
            ["order_exists"],
            ["SendMessage"],
            id="unsubscribe",
        ),
        pytest.param(
            {"action": "subscribe", "orderId": order_id(9)},
            ["order_exists"],
            ["PostToConnection"],
            id="unknown order",
        ),
    ],
)
def test_frame_costs_no_more_than_it_must(
    engine: Deployment,
    traffic: Traffic,
    frame: dict[str, str],
    statements: list[str],
    calls: list[str],
) -> None:
    put(engine.order_store, accepted(1))
    event = captured("websocket_message") | {"body": json.dumps(frame)}
    traffic.clear()

    app.message(event, LambdaContext())

    assert (traffic.statements, traffic.calls) == (statements, calls)


@pytest.mark.parametrize(("many", "calls"), [(0, 0), (1, 1), (25, 3)])
def test_sweep_is_two_statements_and_a_call_for_ten_when_orders_are_stale(
    engine: Deployment, traffic: Traffic, many: int, calls: int
) -> None:
    for number in range(1, many + 1):
        put(engine.order_store, accepted(number, at=NOW - timedelta(minutes=5)))
    traffic.clear()

    swept = engine.sweeper.sweep()

    assert swept == many
    assert traffic.statements == ["stale_orders", "schedule_sweep"][: 2 if many else 1]
    assert traffic.calls == ["SendMessageBatch"] * calls


@pytest.mark.parametrize(
    ("read", "statement"),
    [
        pytest.param(
            lambda store: store.get(order_id(1), ANONYMOUS), "load_orders", id="one order"
        ),
        pytest.param(
            lambda store: store.page(OrderFilter(owner_id=ANONYMOUS), limit=50, after=None),
            "page_of_orders",
            id="page",
        ),
    ],
)
def test_reading_is_one_statement_when_orders_have_histories(
    engine: Deployment, traffic: Traffic, read: Callable[[OrderStore], object], statement: str
) -> None:
    pending = accepted(1)
    put(engine.order_store, pending, *way_to_confirmed(pending))
    traffic.clear()

    read(engine.order_store)

    assert (traffic.statements, traffic.calls) == ([statement], [])
