"""The book of waiting orders: what a slot moves, exactly once, and who may look at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from chalicelib.adapters.memory.book import MemoryWatchBook
from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.adapters.postgres.book import PostgresWatchBook
from chalicelib.adapters.postgres.database import PostgresDatabase
from chalicelib.adapters.postgres.orders import PostgresOrderStore
from chalicelib.domain.orders.events import AttemptStarted, Failure, OrderExpired, OrderOpened
from chalicelib.domain.orders.lifecycle import Transition, advance, cancel, edit
from chalicelib.domain.orders.order import Order, OrderStatus
from chalicelib.domain.orders.terms import (
    Condition,
    LimitTerms,
    OcoTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TimeInForce,
    TrailingStopTerms,
)
from chalicelib.domain.orders.triggers import RATE_ONE, RatedPair, Trigger, TriggerKind
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.domain.token_list import JUP, SOL, USDC
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.errors import TooManyWaitingError
from chalicelib.engine.limits import IdempotencyKey
from chalicelib.engine.ports.book import (
    LEASE,
    Arrivals,
    Fired,
    Shortfall,
    Tick,
    Ticked,
    WatchBook,
)
from chalicelib.engine.ports.orders import OrderStore
from chalicelib.engine.ports.rates import Observation
from tests.contract.samples import (
    ARMED_SLOT,
    SOL_TO_USDC,
    START,
    accepted,
    details_of,
    order_id,
    way,
)

SLOT = ARMED_SLOT + 1
PAIR: RatedPair = (SOL.mint, USDC.mint)
HOUR = timedelta(hours=1)
ME, ANOTHER = "me", "another"
# A rate of a lease that is over at once.
NO_LEASE = timedelta(0)


def price(text: str, price_in: str = USDC.mint) -> StatedPrice:
    return StatedPrice(text=text, price_in=USDC.mint if price_in == USDC.mint else SOL.mint)


def stop(text: str, condition: Condition = Condition.BELOW) -> Terms:
    return StopTerms(price=price(text), condition=condition)


def limit(text: str) -> Terms:
    """To sell one SOL for so many USDC."""
    amount = int(float(text) * 10**USDC.decimals)
    return LimitTerms(limit=amount, time_in_force=TimeInForce.GTC, price=price(text))


def trail(bps: int, activation: str | None = None) -> Terms:
    return TrailingStopTerms(trailing_bps=bps, activation=activation and price(activation))


def oco(take_profit: str, stop_price: str) -> Terms:
    return OcoTerms(take_profit=price(take_profit), stop=price(stop_price))


def rate_of(text: str) -> int:
    """The observed rate at which a SOL costs so many USDC."""
    return int(price(text).rate(SOL_TO_USDC) * RATE_ONE)


@dataclass(kw_only=True)
class Book:
    """A book, and the store whose orders stand in it."""

    book: WatchBook
    store: OrderStore

    def place(self, number: int, terms: Terms, *, wait: timedelta = HOUR) -> Transition:
        pending = accepted(number, terms=terms, wait=wait)
        self.store.add(pending)
        return pending

    def tick(self, rates: str | Mapping[RatedPair, int], **options: Any) -> Ticked:
        """Look at a slot that is to be looked at."""
        ticked = self.try_tick(rates, **options)
        assert ticked is not None
        return ticked

    def try_tick(
        self,
        rates: str | Mapping[RatedPair, int],
        *,
        slot: int = SLOT,
        at: datetime = START,
        holder: str = ME,
        lease: timedelta = LEASE,
        now: datetime = START,
        gap: tuple[int, int] = (0, 0),
        arrivals: Arrivals | None = None,
    ) -> Ticked | None:
        """Look at a slot, or find that it is not one's turn."""
        by_pair = {PAIR: rate_of(rates)} if isinstance(rates, str) else rates
        tick = Tick(
            observation=Observation(slot=slot, at=at, rates=by_pair),
            now=now,
            due_at=now + timedelta(milliseconds=200),
            sweep_at=now + timedelta(seconds=3),
            ask_again_at=now + timedelta(seconds=3),
            gap_from=gap[0],
            gap_through=gap[1],
            arrivals=arrivals,
        )
        return self.book.tick(tick, holder=holder, lease=lease)

    def fired(self, *prices: str, first_slot: int = SLOT) -> list[list[int]]:
        """The numbers of the orders that the prices of consecutive slots fire."""
        ticks = [self.tick(text, slot=first_slot + n) for n, text in enumerate(prices)]
        return [sorted(number_of(f.order_id) for f in t.fired) for t in ticks]

    def status(self, number: int) -> OrderStatus:
        return self.store.get(order_id(number), ANONYMOUS).order.status


