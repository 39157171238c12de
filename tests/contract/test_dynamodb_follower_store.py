"""What the FollowerStore asks of DynamoDB: one read per batch, and items that expire."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.dynamodb import CONNECTION_LIFE, DynamoDbFollowerStore
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.engine.errors import ConnectionGoneError, UnavailableError
from chalicelib.engine.ports.followers import FORGOTTEN_ORDERS_MAX, Follower
from tests.contract.samples import START, order_id

ALICE = Follower(connection_id="alice=", replayed_through=1, connected_at=START)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> MemoryClock:
    # Items expire at whole seconds: so the clock can stand at that very moment.
    return MemoryClock(START.replace(microsecond=0))


@pytest.fixture
def store(dynamodb: BaseClient, connections_table: str, clock: MemoryClock) -> Any:
    return DynamoDbFollowerStore(dynamodb, connections_table, clock.now)


@pytest.fixture
def calls(dynamodb: BaseClient) -> list[str]:
    seen: list[str] = []
    dynamodb.meta.events.register("before-call", lambda model, **_: seen.append(model.name))
    return seen


def items(dynamodb: BaseClient, table: str) -> dict[str, Any]:
    return {item["key"]["S"]: item for item in dynamodb.scan(TableName=table)["Items"]}


def test_followers_are_read_in_one_consistent_call_when_orders_are_many(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, calls: list[str]
) -> None:
    asked: list[dict[str, Any]] = []
    dynamodb.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem", lambda params, **_: asked.append(params)
    )

    store.followers([order_id(number) for number in range(1, 41)])

    [table] = asked[0]["RequestItems"].values()
    assert calls == ["BatchGetItem"]
    assert table["ConsistentRead"] is True
    assert len(table["Keys"]) == 40


def test_nothing_is_read_when_no_order_is_asked_for(
    store: DynamoDbFollowerStore, calls: list[str]
) -> None:
    store.followers([])

    assert calls == []


@pytest.mark.parametrize(
    ("passed", "expected"),
    [(CONNECTION_LIFE - SECOND, 1), (CONNECTION_LIFE, 0), (CONNECTION_LIFE + SECOND, 0)],
    ids=["before", "at", "after"],
)
def test_follower_is_ignored_when_expired_but_not_yet_deleted(
    store: DynamoDbFollowerStore, clock: MemoryClock, passed: timedelta, expected: int
) -> None:
    store.add_follower(order_id(1), ALICE)

    clock.sleep(passed.total_seconds())

    assert len(store.followers([order_id(1)])[order_id(1)]) == expected


def test_only_expired_follower_is_ignored_when_another_joined_later(
    store: DynamoDbFollowerStore, clock: MemoryClock
) -> None:
    later = Follower(connection_id="later=", replayed_through=3, connected_at=START)
    store.add_follower(order_id(1), ALICE)
    clock.sleep(60)
    store.add_follower(order_id(1), later)

    clock.sleep(CONNECTION_LIFE.total_seconds() - 60)

    assert store.followers([order_id(1)]) == {order_id(1): [later]}


def test_every_item_expires_when_written_in_any_way(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str, clock: MemoryClock
) -> None:
    store.register_connection("alice=", [order_id(1)])
    store.add_subscription("alice=", order_id(2))
    store.add_follower(order_id(2), ALICE)
    store.register_connection("gone=", [order_id(3)])

    store.forget_connection("gone=")

    expiry = {"N": str(int((clock.now() + CONNECTION_LIFE).timestamp()))}
    stored = items(dynamodb, connections_table)
    assert set(stored) == {"connection#alice=", f"order#{order_id(2)}", f"order#{order_id(3)}"}
    assert [item["expires_at"] for item in stored.values()] == [expiry] * 3


def test_order_item_lives_on_when_a_later_follower_joins(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str, clock: MemoryClock
) -> None:
    store.add_follower(order_id(1), ALICE)
    clock.sleep(3600)

    store.add_follower(order_id(1), ALICE)

    [item] = items(dynamodb, connections_table).values()
    assert item["expires_at"] == {"N": str(int((clock.now() + CONNECTION_LIFE).timestamp()))}


def test_connection_item_knows_its_orders_when_it_has_subscribed(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str
) -> None:
    store.register_connection("alice=", [order_id(1)])

    for number in (2, 2, 3):
        store.add_subscription("alice=", order_id(number))

    [item] = items(dynamodb, connections_table).values()
    assert set(item["order_ids"]["SS"]) == {order_id(n) for n in (1, 2, 3)}
    assert item["subscriptions"] == {"N": "4"}


def test_nothing_is_written_when_an_unknown_connection_subscribes(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str
) -> None:
    with pytest.raises(ConnectionGoneError):
        store.add_subscription("gone=", order_id(1))

    assert items(dynamodb, connections_table) == {}


def test_connection_item_is_gone_when_forgotten(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str
) -> None:
    store.register_connection("alice=", [order_id(1)])

    store.forget_connection("alice=")

    assert "connection#alice=" not in items(dynamodb, connections_table)


def test_forgetting_takes_so_many_calls_at_most_when_orders_are_many(
    store: DynamoDbFollowerStore, calls: list[str]
) -> None:
    store.register_connection("alice=", [order_id(number) for number in range(1, 251)])
    calls.clear()

    store.forget_connection("alice=")

    assert calls == ["DeleteItem"] + ["UpdateItem"] * FORGOTTEN_ORDERS_MAX


class Throttling:
    """DynamoDB that leaves the last key of each of the next reads unprocessed."""

    def __init__(self, client: BaseClient, table: str, rounds: int) -> None:
        self._table, self._rounds = table, rounds
        client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", self._withhold)
        client.meta.events.register("after-call.dynamodb.BatchGetItem", self._report)

    def _withhold(self, params: dict[str, Any], context: dict[str, Any], **_: object) -> Any:
        asked = params["RequestItems"][self._table]
        context["left"] = asked["Keys"][-1:] if self._rounds > 0 else []
        self._rounds -= 1
        # DynamoDB takes no empty read: a key that nobody has stands for all that were left.
        read = [key for key in asked["Keys"] if key not in context["left"]] or [{"key": {"S": "-"}}]
        return {"RequestItems": {self._table: asked | {"Keys": read}}}

    def _report(self, parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        if context["left"]:
            parsed["UnprocessedKeys"] = {self._table: {"Keys": context["left"]}}


def test_unprocessed_orders_are_read_again_when_dynamodb_throttles(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str, calls: list[str]
) -> None:
    for number in (1, 2, 3):
        store.add_follower(order_id(number), ALICE)
    calls.clear()
    Throttling(dynamodb, connections_table, rounds=2)

    found = store.followers([order_id(number) for number in (1, 2, 3)])

    assert found == {order_id(number): [ALICE] for number in (1, 2, 3)}
    assert calls == ["BatchGetItem"] * 3


def test_store_raises_unavailable_when_dynamodb_throttles_without_end(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str
) -> None:
    Throttling(dynamodb, connections_table, rounds=1000)

    with pytest.raises(UnavailableError):
        store.followers([order_id(1)])


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda s: s.check(), id="check"),
        pytest.param(lambda s: s.register_connection("a", []), id="register"),
        pytest.param(lambda s: s.add_follower(order_id(1), ALICE), id="add"),
        pytest.param(lambda s: s.add_subscription("a", order_id(1)), id="subscribe"),
        pytest.param(lambda s: s.remove_follower(order_id(1), "a"), id="remove"),
        pytest.param(lambda s: s.followers([order_id(1)]), id="read"),
        pytest.param(lambda s: s.forget_connection("a"), id="forget"),
    ],
)
def test_store_raises_unavailable_when_table_does_not_exist(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str, use: Any
) -> None:
    dynamodb.delete_table(TableName=connections_table)

    with pytest.raises(UnavailableError):
        use(store)
