from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.dynamodb import CONNECTION_LIFE, DynamoDbFollowerStore
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import TooManySubscriptionsError, UnavailableError
from chalicelib.engine.ports.followers import SUBSCRIPTIONS_MAX, Follower

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(at=NOW)


@pytest.fixture
def store(dynamodb_calls: AwsClient, table_name: str, clock: MemoryClock) -> DynamoDbFollowerStore:
    return DynamoDbFollowerStore(dynamodb_calls, table_name, clock.now)


def test_followers_are_found_by_order_when_several_orders_are_asked_for(
    store: DynamoDbFollowerStore,
) -> None:
    first, second, nobodys = new_order_id(), new_order_id(), new_order_id()
    store.add_follower(first, follower("a", 1))
    store.add_follower(first, follower("b", 3))
    store.add_follower(second, follower("a", 0))

    found = store.followers([first, second, nobodys])

    by_order = {order_id: set(followers) for order_id, followers in found.items() if followers}
    assert by_order == {
        first: {follower("a", 1), follower("b", 3)},
        second: {follower("a", 0)},
    }


def test_follower_moves_on_when_it_is_added_again(store: DynamoDbFollowerStore) -> None:
    order_id = new_order_id()
    store.add_follower(order_id, follower("a", 1))

    store.add_follower(order_id, follower("a", 4))

    assert list(store.followers([order_id])[order_id]) == [follower("a", 4)]


def test_connection_follows_no_more_when_it_is_removed(store: DynamoDbFollowerStore) -> None:
    order_id = new_order_id()
    store.add_follower(order_id, follower("a", 1))
    store.add_follower(order_id, follower("b", 1))

    store.remove_follower(order_id, "a")

    assert list(store.followers([order_id])[order_id]) == [follower("b", 1)]


def test_subscriptions_are_counted_up_to_their_limit(store: DynamoDbFollowerStore) -> None:
    for _ in range(SUBSCRIPTIONS_MAX - 1):
        store.count_subscription("a")

    with pytest.raises(TooManySubscriptionsError):
        store.count_subscription("a")


def test_follower_is_gone_when_its_connection_cannot_be_open_any_more(
    store: DynamoDbFollowerStore, clock: MemoryClock
) -> None:
    order_id = new_order_id()
    store.add_follower(order_id, follower("a", 1))

    clock.at = NOW + CONNECTION_LIFE + timedelta(seconds=1)

    assert list(store.followers([order_id]).get(order_id, [])) == []


def test_follower_store_check_passes_when_the_table_is_there(store: DynamoDbFollowerStore) -> None:
    store.check()


def test_follower_store_check_fails_when_the_table_is_missing(
    dynamodb_calls: AwsClient, table_name: str, clock: MemoryClock
) -> None:
    missing = DynamoDbFollowerStore(dynamodb_calls, f"{table_name}-missing", clock.now)

    with pytest.raises(UnavailableError, match="ResourceNotFoundException"):
        missing.check()


def new_order_id() -> OrderId:
    return OrderId(str(uuid4()))


def follower(connection_id: str, replayed_through: int) -> Follower:
    return Follower(
        connection_id=connection_id, replayed_through=replayed_through, connected_at=NOW
    )