def number_of(name: str) -> int:
    return int(name.replace("-", ""), 16)


@pytest.fixture(params=["memory", "postgres"])
def book(request: pytest.FixtureRequest) -> Iterator[Book]:
    if request.param == "memory":
        store = MemoryOrderStore()
        yield Book(book=MemoryWatchBook(store=store, clock=MemoryClock()), store=store)
    else:
        database: PostgresDatabase = request.getfixturevalue("database")
        yield Book(book=PostgresWatchBook(database), store=PostgresOrderStore(database))


@pytest.fixture(params=["memory", "postgres"])
def narrow_book(request: pytest.FixtureRequest) -> Iterator[Book]:
    """A book of which a tick takes three orders of a range."""
    if request.param == "memory":
        store = MemoryOrderStore()
        memory = MemoryWatchBook(store=store, clock=MemoryClock(), range_max=3)
        yield Book(book=memory, store=store)
    else:
        database: PostgresDatabase = request.getfixturevalue("database")
        yield Book(
            book=PostgresWatchBook(database, range_max=3), store=PostgresOrderStore(database)
        )


def test_pairs_are_those_that_orders_wait_for_each_once(book: Book) -> None:
    new = Token(symbol="NEW", mint=Mint("New1" * 10), decimals=6)
    pairs = [
        Pair(token_in=one, token_out=other)
        for one, other in ((SOL, USDC), (USDC, SOL), (SOL, new), (new, SOL), (JUP, SOL))
    ]
    kinds = (stop("140"), trail(500), limit("900"), oco("200", "140"))
    assert [*book.book.pairs()] == []
    for number, (pair, terms) in enumerate(product(pairs, kinds), 1):
        book.store.add(accepted(number, pair=pair, terms=terms))
    book.store.add(accepted(99, pair=Pair(token_in=JUP, token_out=USDC)))

    assert sorted(book.book.pairs()) == sorted(
        (pair.token_in.mint, pair.token_out.mint) for pair in pairs
    )


def test_pair_is_none_of_the_book_once_nobody_waits_for_it(book: Book) -> None:
    book.place(1, stop("140"))
    assert [*book.book.pairs()] == [PAIR]

    book.tick("139")

    assert [*book.book.pairs()] == []


def test_stop_is_routed_once_with_what_was_seen_when_its_price_comes(book: Book) -> None:
    book.place(1, stop("140"))

    ticked = [book.tick("141"), book.tick("139.5", slot=SLOT + 1), book.tick("120", slot=SLOT + 2)]

    assert [t.fired for t in ticked] == [
        [],
        [Fired(order_id=order_id(1), sequence=2, kind=TriggerKind.STOP)],
        [],
    ]
    record = book.store.get(order_id(1), ANONYMOUS)
    trigger = Trigger(
        kind=TriggerKind.STOP, rate=rate_of("139.5"), slot=SLOT + 1, observed_at=START
    )
    assert record.events[-1].details == AttemptStarted(trigger=trigger)
    order = record.order
    assert (order.status, order.sequence, order.attempt) == (OrderStatus.ROUTING, 2, 1)
    assert (order.triggered_at, order.updated_at) == (START, START)
    assert order.due_at == START + timedelta(milliseconds=200)
    assert not book.book.state().is_needed


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("mint", [SOL.mint, USDC.mint], ids=["in SOL", "in USDC"])
@pytest.mark.parametrize(("seen", "is_above"), [("151", True), ("149", False)])
def test_condition_is_of_the_price_as_it_is_stated(
    book: Book, condition: Condition, mint: str, seen: str, is_above: bool
) -> None:
    # 0.00666… SOL for a USDC: the price of the USDC falls when that of the SOL rises.
    stated = price("150") if mint == USDC.mint else price("0.0066666666", SOL.mint)
    book.place(1, StopTerms(price=stated, condition=condition))

    rises = is_above if mint == USDC.mint else not is_above
    assert book.fired(seen) == [[1] if rises == (condition is Condition.ABOVE) else []]


