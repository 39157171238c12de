import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from orders_client import ProblemError, StreamBrokenError, backoff, connection, subscription
from tests.unit.client.fake_stream import (
    ALL,
    FakeService,
    FlakyService,
    Script,
    follow,
    follow_many,
    served,
)

pytestmark = pytest.mark.usefixtures("short_delays")


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([ALL], [(0, 0)]),
        ([[1, 2, 1001], [3, 1001], [4, 5]], [(0, 0), (1, 2), (2, 3)]),
        ([[1, 2, 1006], [2, 3, 4, 5]], [(0, 0), (1, 2)]),
        ([[1, 3, 4], [2, 3, 4, 5]], [(0, 0), (0, 1)]),
        ([[2, 3], ALL], [(0, 0), (0, 0)]),
        ([[1, 1, 2, 1, 2, 3, 1000], [4, 4, 5]], [(0, 0), (1, 3)]),
    ],
    ids=["whole", "going away", "broken", "hole", "hole at once", "duplicates"],
)
def test_follower_sees_each_event_once_in_order_when_the_stream_is(
    answers: Sequence[Sequence[int]], requests: list[tuple[int, int]]
) -> None:
    service = FakeService({"a": answers})

    assert follow(service) == ALL
    assert service.requests == [(number, "a", after) for number, after in requests]


def test_follower_requests_an_order_again_when_no_event_arrives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.1)
    service = FakeService({"a": [[1, 2], [], [3, 4, 5]]})

    assert follow(service) == ALL
    assert service.requests == [(0, "a", 0), (1, "a", 2), (2, "a", 2)]


def test_follower_yields_only_later_events_when_after_is_given() -> None:
    service = FakeService({"a": [[4, 5]]})

    assert follow(service, after=3) == [4, 5]
    assert service.requests == [(0, "a", 3)]


def test_follower_does_not_connect_when_after_is_the_last_event() -> None:
    service = FakeService({})

    async def run() -> list[dict[str, Any]]:
        async with served(service) as client:
            order = service.order("a") | {"status": "confirmed", "sequence": 5}
            return [event async for event in client.follow(order, after=5)]

    assert asyncio.run(run()) == []
    assert service.connections == 0


def test_follower_does_not_give_up_when_the_service_closes_connections_in_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "RECONNECTS_MAX", 3)
    service = FakeService({"a": [*[[1001]] * 10, ALL]})

    assert follow(service) == ALL


def test_follower_gives_up_when_the_stream_breaks_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "RECONNECTS_MAX", 3)
    service = FakeService({"a": [[1000]] * 10})

    with pytest.raises(StreamBrokenError):
        follow(service)

    assert service.connections == 3


def test_follower_does_not_give_up_when_each_connection_brings_an_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "RECONNECTS_MAX", 2)
    service = FakeService({"a": [[sequence, 1000] for sequence in ALL]})

    assert follow(service) == ALL


def test_follower_pings_and_ignores_pongs_when_no_event_arrives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.02)
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.3)
    service = FakeService({"a": [[1, 2], [3, 4, 5]]})

    assert follow(service) == ALL
    assert service.requests == [(0, "a", 0), (1, "a", 2)]
    assert service.pings >= 3


def test_another_ticket_is_fetched_when_the_handshake_is_refused() -> None:
    service = FakeService({"a": [[1, 2, 1001], [401], [3, 4, 5]]})

    assert follow(service) == ALL
    assert service.tickets["a"] == [None, None, "renewed-1"]


def test_orders_share_one_connection_when_they_are_few() -> None:
    service = FakeService({"a": [ALL], "b": [ALL], "c": [ALL]})

    assert follow_many(service, "abc") == {"a": ALL, "b": ALL, "c": ALL}
    assert service.requests == [(0, "a", 0), (0, "b", 0), (0, "c", 0)]


def test_only_unfinished_orders_are_requested_when_the_connection_breaks() -> None:
    script: Script = {"a": [[1, 2], [3, 4, 5]], "b": [ALL], "c": [[1, 2, 3, 1006], [4, 5]]}
    service = FakeService(script)

    assert follow_many(service, "abc") == {"a": ALL, "b": ALL, "c": ALL}
    assert service.requests[3:] == [(1, "a", 2), (1, "c", 3)]


def test_only_the_order_with_a_hole_is_requested_when_one_has_one() -> None:
    service = FakeService({"a": [[1], [2, 3, 4, 5]], "b": [[1, 3, 4], [2, 3, 4, 5]]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription, "SILENCE_SECONDS", 0.2)
        assert follow_many(service, "ab") == {"a": ALL, "b": ALL}

    assert service.requests[:3] == [(0, "a", 0), (0, "b", 0), (0, "b", 1)]


def test_only_the_silent_order_is_requested_when_others_have_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.2)
    service = FakeService({"a": [[1], ALL], "b": [ALL]})

    async def run() -> list[str]:
        async with served(service) as client:

            async def orders() -> Any:
                yield service.order("a")
                await asyncio.sleep(0.1)
                yield service.order("b")

            return [event["orderId"] async for event in client.follow_many(orders())]

    assert sorted(asyncio.run(run())) == [*"aaaaabbbbb"]
    assert service.requests == [(0, "a", 0), (0, "b", 0), (0, "a", 1)]


