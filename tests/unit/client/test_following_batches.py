import asyncio
from collections.abc import Sequence

import pytest

from orders_client.cli.bench import EventCounter
from tests.unit.client.fake_stream import ALL, Answer, FakeService, follow, follow_many, served

pytestmark = pytest.mark.usefixtures("short_delays")


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ([[ALL]], [(0, 0)]),
        ([[1, [2, 3], [4, 5]]], [(0, 0)]),
        ([[[1, 2], 1006], [[2, 3], 4, 5]], [(0, 0), (1, 2)]),
        ([[1, [3, 4]], [ALL]], [(0, 0), (0, 1)]),
        ([[[1, 3], 4], [[2, 3, 4, 5]]], [(0, 0), (0, 1)]),
    ],
    ids=["whole", "packs", "broken", "hole before", "hole within"],
)
def test_follower_sees_single_events_when_several_come_in_a_frame(
    answers: Sequence[Answer], requests: list[tuple[int, int]]
) -> None:
    service = FakeService({"a": answers})

    assert follow(service) == ALL
    assert service.requests == [(number, "a", after) for number, after in requests]


def test_follower_asks_for_batches_wherever_it_follows() -> None:
    service = FakeService({"a": [[1, 2, 1001], [[3, 4, 5]]], "b": [[ALL], [ALL]]})

    assert follow_many(service, ["a", "b"]) == {"a": ALL, "b": ALL}
    assert set(service.batches) <= {"1", True}
    assert "1" in service.batches


def test_follower_follows_many_when_the_service_knows_no_batches() -> None:
    service = FakeService({order_id: [ALL] for order_id in "abc"})
    service.knows_batches = False

    assert follow_many(service, ["a", "b", "c"]) == dict.fromkeys("abc", ALL)
    assert service.connections == 1
    assert service.batches == ["1", None, None]


def test_observer_sees_each_event_when_several_come_in_a_frame() -> None:
    service = FakeService({"a": [[1, [2, 3], [2, 3, 4, 5]]]})
    counter = EventCounter()

    async def run() -> None:
        async with served(service) as client:
            async for _ in client.follow(service.order("a"), observer=counter):
                pass

    asyncio.run(run())
    assert (counter.events, counter.duplicates) == (7, 2)