def test_trigger_is_exact_to_the_last_digit_of_a_rate(book: Book) -> None:
    book.place(1, stop("140"))
    book.place(2, stop("140", Condition.ABOVE))
    exact = rate_of("140")

    below, at, above = (
        book.tick({PAIR: exact + off}, slot=SLOT + n) for n, off in enumerate((-1, 0, 1))
    )

    assert [f.order_id for f in below.fired] == [order_id(1)]
    assert [f.order_id for f in at.fired] == [order_id(2)]
    assert above.fired == []


def test_nothing_fires_on_a_price_from_before_it_was_armed(book: Book) -> None:
    book.place(1, stop("140"))

    before, in_its_slot = (book.tick("100", slot=s) for s in (ARMED_SLOT - 1, ARMED_SLOT))
    after = book.tick("100", slot=ARMED_SLOT + 1)

    assert before.fired == []
    assert in_its_slot.fired == []
    assert len(after.fired) == 1


def test_nothing_happens_when_a_slot_comes_again_or_is_older(book: Book) -> None:
    book.place(1, stop("140"), wait=timedelta(seconds=1))
    book.tick("150", slot=SLOT + 5)

    for slot in (SLOT + 5, SLOT + 4, SLOT):
        assert book.try_tick("100", slot=slot, at=START + HOUR) is None
    assert book.status(1) is OrderStatus.OPEN


def test_other_pairs_and_silent_ones_fire_nothing(book: Book) -> None:
    book.place(1, stop("140"))

    reverse = book.tick({(USDC.mint, SOL.mint): 1})
    silent = book.tick({}, slot=SLOT + 1)

    assert reverse.fired == []
    assert silent.fired == []


def test_trailing_stop_fires_below_its_best_price_and_never_on_a_rise(book: Book) -> None:
    book.place(1, trail(1_000))

    # The mark goes to 200, and 10 % below it is 180.
    assert book.fired("100", "200", "180.1", "190", "180", "100") == [[], [], [], [], [1], []]


def test_trailing_stop_counts_from_the_slot_after_it_was_armed(book: Book) -> None:
    book.place(1, trail(1_000))

    assert book.fired("300", "100", "91", first_slot=ARMED_SLOT) == [[], [], []]
    assert book.fired("90", first_slot=ARMED_SLOT + 3) == [[1]]


def test_trailing_stop_waits_for_its_activation(book: Book) -> None:
    book.place(1, trail(1_000, activation="170"))

    seen = book.fired("100", "80", "170", "153.1", "153")

    assert seen == [[], [], [], [], [1]]


def test_oco_takes_its_profit_or_stops_its_loss_once(book: Book) -> None:
    for number in (1, 2):
        book.place(number, oco("200", "140"))

    assert book.fired("150", "200", "100") == [[], [1, 2], []]
    [event] = [e for e in book.store.events([order_id(1)])[order_id(1)] if e.status == "routing"]
    assert isinstance(event.details, AttemptStarted)
    assert event.details.trigger
    assert event.details.trigger.kind is TriggerKind.TAKE_PROFIT


def test_price_that_jumps_far_past_a_stop_fires_it_once(book: Book) -> None:
    book.place(1, oco("200", "140"))

    ticked = book.tick("1")

    assert [(f.order_id, f.kind) for f in ticked.fired] == [(order_id(1), TriggerKind.STOP)]


def test_order_expires_rather_than_fires_when_both_are_due(book: Book) -> None:
    book.place(1, stop("140"), wait=HOUR)
    book.place(2, stop("140"), wait=2 * HOUR)

    ticked = book.tick("100", at=START + HOUR, now=START + HOUR)

    assert ticked.expired == [(order_id(1), 2)]
    assert [f.order_id for f in ticked.fired] == [order_id(2)]
    record = book.store.get(order_id(1), ANONYMOUS)
    assert (record.order.status, record.events[-1].details) == ("expired", OrderExpired())


