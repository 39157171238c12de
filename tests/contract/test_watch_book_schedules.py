"""The book of waiting orders, and orders over time: asked about when something may be due."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.orders.events import OrderCompleted, SliceBegun, SliceConfirmed
from chalicelib.domain.orders.lifecycle import Transition, advance, cancel, proceed
from chalicelib.domain.orders.order import OrderStatus, Progress, Slice
from chalicelib.domain.orders.terms import DcaTerms, OnMissed, StatedPrice, TwapTerms
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.token_list import USDC
from tests.contract.samples import START, accepted, order_id, way_to_confirmed
from tests.contract.test_watch_book import HOUR, SLOT, Book, book

__all__ = ["book"]


def schedule(start_at: datetime = START) -> DcaTerms:
    span = timedelta(hours=2)
    return DcaTerms(slices=2, start_at=start_at, span=span, on_missed=OnMissed.SKIP)


def test_order_over_time_is_asked_about_when_a_slice_is_due_whatever_the_price(book: Book) -> None:
    book.place(1, schedule(START + HOUR), wait=24 * HOUR)

    early = book.tick("150", now=START + HOUR - timedelta(seconds=1))
    due = book.tick({}, slot=SLOT + 1, now=START + HOUR)
    soon = book.tick("150", slot=SLOT + 2, now=START + HOUR + timedelta(seconds=2))
    again = book.tick("150", slot=SLOT + 3, now=START + HOUR + timedelta(seconds=3))

    asked = [tick.asked for tick in (early, due, soon, again)]
    assert asked == [[], [order_id(1)], [], [order_id(1)]]
    assert due.announced_through == {order_id(1): 1}
    assert book.status(1) is OrderStatus.OPEN


def begun(book: Book) -> Transition:
    """An order over time whose first slice, order 2, has begun."""
    parent = book.place(1, schedule(), wait=24 * HOUR).order
    child = accepted(2, wait=HOUR)
    child = replace(child, order=replace(child.order, parent_id=parent.order_id))
    working = Slice(number=0, order_id=order_id(2), amount=5 * 10**8, expires_at=START + HOUR)
    move = proceed(
        parent,
        SliceBegun(number=0, order_id=order_id(2), amount_in=5 * 10**8, due_at=START),
        Progress().beginning(working),
        at=START,
        children=(child,),
    )
    book.store.save([move])
    return child


def test_order_over_time_is_asked_about_when_its_slice_has_ended(book: Book) -> None:
    child = begun(book)
    before = book.tick("150", now=START + timedelta(seconds=10))

    moves = way_to_confirmed(child)
    book.store.save(moves)
    after = book.tick("150", slot=SLOT + 1, now=START + timedelta(seconds=10))

    assert (before.asked, after.asked) == ([], [order_id(1)])
    parent = book.store.get(order_id(1), ANONYMOUS).order
    assert parent.progress is not None
    assert parent.progress.working is not None
    assert parent.progress.working.order_id == order_id(2)


def test_progress_is_kept_when_the_last_slice_is_told_of_with_the_end(book: Book) -> None:
    child = begun(book)
    book.store.save(way_to_confirmed(child))
    parent = book.store.get(order_id(1), ANONYMOUS).order
    assert parent.progress is not None
    further = parent.progress.ending(amount_in=5 * 10**8, amount_out=7)
    confirmed = SliceConfirmed(number=0, order_id=order_id(2), amount_in=5 * 10**8, amount_out=7)
    told = proceed(parent, confirmed, further, at=START)
    completed = OrderCompleted(done=1, skipped=0, amount_in=5 * 10**8, amount_out=7)

    book.store.save([told, advance(told.order, completed, at=START)])

    ended = book.store.get(order_id(1), ANONYMOUS)
    assert (ended.order.status, ended.order.progress) == (OrderStatus.COMPLETED, further)
    assert [type(event.details) for event in ended.events[-2:]] == [SliceConfirmed, OrderCompleted]
    assert not book.tick("150", now=START + timedelta(days=2)).is_needed


def test_slice_cannot_be_signed_once_its_order_is_cancelled(book: Book) -> None:
    child = begun(book)
    routing, building, *_ = way_to_confirmed(child)
    assert book.store.save([routing])
    parent = book.store.get(order_id(1), ANONYMOUS).order
    book.store.save([cancel(parent, at=START)])

    assert book.store.save([building]) == {}
    assert book.store.save([cancel(routing.order, at=START)])
    assert book.status(2) is OrderStatus.CANCELLED


def test_terms_and_progress_survive(book: Book) -> None:
    least, most = (StatedPrice(text=text, price_in=USDC.mint) for text in ("1.50", "200"))
    twap = TwapTerms(
        slices=7,
        start_at=START,
        span=timedelta(seconds=3_601),
        on_missed=OnMissed.CATCH_UP,
        is_paused=True,
        limit_price=most,
    )
    band = replace(schedule(), min_price=least, max_price=most)
    for number, terms in enumerate((twap, band, schedule()), start=1):
        placed = book.place(number, terms, wait=24 * HOUR)

        order = book.store.get(order_id(number), ANONYMOUS).order
        assert (order, order.progress) == (placed.order, Progress())
