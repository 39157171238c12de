"""Exits in the book: four legs of one order, of which the first that is met ends the others; one of
them waits for a time, whatever the rates are."""

from datetime import datetime, timedelta

import pytest

from chalicelib.adapters.memory.book import MemoryWatchBook
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.events import AttemptStarted
from chalicelib.domain.orders.exits import confirm, exit_id
from chalicelib.domain.orders.lifecycle import Transition, cancel, edit
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import ExitPlan, ExitTerms, LimitTerms, MarketTerms, TimeInForce
from chalicelib.domain.orders.triggers import RatedPair, Trigger, TriggerKind
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.domain.tokens import Pair
from chalicelib.engine.ports.orders import OrderFilter
from tests.contract.samples import ARMED_SLOT, START, accepted, details_of, order_id, way
from tests.contract.test_watch_book import HOUR, PAIR, SLOT, Book, rate_of

HOLD = timedelta(seconds=3_600)
# Of a SOL that was bought for 150 dollars.
PAID = 150 * 10**6
BUY = Pair(token_in=USDC, token_out=SOL)
ANY: RatedPair = (USDC.mint, SOL.mint)
ALL_LEGS = ExitPlan(
    take_profit_bps=5_000, stop_loss_bps=2_500, trailing_bps=800, hold_seconds_max=3_600
)


@pytest.fixture(params=["memory", "postgres"])
def book(request: pytest.FixtureRequest) -> Book:
    return book_of(request)


@pytest.fixture(params=["memory", "postgres"])
def narrow_book(request: pytest.FixtureRequest) -> Book:
    """A book of which a tick takes three orders of a range."""
    return book_of(request, range_max=3)


def book_of(request: pytest.FixtureRequest, **options: int) -> Book:
    if request.param == "memory":
        store = MemoryOrderStore()
        return Book(book=MemoryWatchBook(store=store, clock=MemoryClock(), **options), store=store)
    database = request.getfixturevalue("database")
    return Book(book=PostgresWatchBook(database, **options), store=PostgresOrderStore(database))


def holding() -> ExitTerms:
    """Sold after an hour, and for nothing else."""
    return ExitTerms(plan=ExitPlan(hold_seconds_max=3_600), paid=PAID, sell_at=START + HOLD)


def every_leg() -> ExitTerms:
    return ExitTerms(plan=ALL_LEGS, paid=PAID, sell_at=START + HOLD)


def kind_of(book: Book, *ticks: tuple[str, datetime]) -> list[TriggerKind | None]:
    """What fires the first order in slots of these prices and times."""
    seen: list[TriggerKind | None] = []
    for number, (price, at) in enumerate(ticks):
        rates = price if price else {ANY: 1}
        ticked = book.tick(rates, slot=SLOT + number, at=at, now=at)
        seen.append(ticked.fired[0].kind if ticked.fired else None)
    return seen


BEFORE, AFTER = START + timedelta(seconds=1), START + HOLD


@pytest.mark.parametrize(
    ("ticks", "kind"),
    [
        ([("224.999999", BEFORE), ("225", BEFORE)], TriggerKind.TAKE_PROFIT),
        ([("112.500001", BEFORE), ("112.5", BEFORE)], TriggerKind.STOP),
        ([("138.01", BEFORE), ("150", BEFORE), ("138", BEFORE)], TriggerKind.TRAILING_STOP),
        ([("150", AFTER - timedelta(microseconds=1)), ("150", AFTER)], TriggerKind.MAX_HOLD),
        ([("150", BEFORE), ("100", BEFORE)], TriggerKind.STOP),
        ([("150", BEFORE), ("225", AFTER)], TriggerKind.TAKE_PROFIT),
        ([("150", BEFORE), ("130", AFTER)], TriggerKind.TRAILING_STOP),
        ([("150", BEFORE), ("100", AFTER)], TriggerKind.STOP),
        ([("150", BEFORE), ("", AFTER)], TriggerKind.MAX_HOLD),
    ],
)
def test_exit_fires_once_with_the_leg_that_counts(
    book: Book, ticks: list[tuple[str, datetime]], kind: TriggerKind
) -> None:
    book.place(1, every_leg(), wait=2 * HOUR)

    seen = kind_of(book, *ticks, ("1", AFTER), ("999", AFTER + HOUR / 2))

    assert seen == [*[None] * (len(ticks) - 1), kind, None, None]
    assert book.status(1) is OrderStatus.ROUTING
    assert book.book.watches(order_id(1)) == []
    assert not book.book.state().is_needed