def test_trigger_counts_when_it_was_seen_before_the_time_was_up(book: Book) -> None:
    book.place(1, stop("140"), wait=HOUR)

    # A watcher that was asleep looks at an old slot when the time is up.
    ticked = book.tick("100", at=START + HOUR / 2, now=START + 2 * HOUR)

    assert len(ticked.fired) == 1


def test_final_and_fired_orders_are_swept_for_their_followers(book: Book) -> None:
    book.place(1, stop("140"), wait=timedelta(0))
    book.place(2, stop("140"))
    book.tick("100", at=START + timedelta(seconds=1))
    soon = START + timedelta(seconds=3)

    assert book.store.stale(due_before=START - HOUR, now=soon - timedelta(seconds=1), limit=9) == {}
    assert sorted(book.store.stale(due_before=START - HOUR, now=soon, limit=9)) == [
        order_id(1),
        order_id(2),
    ]


def edited(order: Order, *, at: datetime) -> Transition:
    return edit(
        order,
        terms=stop("140"),
        slippage_bps=order.slippage_bps,
        expires_at=None,
        armed_slot=SLOT - 1,
        changed={"triggerPrice": "140"},
        at=at,
    )


def test_what_nobody_was_told_to_announce_is_said_when_the_order_moves_on(book: Book) -> None:
    orders = [book.place(n, stop("100")).order for n in (1, 2, 3)]
    first = [edited(order, at=START) for order in orders]
    # Whoever edits has queued nothing yet when another edit comes, a cancel, and a slot.
    assert [book.store.save([move], sweep_at=START + HOUR) for move in first] == [
        {order_id(n): 1} for n in (1, 2, 3)
    ]
    again = book.store.save([edited(first[0].order, at=START)], sweep_at=START + HOUR)
    cancelled = book.store.save([cancel(first[1].order, at=START)], sweep_at=START + HOUR)
    ticked = book.tick("139")
    due = book.store.stale(due_before=START - HOUR, now=START + HOUR, limit=9)

    assert [again, cancelled] == [{order_id(1): 1}, {order_id(2): 1}]
    assert ticked.announced_through == {order_id(1): 1, order_id(3): 1}
    assert due == {order_id(n): 1 for n in (1, 2, 3)}


def test_what_the_sweep_has_queued_is_announced(book: Book) -> None:
    first = edited(book.place(1, stop("100")).order, at=START)
    book.store.save([first], sweep_at=START)
    book.store.schedule_sweep([order_id(1)], at=START)

    second = edited(first.order, at=START)

    assert book.store.save([second], sweep_at=START + HOUR) == {order_id(1): 2}
    assert book.store.stale(due_before=START, now=START + HOUR, limit=9) == {order_id(1): 2}


def test_limit_that_is_asked_about_again_is_not_announced_again(book: Book) -> None:
    order = book.place(1, limit("150")).order
    moved = edit(
        order,
        terms=limit("140"),
        slippage_bps=order.slippage_bps,
        expires_at=None,
        armed_slot=SLOT - 1,
        changed={"limitPrice": "140"},
        at=START,
    )
    book.store.save([moved])

    assert book.tick("141").announced_through == {order_id(1): 2}


def test_limit_is_asked_about_when_the_rate_nears_it_and_stays_open(book: Book) -> None:
    book.place(1, limit("150"))

    # A basis point of margin: 149.985.
    far, near, held = (
        book.tick(text, slot=SLOT + n) for n, text in enumerate(("149.98", "149.99", "160"))
    )

    assert [t.asked for t in (far, near, held)] == [[], [order_id(1)], []]
    assert book.status(1) is OrderStatus.OPEN
    assert book.store.get(order_id(1), ANONYMOUS).order.sequence == 1


def test_limit_is_asked_about_again_when_nobody_answered(book: Book) -> None:
    book.place(1, limit("150"))
    book.tick("151")

    early = book.tick("151", slot=SLOT + 1, now=START + timedelta(seconds=2.9))
    late = book.tick("151", slot=SLOT + 2, now=START + timedelta(seconds=3))

    assert early.asked == []
    assert late.asked == [order_id(1)]


