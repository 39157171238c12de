"""The book of waiting orders, and those that wait for a new pool: asked about when one comes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.orders.events import AttemptStarted, PoolJudged
from chalicelib.domain.orders.hunts import Finding, Hunt, Verdict
from chalicelib.domain.orders.lifecycle import Transition, advance, cancel, meet
from chalicelib.domain.orders.order import Order, OrderStatus
from chalicelib.domain.orders.terms import ExitPlan, Guards, SniperTerms
from chalicelib.domain.orders.triggers import Trigger, TriggerKind
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.new_pools import PoolCursor, Property
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Mint, Pair, Token, token_to_come
from chalicelib.engine.ports.book import Arrivals
from tests.contract.samples import ARMED_SLOT, START, accepted, order_id
from tests.contract.test_watch_book import HOUR, SLOT, Book, book, narrow_book, number_of

__all__ = ["book", "narrow_book"]

SECOND = timedelta(seconds=1)
MINT, OTHER = Mint("New1" * 10), Mint("New2" * 10)
TOKEN = Token(symbol="NEW", mint=MINT, decimals=6)
# Nobody looks at the orders when they are placed: their first look is over.
LOOKED = START + SECOND


def snipe(mint: Mint | None = None) -> SniperTerms:
    return SniperTerms(mint=mint, retry_for=30 * SECOND)


def place(book: Book, number: int, terms: SniperTerms) -> Transition:
    pair = Pair(token_in=SOL, token_out=token_to_come(terms.mint))
    transition = accepted(number, pair=pair, terms=terms, wait=HOUR)
    book.store.add(transition)
    return transition


def rest(book: Book, *numbers: int, seen_slot: int = SLOT) -> None:
    """Let the orders wait for the next pool."""
    looks = {order_id(number): None for number in numbers}
    book.book.hunt_on(looks, seen_slot=seen_slot, now=LOOKED)


def arrival(slot: int, *mints: Mint, address: str = "pool") -> Arrivals:
    return Arrivals(through=PoolCursor(slot, address), mints=frozenset(mints))


def asked(book: Book, slot: int, arrivals: Arrivals | None = None) -> list[int]:
    """Whom a slot asks about."""
    ticked = book.tick("150", slot=slot, now=LOOKED, arrivals=arrivals)
    assert ticked.announced_through.keys() == {*ticked.asked}
    return numbers(ticked.asked)


def numbers(order_ids: Iterable[str]) -> list[int]:
    return sorted(number_of(each) for each in order_ids)


def test_order_is_looked_at_when_it_is_placed_and_then_when_a_pool_comes(book: Book) -> None:
    place(book, 1, snipe())
    assert book.book.state().is_hunted
    assert [*book.book.pairs()] == []

    first = asked(book, SLOT)
    rest(book, 1)
    nothing = asked(book, SLOT + 1)
    came = asked(book, SLOT + 2, arrival(SLOT + 2, MINT))

    assert (first, nothing, came) == ([1], [], [1])
    assert book.book.state().pools == PoolCursor(SLOT + 2, "pool")
    assert book.status(1) is OrderStatus.OPEN


def test_pool_concerns_who_waits_for_its_token_or_for_any(book: Book) -> None:
    place(book, 1, snipe())
    place(book, 2, snipe(MINT))
    place(book, 3, snipe(OTHER))
    asked(book, SLOT)
    rest(book, 1, 2, 3)

    assert asked(book, SLOT + 1, arrival(SLOT + 1, MINT)) == [1, 2]
    rest(book, 1, 2, seen_slot=SLOT + 1)
    assert asked(book, SLOT + 2, Arrivals(through=PoolCursor(SLOT + 2), mints=None)) == [1, 2, 3]


def test_pool_is_told_of_once(book: Book) -> None:
    place(book, 1, snipe())
    asked(book, SLOT)
    rest(book, 1)
    asked(book, SLOT + 1, arrival(SLOT + 1, MINT))
    rest(book, 1, seen_slot=SLOT + 1)

    again = asked(book, SLOT + 2, arrival(SLOT + 1, MINT))
    earlier = asked(book, SLOT + 3, arrival(SLOT, MINT))
    second_of_the_slot = asked(book, SLOT + 4, arrival(SLOT + 1, MINT, address="pool 2"))

    assert (again, earlier, second_of_the_slot) == ([], [], [1])
    assert book.book.state().pools == PoolCursor(SLOT + 1, "pool 2")


def test_who_has_not_seen_the_last_pool_looks_again(book: Book) -> None:
    place(book, 1, snipe())
    asked(book, SLOT)
    asked(book, SLOT + 1, arrival(SLOT + 1, MINT))

    # It was looked at before the pool came.
    rest(book, 1, seen_slot=SLOT)
    behind = asked(book, SLOT + 2)
    rest(book, 1, seen_slot=SLOT + 1)

    assert (behind, asked(book, SLOT + 3)) == ([1], [])


def test_order_is_looked_at_again_at_the_time_that_was_said(book: Book) -> None:
    place(book, 1, snipe())
    asked(book, SLOT)
    look_at = LOOKED + 2 * SECOND
    book.book.hunt_on({order_id(1): look_at}, seen_slot=SLOT, now=LOOKED)

    early = book.tick("150", slot=SLOT + 1, now=look_at - SECOND)
    due = book.tick("150", slot=SLOT + 2, now=look_at)

    assert ([*early.asked], [*due.asked]) == ([], [order_id(1)])


def test_who_was_asked_about_in_vain_is_asked_about_again(book: Book) -> None:
    place(book, 1, snipe())
    asked(book, SLOT)

    soon = book.tick("150", slot=SLOT + 1, now=LOOKED + SECOND)
    later = book.tick("150", slot=SLOT + 2, now=LOOKED + 3 * SECOND)

    assert ([*soon.asked], [*later.asked]) == ([], [order_id(1)])


def test_all_are_asked_about_in_turn_where_they_are_many(narrow_book: Book) -> None:
    book = narrow_book
    for number in range(1, 9):
        place(book, number, snipe())
    rest(book, *range(1, 9))

    ticks = []
    while True:
        tick = book.tick("150", slot=SLOT, now=LOOKED, arrivals=arrival(SLOT, MINT))
        ticks.append(tick)
        if tick.is_whole:
            break
        assert len(ticks) < 9

    told = [number for tick in ticks for number in numbers(tick.asked)]
    assert sorted(told) == [*range(1, 9)]
    assert max(len(tick.asked) for tick in ticks) == 3


def verdict(finding: Finding, *, is_final: bool = True) -> Verdict:
    return Verdict(
        pool_address="pool",
        token=TOKEN,
        created_slot=ARMED_SLOT + 1,
        slot=ARMED_SLOT + 2,
        finding=finding,
        value="1.5",
        wanted=None,
        is_final=is_final,
    )


def hunt_of(order: Order) -> Hunt:
    assert order.hunt is not None
    return order.hunt


def test_what_was_met_and_what_was_found_survive(book: Book) -> None:
    guards = Guards(
        liquidity_min=10**18,
        price_max="0.00100",
        fee_bps_max=0,
        venues=("meteora",),
        requires=frozenset(Property),
    )
    terms = SniperTerms(
        guards=guards,
        retry_for=timedelta(0),
        name_part="cat",
        creator="creator",
        exit=ExitPlan(trailing_bps=100),
    )
    placed = place(book, 1, terms).order
    assert book.store.get(order_id(1), ANONYMOUS).order == placed

    early = verdict(Finding.NOT_OPEN, is_final=False)
    judged = meet(placed, PoolJudged(verdict=early), hunt_of(placed).after(early), at=LOOKED)
    assert book.store.save([judged])
    assert book.store.get(order_id(1), ANONYMOUS).order == judged.order
    passed = hunt_of(judged.order).after(verdict(Finding.PASSED))
    found = Pair(token_in=SOL, token_out=TOKEN)
    order = replace(judged.order, hunt=passed, trade=replace(placed.trade, pair=found))
    trigger = Trigger(
        kind=TriggerKind.POOL, rate=None, slot=SLOT, observed_at=LOOKED, pool_address="pool"
    )
    details = AttemptStarted(trigger=trigger, verdict=verdict(Finding.PASSED))
    started = advance(order, details, at=LOOKED, attempt=1)
    assert book.store.save([started])

    record = book.store.get(order_id(1), ANONYMOUS)
    assert record.order == started.order
    assert [event.details for event in record.events[1:]] == [
        PoolJudged(verdict=early),
        details,
    ]
    assert record.events[-1].pair == found
    assert not book.book.state().is_hunted
    assert record.order.as_accepted() == placed


@pytest.mark.parametrize("mint", [None, MINT])
def test_order_that_was_moved_waits_for_no_pool_any_more(book: Book, mint: Mint | None) -> None:
    placed = place(book, 1, snipe(mint))
    book.store.save([cancel(placed.order, at=START)])

    rest(book, 1)

    assert asked(book, SLOT, arrival(SLOT, MINT)) == []
    assert not book.book.state().is_needed
