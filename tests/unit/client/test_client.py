import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from orders_client import ProblemError, StreamBrokenError, backoff, connection, subscription
from tests.unit.client.fake_stream import (
    WHOLE,
    FakeService,
    FlakyService,
    Script,
    follow,
    follow_many,
    served,
)


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "RECONNECT_SECONDS", 0.01)
    monkeypatch.setattr(backoff, "RECONNECT_SECONDS_MAX", 0.05)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ([WHOLE], [(0, 0)]),
        ([[1, 2, 1001], [3, 1001], [4, 5]], [(0, 0), (1, 2), (2, 3)]),
        ([[1, 2, 1006], [2, 3, 4, 5]], [(0, 0), (1, 2)]),
        ([[1, 3, 4], [2, 3, 4, 5]], [(0, 0), (0, 1)]),
        ([[2, 3], WHOLE], [(0, 0), (0, 0)]),
        ([[1, 1, 2, 1, 2, 3, 1000], [4, 4, 5]], [(0, 0), (1, 3)]),
    ],
    ids=["whole", "going away", "broken", "hole", "hole at once", "duplicates"],
)
def test_follower_sees_each_event_once_in_order_when_the_stream_is(
    answers: Sequence[Sequence[int]], asked: list[tuple[int, int]]
) -> None:
    service = FakeService({"a": answers})

    assert follow(service) == WHOLE
    assert service.asked == [(number, "a", after) for number, after in asked]


def test_follower_asks_again_when_it_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.1)
    service = FakeService({"a": [[1, 2], [], [3, 4, 5]]})

    assert follow(service) == WHOLE
    assert service.asked == [(0, "a", 0), (1, "a", 2), (2, "a", 2)]


def test_follower_gets_the_rest_when_it_has_seen_some() -> None:
    service = FakeService({"a": [[4, 5]]})

    assert follow(service, after=3) == [4, 5]
    assert service.asked == [(0, "a", 3)]


def test_follower_does_not_connect_when_it_has_seen_the_end() -> None:
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
    service = FakeService({"a": [*[[1001]] * 10, WHOLE]})

    assert follow(service) == WHOLE


def test_follower_gives_up_when_the_stream_breaks_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "RECONNECTS_MAX", 3)
    service = FakeService({"a": [[1000]] * 10})

    with pytest.raises(StreamBrokenError):
        follow(service)

    assert service.connections == 3


def test_follower_does_not_give_up_when_there_is_news_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backoff, "RECONNECTS_MAX", 2)
    service = FakeService({"a": [[sequence, 1000] for sequence in WHOLE]})

    assert follow(service) == WHOLE


def test_idle_stream_is_pinged_and_pongs_do_not_hide_its_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "PING_SECONDS", 0.02)
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.3)
    service = FakeService({"a": [[1, 2], [3, 4, 5]]})

    assert follow(service) == WHOLE
    assert service.asked == [(0, "a", 0), (1, "a", 2)]
    assert service.pings >= 3


def test_another_ticket_is_fetched_when_the_handshake_is_refused() -> None:
    service = FakeService({"a": [[1, 2, 1001], [401], [3, 4, 5]]})

    assert follow(service) == WHOLE
    assert service.tickets["a"] == [None, None, "renewed-1"]


def test_followers_of_many_share_one_connection() -> None:
    service = FakeService({"a": [WHOLE], "b": [WHOLE], "c": [WHOLE]})

    assert follow_many(service, "abc") == {"a": WHOLE, "b": WHOLE, "c": WHOLE}
    assert service.asked == [(0, "a", 0), (0, "b", 0), (0, "c", 0)]


def test_only_unfinished_orders_are_asked_for_when_the_connection_breaks() -> None:
    script: Script = {"a": [[1, 2], [3, 4, 5]], "b": [WHOLE], "c": [[1, 2, 3, 1006], [4, 5]]}
    service = FakeService(script)

    assert follow_many(service, "abc") == {"a": WHOLE, "b": WHOLE, "c": WHOLE}
    assert service.asked[3:] == [(1, "a", 2), (1, "c", 3)]