def test_limit_waits_as_at_first_when_the_rate_has_gone(book: Book) -> None:
    book.place(1, limit("150"))
    book.tick("151")

    gone = book.tick("140", slot=SLOT + 1, now=START + timedelta(seconds=3))
    back = book.tick("151", slot=SLOT + 2, now=START + timedelta(seconds=3.4))

    assert gone.asked == []
    assert back.asked == [order_id(1)]


def test_limit_waits_for_what_it_lacked_at_its_size(book: Book) -> None:
    book.place(1, limit("150"))
    book.tick("151")

    # It got 148 at that rate: 151 · 150 / 148 less a basis point is 153.025….
    short = Shortfall(order_id=order_id(1), needed=150 * 10**6, quoted=148 * 10**6)
    book.book.postpone([short], recheck_at=START + HOUR)

    asked = [book.tick(t, slot=SLOT + n) for n, t in enumerate(("151", "153.02", "153.03"), 1)]
    assert [t.asked for t in asked] == [[], [], [order_id(1)]]


def test_limit_is_looked_at_again_in_time_though_nothing_moved(book: Book) -> None:
    book.place(1, limit("150"))
    book.tick("151")
    short = Shortfall(order_id=order_id(1), needed=150, quoted=148)
    book.book.postpone([short], recheck_at=START + timedelta(seconds=10))

    before = book.tick("151", slot=SLOT + 1, now=START + timedelta(seconds=9.9))
    after = book.tick("151", slot=SLOT + 2, now=START + timedelta(seconds=10))

    assert before.asked == []
    assert after.asked == [order_id(1)]


def test_limit_that_nothing_was_quoted_for_waits_for_its_time_alone(book: Book) -> None:
    book.place(1, limit("150"))
    book.tick("151")
    short = Shortfall(order_id=order_id(1), needed=150, quoted=0)
    book.book.postpone([short], recheck_at=START + timedelta(seconds=10))

    before = book.tick("500", slot=SLOT + 1, now=START + timedelta(seconds=9))
    after = book.tick("500", slot=SLOT + 2, now=START + timedelta(seconds=10))

    assert before.asked == []
    assert after.asked == [order_id(1)]


def test_limit_that_waits_again_rests_before_anybody_asks(book: Book) -> None:
    pending = book.place(1, limit("150"))
    routing, building, submitted = way(
        pending, OrderStatus.ROUTING, OrderStatus.BUILDING, OrderStatus.SUBMITTED
    )
    unfilled = OrderOpened(unfilled=Failure(code="SLIPPAGE_EXCEEDED", message="so"))
    opened = advance(submitted.order, unfilled, at=START, due_at=START + timedelta(seconds=10))
    for move in (routing, building, submitted):
        book.store.save([move])
        assert not book.book.state().is_needed
    book.store.save([opened])

    assert book.book.state().is_needed
    before = book.tick("151", now=START + timedelta(seconds=9))
    after = book.tick("151", slot=SLOT + 1, now=START + timedelta(seconds=10))
    assert before.asked == []
    assert after.asked == [order_id(1)]


@pytest.mark.parametrize("status", [OrderStatus.ROUTING, OrderStatus.EXPIRED, OrderStatus.FAILED])
@pytest.mark.parametrize("terms", [limit("150"), oco("200", "140"), trail(100)], ids=repr)
def test_order_leaves_the_book_when_it_moves(book: Book, status: OrderStatus, terms: Terms) -> None:
    pending = book.place(1, terms)
    book.place(2, terms)

    book.store.save([advance(pending.order, details_of(status), at=START)])
    assert book.book.state().is_needed
    book.store.save([cancel(accepted(2, terms=terms, wait=HOUR).order, at=START)])

    assert not book.book.state().is_needed
    assert book.fired("150", "1", "1000") == [[], [], []]


def test_loser_of_a_race_leaves_the_book_as_it_is(book: Book) -> None:
    pending = book.place(1, stop("140"))
    cancelled = cancel(pending.order, at=START)
    book.tick("139")

    assert book.store.save([cancelled]) == {}
    assert book.status(1) is OrderStatus.ROUTING


def test_cancelled_order_is_not_fired(book: Book) -> None:
    pending = book.place(1, stop("140"))
    book.store.save([cancel(pending.order, at=START)])

    assert book.fired("100") == [[]]
    assert book.status(1) is OrderStatus.CANCELLED