def test_another_ticket_is_fetched_when_a_subscription_is_refused() -> None:
    service = FakeService({"a": [ALL], "b": [["UNAUTHORIZED"], ALL]})

    assert follow_many(service, "ab", ticket="old") == {"a": ALL, "b": ALL}
    assert service.tickets == {"a": ["old"], "b": ["old", "renewed-1"]}


def test_follower_raises_when_one_of_its_orders_does_not_exist() -> None:
    service = FakeService({"a": [[1]]})

    with pytest.raises(ProblemError) as refusal:
        follow_many(service, ["a", "nobody's"])

    assert refusal.value.problem["code"] == "ORDER_NOT_FOUND"


@pytest.mark.parametrize("code", ["CONNECTION_GONE", "TOO_MANY_SUBSCRIPTIONS"])
def test_follower_connects_again_when_the_service_has_forgotten_the_connection(code: str) -> None:
    service = FakeService({"a": [[1], [2, 3, 4, 5]], "b": [[code], ALL]})

    assert follow_many(service, "ab") == {"a": ALL, "b": ALL}
    assert service.connections == 2


def test_orders_are_spread_over_connections_when_there_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "ORDERS_MAX", 2)
    names = "abcde"
    service = FakeService({name: [[], ALL] for name in names})
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.2)

    assert follow_many(service, names) == dict.fromkeys(names, ALL)
    first_connections = {name: number for number, name, _ in reversed(service.requests)}
    assert sorted(first_connections.values()) == [0, 0, 1, 1, 2]


def test_each_order_has_a_connection_of_its_own_when_that_is_asked_for() -> None:
    service = FakeService({name: [ALL] for name in "abc"})

    assert follow_many(service, "abc", orders_per_connection=1) == dict.fromkeys("abc", ALL)
    assert service.connections == 3


def test_another_connection_is_opened_when_one_has_subscribed_as_often_as_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "SUBSCRIPTIONS_MAX", 3)
    holes = [[1, 3], [3], [3]]
    service = FakeService({"a": [[1], [], ALL], "b": [*holes, ALL], "c": [*holes, ALL]})
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.2)

    assert follow_many(service, "abc") == {"a": ALL, "b": ALL, "c": ALL}
    by_connection = [number for number, _, _ in service.requests]
    assert all(by_connection.count(number) <= 3 for number in by_connection)
    assert service.connections >= 3


def test_order_is_followed_once_when_it_is_named_twice() -> None:
    service = FakeService({"a": [ALL]})

    assert follow_many(service, ["a", "a"]) == {"a": ALL}


@pytest.mark.parametrize("seed", range(10))
def test_followers_see_each_event_once_in_order_when_anything_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.05)
    names = [f"order-{number}" for number in range(30)]
    service = FlakyService(names, Random(seed))

    assert follow_many(service, names) == dict.fromkeys(names, ALL)


def test_observer_is_called_for_every_event_and_connection() -> None:
    service = FakeService({"a": [[1, 1, 3], [2, 3, 1006], [4, 5]]})

    class Recorder:
        def __init__(self) -> None:
            self.connections, self.broken, self.events = 0, 0, list[dict[str, Any]]()

        def connection_opened(self) -> None:
            self.connections += 1

        def connection_broke(self) -> None:
            self.broken += 1

        def event_received(self, event: dict[str, Any]) -> None:
            self.events.append(event)

    async def run(recorder: Recorder) -> None:
        async with served(service) as client:
            async for _ in client.follow(service.order("a"), observer=recorder):
                pass

    recorder = Recorder()
    asyncio.run(run(recorder))

    assert recorder.events == [service.event("a", sequence) for sequence in [1, 1, 3, 2, 3, 4, 5]]
    assert recorder.connections == 2


def test_observer_hears_of_each_connection_that_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "RECONNECTS_MAX", 3)
    service = FakeService({"a": [[1000]] * 10})
    broken: list[int] = []

    class Recorder:
        def connection_opened(self) -> None:
            """Nothing."""

        def connection_broke(self) -> None:
            broken.append(service.connections)

        def event_received(self, event: dict[str, Any]) -> None:
            """Nothing."""

    async def run() -> None:
        async with served(service) as client:
            async for _ in client.follow(service.order("a"), observer=Recorder()):
                pass

    with pytest.raises(StreamBrokenError):
        asyncio.run(run())
    assert broken == [1, 2, 3]
