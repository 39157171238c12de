"""What every OrderStore answers."""

from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

import pytest

from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.lifecycle import cancel
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import OrderType
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import JUP, SOL, USDC, USDT
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports.orders import OrderFilter, OrderRecord, OrderStore, PageKey
from tests.contract.samples import START, accepted, order_id, put, started, way, way_to_confirmed

ANY = OrderFilter(owner_id=ANONYMOUS)
SECOND = timedelta(seconds=1)
USDC_TO_SOL, SOL_TO_JUP = (
    Pair(token_in=USDC, token_out=SOL),
    Pair(token_in=SOL, token_out=JUP),
)


def numbers(order_ids: list[OrderId]) -> list[int]:
    return [next(n for n in range(1, 100) if order_id(n) == found) for found in order_ids]


def listed(
    store: OrderStore, wanted: OrderFilter = ANY, *, limit: int = 50, after: PageKey | None = None
) -> list[int]:
    return numbers([r.order.order_id for r in store.page(wanted, limit=limit, after=after)])


def key_of(record: OrderRecord) -> PageKey:
    return PageKey(created_at=record.order.created_at, order_id=record.order.order_id)


def test_get_raises_when_order_is_unknown(store: OrderStore) -> None:
    put(store, accepted(1))

    with pytest.raises(OrderNotFoundError):
        store.get(order_id(2), ANONYMOUS)


def test_exists_tells_orders_apart_when_one_is_unknown(store: OrderStore) -> None:
    put(store, accepted(1))

    found = [store.exists(order_id(1), ANONYMOUS), store.exists(order_id(2), ANONYMOUS)]

    assert found == [True, False]


def test_events_are_complete_when_some_orders_are_unknown(store: OrderStore) -> None:
    pending, other = accepted(1), accepted(2)
    moves = way_to_confirmed(pending)
    put(store, pending, *moves)
    put(store, other)
    put(store, accepted(3))

    found = store.events([order_id(1), order_id(2), order_id(9)])

    assert found == {
        order_id(1): (pending.event, *(move.event for move in moves)),
        order_id(2): (other.event,),
    }


def test_events_are_empty_when_none_are_asked_for(store: OrderStore) -> None:
    put(store, accepted(1))

    found = store.events([])

    assert found == {}


@pytest.mark.parametrize("announced_through", range(6))
def test_load_returns_later_events_when_some_were_announced(
    store: OrderStore, announced_through: int
) -> None:
    pending = accepted()
    moves = way_to_confirmed(pending)
    put(store, pending, *moves)

    [loaded] = store.load({order_id(1): announced_through})

    assert loaded.order == moves[-1].order
    events = (pending.event, *(move.event for move in moves))
    assert [*chain.from_iterable(loaded.unannounced)] == [*events[announced_through:]]


def test_load_leaves_out_orders_when_they_are_unknown(store: OrderStore) -> None:
    put(store, accepted(1), started(accepted(1)))
    put(store, accepted(2))

    loaded = store.load({order_id(1): 1, order_id(2): 0, order_id(9): 1})

    seen = {found.order.order_id: len(found.unannounced) for found in loaded}
    assert seen == {order_id(1): 1, order_id(2): 1}


def test_load_returns_nothing_when_nothing_is_asked_for(store: OrderStore) -> None:
    put(store, accepted(1))

    loaded = store.load({})

    assert loaded == []


def test_page_is_newest_first_when_orders_differ_in_age(store: OrderStore) -> None:
    for number, age in ((1, 2), (2, 0), (3, 3), (4, 1)):
        put(store, accepted(number, at=START - age * SECOND))

    shown = listed(store)

    assert shown == [2, 4, 1, 3]


