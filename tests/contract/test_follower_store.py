"""What every FollowerStore remembers."""

from datetime import timedelta

import pytest

from chalicelib.adapters.aws import dynamodb as dynamodb_adapter
from chalicelib.adapters.aws.dynamodb import DynamoDbFollowerStore
from chalicelib.adapters.memory import ports as memory
from chalicelib.adapters.memory.ports import MemoryFollowerStore
from chalicelib.engine.errors import ConnectionGoneError, TooManySubscriptionsError
from chalicelib.engine.ports.followers import FORGOTTEN_ORDERS_MAX, Follower, FollowerStore
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
    order_ids = [order_id(number) for number in numbers]
    store.register_connection(follower.connection_id, order_ids)
    for followed in order_ids:
        store.add_follower(followed, follower)


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


def test_followers_are_none_when_connection_is_only_registered(followers: FollowerStore) -> None:
    followers.register_connection(ALICE.connection_id, [order_id(1)])

    found = watching(followers, 1)

    assert found == [set()]


def test_follower_has_seen_more_when_added_again(followers: FollowerStore) -> None:
    seen_more = Follower(
        connection_id=ALICE.connection_id, replayed_through=4, connected_at=ALICE.connected_at
    )
    follow(followers, ALICE, 1)
    follow(followers, BOB, 1)

    followers.add_follower(order_id(1), seen_more)

    assert watching(followers, 1) == [{seen_more, BOB}]


def test_all_are_found_when_a_batch_names_many_orders(followers: FollowerStore) -> None:
    numbers = range(1, 41)
    follow(followers, ALICE, *numbers)

    found = watching(followers, *numbers)

    assert found == [{ALICE}] * 40


def test_connection_follows_nothing_when_forgotten(followers: FollowerStore) -> None:
    follow(followers, ALICE, *range(1, 21))
    follow(followers, BOB, 1)

    followers.forget_connection(ALICE.connection_id)

    assert watching(followers, *range(1, 21)) == [{BOB}] + [set()] * 19


@pytest.mark.parametrize("connection_id", [ALICE.connection_id, "never seen"])
def test_forgetting_changes_nothing_when_connection_is_unknown(
    followers: FollowerStore, connection_id: str
) -> None:
    follow(followers, ALICE, 1)
    follow(followers, BOB, 1)
    followers.forget_connection(ALICE.connection_id)

    followers.forget_connection(connection_id)

    assert watching(followers, 1) == [{BOB}]


def test_connection_follows_nothing_when_it_was_forgotten_before_it_followed(
    followers: FollowerStore,
) -> None:
    followers.register_connection(ALICE.connection_id, [order_id(1)])
    followers.forget_connection(ALICE.connection_id)
    followers.add_follower(order_id(1), ALICE)
    followers.add_follower(order_id(1), BOB)

    followers.forget_connection(ALICE.connection_id, following=[order_id(1)])

    assert watching(followers, 1) == [{BOB}]


def test_connection_follows_nothing_when_forgotten_with_some_of_its_orders_named(
    followers: FollowerStore,
) -> None:
    follow(followers, ALICE, 1, 2)
    followers.add_follower(order_id(3), ALICE)

    followers.forget_connection(ALICE.connection_id, following=[order_id(2), order_id(3)])

    assert watching(followers, 1, 2, 3) == [set(), set(), set()]


def test_forgetting_is_harmless_when_connection_was_registered_without_orders(
    followers: FollowerStore,
) -> None:
    followers.register_connection(ALICE.connection_id, [])
    follow(followers, BOB, 1)

    followers.forget_connection(ALICE.connection_id)

    assert watching(followers, 1) == [{BOB}]


def test_subscribed_order_is_forgotten_with_the_connection(followers: FollowerStore) -> None:
    follow(followers, ALICE, 1)
    followers.add_subscription(ALICE.connection_id, order_id(2))
    followers.add_follower(order_id(2), ALICE)
    followers.add_follower(order_id(2), BOB)

    followers.forget_connection(ALICE.connection_id)

    assert watching(followers, 1, 2) == [set(), {BOB}]


def test_subscription_is_kept_when_connection_was_registered_without_orders(
    followers: FollowerStore,
) -> None:
    followers.register_connection(ALICE.connection_id, [])
    followers.add_subscription(ALICE.connection_id, order_id(1))
    followers.add_follower(order_id(1), ALICE)

    followers.forget_connection(ALICE.connection_id)

    assert watching(followers, 1) == [set()]


@pytest.mark.parametrize("was_registered", [True, False], ids=["forgotten", "never registered"])
def test_subscription_is_refused_when_connection_is_not_registered(
    followers: FollowerStore, was_registered: bool
) -> None:
    if was_registered:
        followers.register_connection(ALICE.connection_id, [order_id(1)])
        followers.forget_connection(ALICE.connection_id)

    for _ in range(2):
        with pytest.raises(ConnectionGoneError):
            followers.add_subscription(ALICE.connection_id, order_id(1))


@pytest.mark.parametrize("registered", [0, 1, 2])
def test_subscription_is_refused_when_there_were_too_many(
    followers: FollowerStore, monkeypatch: pytest.MonkeyPatch, registered: int
) -> None:
    for adapter in (memory, dynamodb_adapter):
        monkeypatch.setattr(adapter, "SUBSCRIPTIONS_MAX", 3)
    followers.register_connection(
        ALICE.connection_id, [order_id(number) for number in range(registered)]
    )
    followers.register_connection(BOB.connection_id, [])
    for _ in range(3 - registered):
        followers.add_subscription(ALICE.connection_id, order_id(1))

    with pytest.raises(TooManySubscriptionsError):
        followers.add_subscription(ALICE.connection_id, order_id(9))

    followers.add_subscription(BOB.connection_id, order_id(9))


def test_only_so_many_orders_are_forgotten_when_a_connection_followed_more(
    followers: FollowerStore,
) -> None:
    numbers = range(1, FORGOTTEN_ORDERS_MAX + 31)
    named = [order_id(number) for number in (1, 2)]
    follow(followers, ALICE, *numbers)

    followers.forget_connection(ALICE.connection_id, following=named)

    left = [len(watching(followers, number)[0]) for number in numbers]
    assert (sum(left), left[:2]) == (30, [0, 0])
    with pytest.raises(ConnectionGoneError):
        followers.add_subscription(ALICE.connection_id, order_id(1))


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


def test_connection_follows_again_when_it_returns_after_being_forgotten(
    followers: FollowerStore,
) -> None:
    follow(followers, ALICE, 1)
    followers.forget_connection(ALICE.connection_id)

    follow(followers, ALICE, 2)

    assert watching(followers, 1, 2) == [set(), {ALICE}]


def test_check_passes_when_store_answers(followers: FollowerStore) -> None:
    followers.check()
