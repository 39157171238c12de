"""What every OrderStore counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.orders.events import Failure, OrderFailed
from chalicelib.domain.orders.lifecycle import Transition, advance
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.statistics import Durations, MinuteCounts, OrderStatistics
from tests.contract.samples import accepted, put, started, way, way_to_confirmed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
# What `way` takes from acceptance to confirmation.
WAY = timedelta(milliseconds=400)


def failed(pending: Transition, code: str, *, after: timedelta = SECOND) -> list[Transition]:
    routing = started(pending)
    at = pending.order.created_at + after
    failure = Failure(code=code, message="no")
    return [routing, advance(routing.order, OrderFailed(failure=failure), at=at)]


def test_statistics_are_empty_when_nothing_was_accepted(store: OrderStore) -> None:
    found = store.statistics(ANONYMOUS, since=NOON)

    assert found == OrderStatistics(
        accepted=0,
        confirmed=0,
        cancelled=0,
        expired=0,
        completed=0,
        waiting=0,
        failed={},
        to_confirmed=None,
        minutes=[],
    )


def test_statistics_count_orders_as_they_stand(store: OrderStore) -> None:
    for number in (1, 2):
        pending = accepted(number, at=NOON)
        put(store, pending, *way_to_confirmed(pending))
    for number, code in ((3, "NO_ROUTE"), (4, "SLIPPAGE_EXCEEDED"), (5, "NO_ROUTE")):
        pending = accepted(number, at=NOON)
        put(store, pending, *failed(pending, code))
    put(store, accepted(6, at=NOON))
    pending = accepted(7, at=NOON)
    put(store, pending, *way(pending, OrderStatus.ROUTING))
    pending = accepted(8, at=NOON)
    put(store, pending, *way(pending, OrderStatus.CANCELLED))

    found = store.statistics(ANONYMOUS, since=NOON)

    assert (found.accepted, found.confirmed, found.unfinished) == (8, 2, 2)
    assert found.cancelled == 1
    assert found.failed == {"NO_ROUTE": 2, "SLIPPAGE_EXCEEDED": 1}
    assert found.to_confirmed == Durations(p50=WAY, p99=WAY)


def test_statistics_put_an_order_into_the_minutes_of_its_beginning_and_its_end(
    store: OrderStore,
) -> None:
    slow, quick = accepted(1, at=NOON), accepted(2, at=NOON + MINUTE - SECOND / 5)
    put(store, slow, *failed(slow, "ABANDONED", after=2 * MINUTE))
    put(store, quick, *way_to_confirmed(quick))

    found = store.statistics(ANONYMOUS, since=NOON)

    assert found.minutes == [
        MinuteCounts(starts_at=NOON, accepted=2),
        MinuteCounts(starts_at=NOON + MINUTE, confirmed=1),
        MinuteCounts(starts_at=NOON + 2 * MINUTE, failed=1),
    ]


def test_statistics_leave_out_what_is_older_and_what_is_another_owners(store: OrderStore) -> None:
    put(store, accepted(1, at=NOON - SECOND / 1000))
    put(store, accepted(2, at=NOON))
    foreign = accepted(3, at=NOON)
    order = replace(foreign.order, owner_id=OwnerId("somebody"))
    put(store, replace(foreign, order=order))

    assert store.statistics(ANONYMOUS, since=NOON).accepted == 1
    assert store.statistics(OwnerId("somebody"), since=NOON).accepted == 1
    assert store.statistics(OwnerId("nobody"), since=NOON).accepted == 0


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (101, 51, 100)])
def test_percentiles_are_times_that_orders_took(
    store: OrderStore, count: int, p50: int, p99: int
) -> None:
    for number in range(1, count + 1):
        pending = accepted(number, at=NOON)
        *before, last = way_to_confirmed(pending)
        order = replace(last.order, updated_at=NOON + number * SECOND)
        event = replace(last.event, occurred_at=NOON + number * SECOND)
        put(store, pending, *before, replace(last, order=order, event=event))

    found = store.statistics(ANONYMOUS, since=NOON)

    assert found.to_confirmed == Durations(p50=p50 * SECOND, p99=p99 * SECOND)
