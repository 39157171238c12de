"""What the FollowerStore asks of DynamoDB: one read per batch, and items that expire."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.dynamodb import CONNECTION_LIFE, SWEPT_MAX, DynamoDbFollowerStore
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.engine.errors import TooManySubscriptionsError, UnavailableError
from chalicelib.engine.ports.followers import SUBSCRIPTIONS_MAX, Follower
from tests.contract.samples import START, order_id

ALICE = Follower(connection_id="alice=", replayed_through=1, connected_at=START)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> MemoryClock:
    # Items expire at whole seconds: so the clock can stand at that very moment.
    return MemoryClock(START.replace(microsecond=0))


@pytest.fixture
def store(dynamodb_calls: AwsClient, connections_table: str, clock: MemoryClock) -> Any:
    return DynamoDbFollowerStore(dynamodb_calls, connections_table, clock.now)


class Calls:
    """What is called, and with what; DynamoDB leaves the last key of the next reads unprocessed, as
    often as it `throttles`."""

    def __init__(self, client: AwsClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.operations: list[str] = []
        self.arguments: list[dict[str, Any]] = []
        self.throttles = 0
        self._call = client.call
        monkeypatch.setattr(client, "call", self._record)

    def _record(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.operations.append(operation)
        self.arguments.append(arguments)
        if operation != "BatchGetItem" or self.throttles <= 0:
            return self._call(operation, arguments)
        self.throttles -= 1
        [(table, asked)] = arguments["RequestItems"].items()
        *keys, left = asked["Keys"]
        # DynamoDB takes no empty read: a key that nobody has stands for all that were left.
        read = asked | {"Keys": keys or [{"key": {"S": "-"}}]}
        answer = self._call(operation, {"RequestItems": {table: read}})
        return answer | {"UnprocessedKeys": {table: {"Keys": [left]}}}


@pytest.fixture
def calls(dynamodb_calls: AwsClient, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(dynamodb_calls, monkeypatch)


def items(dynamodb: BaseClient, table: str) -> dict[str, Any]:
    return {item["key"]["S"]: item for item in dynamodb.scan(TableName=table)["Items"]}


def test_followers_are_read_in_one_consistent_call_when_orders_are_many(
    store: DynamoDbFollowerStore, calls: Calls
) -> None:
    store.followers([order_id(number) for number in range(1, 41)])

    [table] = calls.arguments[0]["RequestItems"].values()
    assert calls.operations == ["BatchGetItem"]
    assert table["ConsistentRead"] is True
    assert len(table["Keys"]) == 40


def test_nothing_is_read_when_no_order_is_asked_for(
    store: DynamoDbFollowerStore, calls: Calls
) -> None:
    store.followers([])

    assert calls.operations == []


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
    store.count_subscription("alice=")
    store.add_follower(order_id(2), ALICE)

    store.remove_follower(order_id(3), "gone=")

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


def test_expired_followers_are_taken_off_when_another_joins(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str, clock: MemoryClock
) -> None:
    for number in range(SWEPT_MAX + 10):
        gone = Follower(connection_id=f"gone {number}", replayed_through=0, connected_at=START)
        store.add_follower(order_id(1), gone)
    clock.sleep(CONNECTION_LIFE.total_seconds())

    left = []
    for _ in range(2):
        assert not store.followers([order_id(1)]).get(order_id(1)) or left
        store.add_follower(order_id(1), ALICE)
        [item] = items(dynamodb, connections_table).values()
        left.append(sum(name.startswith("c:") for name in item))

    assert left == [11, 1]
    assert store.followers([order_id(1)]) == {order_id(1): [ALICE]}


def test_subscriptions_go_on_counting_when_the_version_before_has_written_the_item(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str
) -> None:
    old = {
        "key": {"S": "connection#alice="},
        "subscriptions": {"N": str(SUBSCRIPTIONS_MAX - 2)},
        "order_ids": {"SS": [order_id(1)]},
        "expires_at": {"N": "1"},
    }
    dynamodb.put_item(TableName=connections_table, Item=old)

    store.count_subscription("alice=")

    with pytest.raises(TooManySubscriptionsError):
        store.count_subscription("alice=")


def test_unprocessed_orders_are_read_again_when_dynamodb_throttles(
    store: DynamoDbFollowerStore, calls: Calls
) -> None:
    for number in (1, 2, 3):
        store.add_follower(order_id(number), ALICE)
    calls.operations.clear()
    calls.throttles = 2

    found = store.followers([order_id(number) for number in (1, 2, 3)])

    assert found == {order_id(number): [ALICE] for number in (1, 2, 3)}
    assert calls.operations == ["BatchGetItem"] * 3


def test_store_raises_unavailable_when_dynamodb_throttles_without_end(
    store: DynamoDbFollowerStore, calls: Calls
) -> None:
    calls.throttles = 1000

    with pytest.raises(UnavailableError):
        store.followers([order_id(1)])


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda s: s.check(), id="check"),
        pytest.param(lambda s: s.add_follower(order_id(1), ALICE), id="add"),
        pytest.param(lambda s: s.count_subscription("a"), id="subscribe"),
        pytest.param(lambda s: s.remove_follower(order_id(1), "a"), id="remove"),
        pytest.param(lambda s: s.followers([order_id(1)]), id="read"),
    ],
)
def test_store_raises_unavailable_when_table_does_not_exist(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str, use: Any
) -> None:
    dynamodb.delete_table(TableName=connections_table)

    with pytest.raises(UnavailableError):
        use(store)


def test_follower_takes_no_batches_when_the_version_before_wrote_its_entry(
    store: DynamoDbFollowerStore, dynamodb: BaseClient, connections_table: str
) -> None:
    store.add_follower(order_id(1), ALICE)
    dynamodb.update_item(
        TableName=connections_table,
        Key={"key": {"S": f"order#{order_id(1)}"}},
        UpdateExpression="REMOVE #follower.#batch",
        ExpressionAttributeNames={"#follower": f"c:{ALICE.connection_id}", "#batch": "batch"},
    )

    assert store.followers([order_id(1)]) == {order_id(1): [ALICE]}