def test_exit_is_sold_in_time_though_no_price_is_known(book: Book) -> None:
    book.place(1, holding(), wait=2 * HOUR)

    early = book.tick({}, at=AFTER - timedelta(microseconds=1))
    due = book.tick({}, slot=SLOT + 1, at=AFTER)
    late = book.tick({}, slot=SLOT + 2, at=AFTER + HOUR)

    assert [len(ticked.fired) for ticked in (early, due, late)] == [0, 1, 0]
    assert late.expired == []
    [event] = [e for e in book.store.events([order_id(1)])[order_id(1)] if e.status == "routing"]
    assert event.details == AttemptStarted(
        trigger=Trigger(kind=TriggerKind.MAX_HOLD, rate=None, slot=SLOT + 1, observed_at=AFTER)
    )


def test_rate_is_told_where_it_is_known_though_only_the_time_was_met(book: Book) -> None:
    book.place(1, holding(), wait=2 * HOUR)

    book.tick("150", at=AFTER)

    details = book.store.get(order_id(1), ANONYMOUS).events[-1].details
    assert isinstance(details, AttemptStarted)
    assert details.trigger is not None
    assert details.trigger.rate == rate_of("150")


def test_time_of_a_slot_counts_and_not_that_of_the_watcher(book: Book) -> None:
    book.place(1, holding(), wait=2 * HOUR)

    old_slot = book.tick("150", at=BEFORE, now=AFTER + HOUR)
    assert old_slot.fired == []
    assert len(book.tick("150", slot=SLOT + 1, at=AFTER, now=BEFORE).fired) == 1


def test_nothing_is_met_in_the_slot_of_the_fill_or_before(book: Book) -> None:
    book.place(1, every_leg(), wait=2 * HOUR)

    seen = [book.tick("1", slot=ARMED_SLOT - n, at=AFTER).fired for n in (1, 0)]

    assert seen == [[], []]
    assert len(book.tick("1", slot=ARMED_SLOT + 1, at=AFTER).fired) == 1


def test_trailing_leg_counts_from_the_slot_after_the_fill(book: Book) -> None:
    book.place(1, ExitTerms(plan=ExitPlan(trailing_bps=1_000), paid=PAID))

    assert book.fired("300", "100", "91", first_slot=ARMED_SLOT) == [[], [], []]
    assert book.fired("90", first_slot=ARMED_SLOT + 3) == [[1]]


def test_times_of_more_orders_than_a_tick_takes_are_all_met_in_one_slot(narrow_book: Book) -> None:
    for number in range(1, 8):
        narrow_book.place(number, holding(), wait=2 * HOUR)

    fired, is_whole = [], False
    while not is_whole:
        ticked = narrow_book.tick({}, at=AFTER)
        fired += [each.order_id for each in ticked.fired]
        is_whole = ticked.is_whole

    assert sorted(fired) == [order_id(number) for number in range(1, 8)]


def test_legs_come_back_as_they_stand(book: Book) -> None:
    book.place(1, every_leg(), wait=2 * HOUR)
    book.tick("160")

    hold, profit, trailing, stop = book.book.watches(order_id(1))

    assert (hold.kind, hold.key, hold.fires_at) == (TriggerKind.MAX_HOLD, None, AFTER)
    assert (profit.kind, profit.key) == (TriggerKind.TAKE_PROFIT, rate_of("225"))
    assert (trailing.kind, trailing.mark) == (TriggerKind.TRAILING_STOP, rate_of("160"))
    assert (stop.kind, stop.key) == (TriggerKind.STOP, rate_of("112.5"))
    assert profit.fires_at is stop.fires_at is trailing.fires_at is None


