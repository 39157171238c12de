"""What every FollowerStore remembers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.aws import dynamodb as dynamodb_adapter
from chalicelib.adapters.aws.dynamodb import DynamoDbFollowerStore
from chalicelib.adapters.memory import ports as memory
from chalicelib.adapters.memory.ports import MemoryFollowerStore
from chalicelib.engine.errors import TooManySubscriptionsError
from chalicelib.engine.ports.followers import Follower, FollowerStore
from tests.contract.samples import START, order_id

ALICE = Follower(connection_id="L0SM9cOFvHcCIhw=", replayed_through=2, connected_at=START)
BOB = Follower(
    connection_id="Zx.#:bob", replayed_through=0, connected_at=START + timedelta(microseconds=1)
)


@pytest.fixture(params=["memory", "dynamodb"])
def followers(request: pytest.FixtureRequest) -> FollowerStore:
    if request.param == "memory":
        return MemoryFollowerStore()
    client = request.getfixturevalue("dynamodb_calls")
    table = request.getfixturevalue("connections_table")
    return DynamoDbFollowerStore(client, table, lambda: START)


def follow(store: FollowerStore, follower: Follower, *numbers: int) -> None:
    for number in numbers:
        store.add_follower(order_id(number), follower)


def watching(store: FollowerStore, *numbers: int) -> list[set[Follower]]:
    found = store.followers([order_id(number) for number in numbers])
    return [set(found.get(order_id(number), ())) for number in numbers]


def test_followers_are_returned_per_order_when_they_follow_several(
    followers: FollowerStore,
) -> None:
    follow(followers, ALICE, 1, 2)
    follow(followers, BOB, 2, 3)

    found = watching(followers, 1, 2, 3)

    assert found == [{ALICE}, {ALICE, BOB}, {BOB}]


def test_followers_are_none_when_order_is_unknown(followers: FollowerStore) -> None:
    follow(followers, ALICE, 1)

    found = watching(followers, 9, 1)

    assert found == [set(), {ALICE}]


def test_followers_are_empty_when_no_order_is_asked_for(followers: FollowerStore) -> None:
    follow(followers, ALICE, 1)

    found = followers.followers([])

    assert found == {}


def test_follower_has_seen_more_when_added_again(followers: FollowerStore) -> None:
    seen_more = Follower(
        connection_id=ALICE.connection_id, replayed_through=4, connected_at=ALICE.connected_at
    )
    follow(followers, ALICE, 1)
    follow(followers, BOB, 1)

    followers.add_follower(order_id(1), seen_more)

    assert watching(followers, 1) == [{seen_more, BOB}]


def test_follower_takes_batches_as_it_said_last(followers: FollowerStore) -> None:
    in_batches = replace(ALICE, takes_batches=True)
    follow(followers, in_batches, 1, 2)

    followers.add_follower(order_id(2), ALICE)

    assert watching(followers, 1, 2) == [{in_batches}, {ALICE}]


def test_all_are_found_when_a_batch_names_many_orders(followers: FollowerStore) -> None:
    numbers = range(1, 41)
    follow(followers, ALICE, *numbers)

    found = watching(followers, *numbers)

    assert found == [{ALICE}] * 40


def test_subscription_is_refused_when_there_were_too_many(
    followers: FollowerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for adapter in (memory, dynamodb_adapter):
        monkeypatch.setattr(adapter, "SUBSCRIPTIONS_MAX", 3)
    for _ in range(2):
        followers.count_subscription(ALICE.connection_id)

    for _ in range(2):
        with pytest.raises(TooManySubscriptionsError):
            followers.count_subscription(ALICE.connection_id)

    followers.count_subscription(BOB.connection_id)


def test_nobody_follows_when_a_subscription_is_only_counted(followers: FollowerStore) -> None:
    followers.count_subscription(ALICE.connection_id)

    assert watching(followers, 1) == [set()]


def test_follower_is_removed_from_one_order_only(followers: FollowerStore) -> None:
    follow(followers, ALICE, 1, 2)
    follow(followers, BOB, 1)

    followers.remove_follower(order_id(1), ALICE.connection_id)

    assert watching(followers, 1, 2) == [{BOB}, {ALICE}]


def test_removing_changes_nothing_when_connection_does_not_follow(
    followers: FollowerStore,
) -> None:
    follow(followers, BOB, 1)

    followers.remove_follower(order_id(1), ALICE.connection_id)
    followers.remove_follower(order_id(9), ALICE.connection_id)

    assert watching(followers, 1, 9) == [{BOB}, set()]


def test_follower_is_back_when_added_after_it_was_removed(followers: FollowerStore) -> None:
    follow(followers, ALICE, 1)
    followers.remove_follower(order_id(1), ALICE.connection_id)

    followers.add_follower(order_id(1), ALICE)

    assert watching(followers, 1) == [{ALICE}]


def test_check_passes_when_store_answers(followers: FollowerStore) -> None:
    followers.check()