def test_page_carries_order_and_last_event_only_when_history_is_long(store: OrderStore) -> None:
    pending = accepted()
    moves = way_to_confirmed(pending)
    put(store, pending, *moves)

    [record] = store.page(ANY, limit=10, after=None)

    assert record == OrderRecord(order=moves[-1].order, events=(moves[-1].event,))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(OrderFilter(owner_id=ANONYMOUS), [4, 3, 2, 1], id="any"),
        pytest.param(
            OrderFilter(owner_id=ANONYMOUS, statuses=[OrderStatus.PENDING]), [3, 1], id="status"
        ),
        pytest.param(
            OrderFilter(owner_id=ANONYMOUS, statuses=[OrderStatus.FAILED]), [4], id="final status"
        ),
        pytest.param(
            OrderFilter(owner_id=ANONYMOUS, order_types=[OrderType.MARKET]), [4, 3, 2, 1], id="type"
        ),
        pytest.param(OrderFilter(owner_id=ANONYMOUS, input_mint=SOL.mint), [3, 2, 1], id="input"),
        pytest.param(OrderFilter(owner_id=ANONYMOUS, output_mint=USDC.mint), [2, 1], id="output"),
        pytest.param(
            OrderFilter(owner_id=ANONYMOUS, input_mint=SOL.mint, output_mint=JUP.mint),
            [3],
            id="pair",
        ),
        pytest.param(
            OrderFilter(
                owner_id=ANONYMOUS,
                statuses=[OrderStatus.ROUTING],
                order_types=[OrderType.MARKET],
                input_mint=SOL.mint,
                output_mint=USDC.mint,
            ),
            [2],
            id="all at once",
        ),
        pytest.param(OrderFilter(owner_id=ANONYMOUS, id_prefix="00000000"), [4, 3, 2, 1], id="id"),
        pytest.param(OrderFilter(owner_id=ANONYMOUS, id_prefix="fffe"), [], id="no id"),
        pytest.param(OrderFilter(owner_id=ANONYMOUS, input_mint=USDT.mint), [], id="none"),
    ],
)
def test_page_shows_matching_orders_when_filtered(
    store: OrderStore, wanted: OrderFilter, expected: list[int]
) -> None:
    put(store, accepted(1))
    put(store, accepted(2), started(accepted(2)))
    put(store, accepted(3, pair=SOL_TO_JUP))
    failing = accepted(4, pair=USDC_TO_SOL)
    put(store, failing, *way(failing, OrderStatus.ROUTING, OrderStatus.FAILED))

    shown = listed(store, wanted)

    assert shown == expected


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("abcd", [1, 2, 3]), ("abcd1", [1, 2]), ("abcd1234", [1]), ("abcd2", []), ("abce", [])],
)
def test_page_shows_the_orders_whose_ids_begin_so(
    store: OrderStore, prefix: str, expected: list[int]
) -> None:
    beginnings = [0xABCD_1234, 0xABCD_1FFF, 0xABCD_FFFF, 0xABCF_0000]
    ids = [order_id((first << 96) + 7) for first in beginnings]
    for id_ in ids:
        put(store, accepted(UUID(id_).int))

    page = store.page(OrderFilter(owner_id=ANONYMOUS, id_prefix=prefix), limit=9, after=None)

    assert sorted(ids.index(record.order.order_id) + 1 for record in page) == expected


def test_page_goes_on_after_key_when_filtered(store: OrderStore) -> None:
    for number in range(1, 7):
        put(store, accepted(number, pair=SOL_TO_JUP if number % 2 else USDC_TO_SOL))
    wanted = OrderFilter(owner_id=ANONYMOUS, output_mint=JUP.mint)

    first = store.page(wanted, limit=1, after=None)
    rest = listed(store, wanted, after=key_of(first[-1]))

    assert numbers([first[0].order.order_id]) == [5]
    assert rest == [3, 1]


def test_pages_show_each_order_once_when_others_of_equal_age_arrive(store: OrderStore) -> None:
    original = [10, 20, 30, 40, 50]
    for number in original:
        put(store, accepted(number))
    arriving = iter([35, 60, 5, 45, 25, 15, 70, 1])

    seen: list[int] = []
    after = None
    while records := store.page(ANY, limit=2, after=after):
        seen += numbers([record.order.order_id for record in records])
        after = key_of(records[-1])
        put(store, accepted(next(arriving)))

    assert len(seen) == len(set(seen))
    assert [number for number in seen if number in original] == original[::-1]


def test_page_is_empty_when_key_is_the_last_order(store: OrderStore) -> None:
    put(store, accepted(1))
    [only] = store.page(ANY, limit=1, after=None)

    shown = listed(store, after=key_of(only))

    assert shown == []


def stale(store: OrderStore, *, due_before: datetime, now: datetime = START) -> list[OrderId]:
    return list(store.stale(due_before=due_before, now=now, limit=2))