def test_edited_exit_keeps_its_time_and_its_best_price(book: Book) -> None:
    order = book.place(1, every_leg(), wait=2 * HOUR).order
    book.tick("160")
    before = book.book.watches(order_id(1))

    book.store.save(
        [
            edit(
                order,
                terms=order.terms,
                slippage_bps=900,
                expires_at=None,
                armed_slot=SLOT,
                changed={"slippageBps": 900},
                at=START,
            )
        ]
    )

    assert book.book.watches(order_id(1)) == before
    stored = book.store.get(order_id(1), ANONYMOUS).order
    assert (stored.slippage_bps, stored.expires_at) == (900, order.expires_at)
    assert book.tick("147.2", slot=SLOT + 1).fired[0].kind is TriggerKind.TRAILING_STOP


def test_cancelled_exit_is_met_by_nothing(book: Book) -> None:
    order = book.place(1, every_leg(), wait=2 * HOUR).order

    book.store.save([cancel(order, at=START)])

    assert not book.book.state().is_needed
    assert book.tick("1", at=AFTER).fired == []


def bought(number: int, terms: MarketTerms | LimitTerms) -> list[Transition]:
    """An order's way to its confirmation, which brings its exit."""
    pending = accepted(number, terms=terms, pair=BUY, amount=PAID)
    *moves, last = way(
        pending,
        OrderStatus.ROUTING,
        OrderStatus.BUILDING,
        OrderStatus.SUBMITTED,
        OrderStatus.CONFIRMED,
    )
    details = details_of(OrderStatus.CONFIRMED)
    submitted = moves[-1].order
    return [pending, *moves, confirm(submitted, details, at=last.order.updated_at)]


@pytest.mark.parametrize(
    "terms",
    [
        MarketTerms(exit=ALL_LEGS),
        LimitTerms(limit=1, time_in_force=TimeInForce.IOC, exit=ALL_LEGS),
        LimitTerms(limit=1, time_in_force=TimeInForce.GTC, exit=ExitPlan(trailing_bps=1)),
    ],
    ids=["market", "part", "limit"],
)
def test_exit_is_stored_with_the_confirmation_and_waits(
    book: Book, terms: MarketTerms | LimitTerms
) -> None:
    pending, *moves, confirmed = bought(1, terms)
    book.store.add(pending)
    assert book.store.get(order_id(1), ANONYMOUS).order.terms == terms
    for move in moves:
        book.store.save([move])
    assert not book.store.exists(exit_id(order_id(1)), ANONYMOUS)

    book.store.save([confirmed])
    again = book.store.save([confirmed])

    [child] = confirmed.children
    record = book.store.get(exit_id(order_id(1)), ANONYMOUS)
    assert (record.order, record.events) == (child.order, (child.event,))
    assert again == {}
    wanted = OrderFilter(owner_id=ANONYMOUS, parent_id=order_id(1))
    assert [r.order for r in book.store.page(wanted, limit=9, after=None)] == [child.order]
    assert book.store.get(order_id(1), ANONYMOUS).events[-1] == confirmed.event
    assert len(book.book.watches(child.order.order_id)) in (1, 4)


def test_exit_of_a_confirmed_order_is_fired_by_a_later_slot(book: Book) -> None:
    pending, *moves = bought(1, MarketTerms(exit=ALL_LEGS))
    book.store.add(pending)
    book.store.save(moves)
    pair = PAIR

    # Of details_of: a billion base units paid, 150 million received.
    rate = 10**30 * 10**9 // (150 * 10**6)
    early = book.tick({pair: rate * 10}, slot=1)
    fired = book.tick({pair: rate * 10}, slot=2).fired

    assert early.fired == []
    assert [(each.order_id, each.kind) for each in fired] == [
        (exit_id(order_id(1)), TriggerKind.TAKE_PROFIT)
    ]