def test_only_the_order_with_a_hole_is_asked_for_when_one_has_one() -> None:
    service = FakeService({"a": [[1], [2, 3, 4, 5]], "b": [[1, 3, 4], [2, 3, 4, 5]]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subscription, "SILENCE_SECONDS", 0.2)
        assert follow_many(service, "ab") == {"a": WHOLE, "b": WHOLE}

    assert service.asked[:3] == [(0, "a", 0), (0, "b", 0), (0, "b", 1)]


def test_only_the_silent_order_is_asked_for_when_others_speak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.2)
    service = FakeService({"a": [[1], WHOLE], "b": [WHOLE]})

    async def run() -> list[str]:
        async with served(service) as client:

            async def orders() -> Any:
                yield service.order("a")
                await asyncio.sleep(0.1)
                yield service.order("b")

            return [event["orderId"] async for event in client.follow_many(orders())]

    assert sorted(asyncio.run(run())) == [*"aaaaabbbbb"]
    assert service.asked == [(0, "a", 0), (0, "b", 0), (0, "a", 1)]


def test_another_ticket_is_fetched_when_a_subscription_is_refused() -> None:
    service = FakeService({"a": [WHOLE], "b": [["UNAUTHORIZED"], WHOLE]})

    assert follow_many(service, "ab", ticket="old") == {"a": WHOLE, "b": WHOLE}
    assert service.tickets == {"a": ["old"], "b": ["old", "renewed-1"]}


def test_follower_says_so_when_one_of_its_orders_does_not_exist() -> None:
    service = FakeService({"a": [[1]]})

    with pytest.raises(ProblemError) as refusal:
        follow_many(service, ["a", "nobody's"])

    assert refusal.value.problem["code"] == "ORDER_NOT_FOUND"


@pytest.mark.parametrize("code", ["CONNECTION_GONE", "TOO_MANY_SUBSCRIPTIONS"])
def test_follower_connects_again_when_the_service_has_forgotten_the_connection(code: str) -> None:
    service = FakeService({"a": [[1], [2, 3, 4, 5]], "b": [[code], WHOLE]})

    assert follow_many(service, "ab") == {"a": WHOLE, "b": WHOLE}
    assert service.connections == 2


def test_orders_are_spread_over_connections_when_there_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "ORDERS_MAX", 2)
    names = "abcde"
    service = FakeService({name: [[], WHOLE] for name in names})
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.2)

    assert follow_many(service, names) == dict.fromkeys(names, WHOLE)
    first_asked = {name: number for number, name, _ in reversed(service.asked)}
    assert sorted(first_asked.values()) == [0, 0, 1, 1, 2]


def test_another_connection_is_opened_when_one_has_subscribed_as_often_as_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "SUBSCRIPTIONS_MAX", 3)
    holes = [[1, 3], [3], [3]]
    service = FakeService({"a": [[1], [], WHOLE], "b": [*holes, WHOLE], "c": [*holes, WHOLE]})
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.2)

    assert follow_many(service, "abc") == {"a": WHOLE, "b": WHOLE, "c": WHOLE}
    by_connection = [number for number, _, _ in service.asked]
    assert all(by_connection.count(number) <= 3 for number in by_connection)
    assert service.connections >= 3


def test_an_order_is_followed_once_when_it_is_named_twice() -> None:
    service = FakeService({"a": [WHOLE]})

    assert follow_many(service, ["a", "a"]) == {"a": WHOLE}


@pytest.mark.parametrize("seed", range(10))
def test_followers_see_each_event_once_in_order_when_anything_goes_wrong(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(subscription, "SILENCE_SECONDS", 0.05)
    names = [f"order-{number}" for number in range(30)]
    service = FlakyService(names, Random(seed))

    assert follow_many(service, names) == dict.fromkeys(names, WHOLE)


def test_observer_is_called_for_every_event_and_connection() -> None:
    service = FakeService({"a": [[1, 1, 3], [2, 3, 1006], [4, 5]]})

    class Recorder:
        def __init__(self) -> None:
            self.connections, self.events = 0, list[dict[str, Any]]()

        def connection_opened(self) -> None:
            self.connections += 1

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