def test_slot_is_ticked_until_it_is_whole(narrow_book: Book) -> None:
    book = narrow_book
    for number in range(1, 9):
        book.place(number, stop("140"))

    ticked = [book.tick("100") for _ in range(3)]

    assert [len(each.fired) for each in ticked] == [3, 3, 2]
    assert [each.is_whole for each in ticked] == [False, False, True]
    assert book.try_tick("100") is None
    assert book.book.state().slot == SLOT


def test_price_is_not_missed_when_a_watcher_dies_between_two_parts_of_a_slot(
    narrow_book: Book,
) -> None:
    book = narrow_book
    for number in range(1, 6):
        book.place(number, stop("140"))

    first = book.tick("100", lease=NO_LEASE)
    assert book.book.state().slot < SLOT
    rest = book.tick("100", holder=ANOTHER)

    assert len(first.fired) + len(rest.fired) == 5


def test_one_watcher_is_at_work_at_a_time(book: Book) -> None:
    book.place(1, stop("140"))

    book.tick("150", holder=ME)
    assert book.book.state().is_watched
    assert book.try_tick("100", slot=SLOT + 1, holder=ANOTHER) is None
    book.book.release(ANOTHER)
    assert book.try_tick("100", slot=SLOT + 1, holder=ANOTHER) is None
    book.book.release(ME)

    assert not book.book.state().is_watched
    ticked = book.tick("100", slot=SLOT + 1, holder=ANOTHER)
    assert len(ticked.fired) == 1


def test_gap_is_told_from_when_the_order_was_placed(book: Book) -> None:
    book.place(1, stop("140"))

    book.tick("100", slot=SLOT + 10, gap=(ARMED_SLOT - 50, SLOT + 9))

    [*_, event] = book.store.get(order_id(1), ANONYMOUS).events
    assert isinstance(event.details, AttemptStarted)
    assert event.details.trigger
    assert event.details.trigger.gap_slots == 10


def test_state_tells_how_long_ago_somebody_looked(book: Book) -> None:
    book.tick("100")

    state = book.book.state()
    assert state.behind is not None
    assert timedelta(0) <= state.behind < timedelta(minutes=1)


def test_owner_may_have_so_many_orders_waiting(book: Book) -> None:
    alice, bob = OwnerId("alice"), OwnerId("bob")
    key = IdempotencyKey(value="key", fingerprint=b"a" * 32)

    def add(number: int, owner_id: OwnerId, terms: Terms | None = None) -> None:
        waiting = accepted(number, terms=terms or stop("140"), owner_id=owner_id)
        book.store.add(waiting, key=key if number == 1 else None, waiting_max=2)

    add(1, alice)
    add(2, alice)
    with pytest.raises(TooManyWaitingError, match="at most 2"):
        add(3, alice)
    add(4, bob)
    # Again, and one that does not wait.
    add(1, alice)
    add(2, alice)
    book.store.add(accepted(5, owner_id=alice), waiting_max=2)

    assert not book.store.exists(order_id(3), alice)


def test_key_is_free_when_there_was_no_room_for_its_order(book: Book) -> None:
    key = IdempotencyKey(value="key", fingerprint=b"a" * 32)
    first = book.place(1, stop("140"))
    with pytest.raises(TooManyWaitingError):
        book.store.add(accepted(2, terms=stop("140")), key=key, waiting_max=1)

    book.store.save([cancel(first.order, at=START)])
    admission = book.store.add(accepted(2, terms=stop("140")), key=key, waiting_max=1)

    assert not admission.is_replay
    assert book.status(2) is OrderStatus.OPEN


@pytest.mark.parametrize(
    "terms",
    [
        limit("150"),
        LimitTerms(limit=7, time_in_force=TimeInForce.GTT),
        stop("1850"),
        StopTerms(price=price("0.0066", SOL.mint), condition=Condition.ABOVE),
        trail(800),
        trail(1, activation="170.50"),
        oco("200", "140"),
    ],
    ids=repr,
)
def test_terms_survive(book: Book, terms: Terms) -> None:
    pending = book.place(1, terms)

    order = book.store.get(order_id(1), ANONYMOUS).order

    assert order == pending.order
    assert order.expires_at == START.astimezone(UTC) + HOUR