def test_stale_returns_oldest_due_first_when_many_wait(store: OrderStore) -> None:
    for number, age in ((1, 20), (2, 40), (3, 30), (4, 50)):
        put(store, accepted(number, at=START - age * SECOND))

    found = stale(store, due_before=START - 25 * SECOND)

    assert numbers(found) == [4, 2]


def test_stale_leaves_out_orders_when_they_are_final_or_not_due(store: OrderStore) -> None:
    confirmed, failing, waiting, due_now = (accepted(n) for n in (1, 2, 3, 4))
    put(store, confirmed, *way_to_confirmed(confirmed))
    put(store, failing, *way(failing, OrderStatus.ROUTING, OrderStatus.FAILED))
    put(store, waiting, *way(waiting, OrderStatus.ROUTING))
    put(store, due_now)
    due_of_waiting = store.get(order_id(3), ANONYMOUS).order.due_at

    at_the_time = stale(store, due_before=START)
    just_after = stale(store, due_before=START + SECOND / 1000)
    long_after = stale(store, due_before=due_of_waiting + SECOND)

    assert numbers(at_the_time) == []
    assert numbers(just_after) == [4]
    assert numbers(long_after) == [4, 3]


@pytest.mark.parametrize("age", [0, 300], ids=["new", "old"])
def test_stale_returns_an_order_from_the_time_its_sweep_is_scheduled_for(
    store: OrderStore, age: int
) -> None:
    put(store, accepted(1, at=START - age * SECOND))
    put(store, accepted(2, at=START))

    store.schedule_sweep([order_id(1)], at=START + 180 * SECOND)

    before, then = (
        stale(store, due_before=START - 30 * SECOND, now=START + seconds * SECOND)
        for seconds in (179, 180)
    )
    assert (numbers(before), numbers(then)) == ([], [1])


def test_scheduled_sweep_is_forgotten_when_the_order_moves(store: OrderStore) -> None:
    pending = accepted(1, at=START - 300 * SECOND)
    put(store, pending)
    store.schedule_sweep([order_id(1)], at=START + 180 * SECOND)

    store.save(way(pending, OrderStatus.ROUTING))

    assert numbers(stale(store, due_before=START + 300 * SECOND)) == [1]


def test_scheduling_a_sweep_changes_nothing_when_the_order_is_final_or_there_is_none(
    store: OrderStore,
) -> None:
    confirmed = accepted(1)
    put(store, confirmed, *way_to_confirmed(confirmed))

    store.schedule_sweep([order_id(1), order_id(2)], at=START)

    assert numbers(stale(store, due_before=START + 300 * SECOND, now=START + SECOND)) == []


def cancelled(store: OrderStore, number: int, *, sweep_at: datetime | None) -> None:
    pending = accepted(number)
    put(store, pending)
    store.save(way(pending, OrderStatus.CANCELLED), sweep_at=sweep_at)


def test_final_order_is_swept_when_it_was_saved_so(store: OrderStore) -> None:
    cancelled(store, 1, sweep_at=START + 10 * SECOND)
    cancelled(store, 2, sweep_at=None)

    before, then = (
        stale(store, due_before=START + 300 * SECOND, now=START + seconds * SECOND)
        for seconds in (9, 10)
    )

    assert (numbers(before), numbers(then)) == ([], [1])


def test_final_order_is_swept_no_more_when_a_sweep_is_scheduled_again(store: OrderStore) -> None:
    cancelled(store, 1, sweep_at=START)

    store.schedule_sweep([order_id(1)], at=START)

    assert numbers(stale(store, due_before=START, now=START + 300 * SECOND)) == []


def test_request_to_cancel_is_kept_until_the_end(store: OrderStore) -> None:
    pending = accepted(1)
    *_, submitted = moves = way(
        pending, OrderStatus.ROUTING, OrderStatus.BUILDING, OrderStatus.SUBMITTED
    )
    put(store, pending, *moves)
    request = cancel(submitted.order, at=START + SECOND)
    store.save([request], sweep_at=START + 10 * SECOND)

    [found] = store.load({order_id(1): 4})

    assert found.order == request.order
    assert found.order.cancel_requested
    assert found.unannounced == ((request.event,),)
    assert numbers(stale(store, due_before=START, now=START + 10 * SECOND)) == [1]
    store.save(way(request, OrderStatus.CONFIRMED))
    assert store.get(order_id(1), ANONYMOUS).order.cancel_requested


def test_check_passes_when_store_answers(store: OrderStore) -> None:
    store.check()
