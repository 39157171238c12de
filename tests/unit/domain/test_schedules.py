"""Schedules: when which slice of how much is due, whatever was missed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.orders.order import OrderId, Progress, Slice
from chalicelib.domain.orders.schedules import (
    CATCH_UP_MAX,
    Due,
    due_now,
    is_through,
    next_look,
    overdue,
    slice_amount,
    slice_id,
)
from chalicelib.domain.orders.slice_codec import read_progress, write_progress
from chalicelib.domain.orders.terms import DcaTerms, OnMissed, ScheduleTerms, StatedPrice, TwapTerms
from chalicelib.domain.token_list import USDC, find_pair
from tests.contract.samples import order_id

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAR = START + timedelta(days=90)


def dca(slices: int = 10, interval: timedelta = HOUR, **more: object) -> DcaTerms:
    fields = {"on_missed": OnMissed.SKIP, **more}
    return DcaTerms(slices=slices, start_at=START, span=interval * slices, **fields)


def begun(terms: ScheduleTerms, total: int, progress: Progress) -> tuple[int, Progress]:
    """Begin the slice that is due and end it; returns its amount."""
    amount = slice_amount(terms, total, progress)
    working = Slice(number=progress.point, order_id=order_id(1), amount=amount, expires_at=FAR)
    return amount, progress.beginning(working).ending(amount_in=amount, amount_out=1)


@given(
    slices=st.integers(1, 1_000),
    seconds=st.integers(1, 90 * 24 * 3_600),
    number=st.integers(0, 2_000),
)
def test_slices_keep_to_the_grid(slices: int, seconds: int, number: int) -> None:
    span = timedelta(seconds=seconds)
    terms = TwapTerms(slices=slices, start_at=START, span=span, on_missed=OnMissed.SKIP)

    due_at = terms.due_at(number)

    exact = Fraction(seconds * number, slices)
    assert 0 <= exact - Fraction((due_at - START) // timedelta(microseconds=1), 10**6) < 1
    assert terms.due_at(number) <= terms.due_at(number + 1)
    # When a slice is due, it is the one that is looked for.
    before = Progress(point=number)
    assert overdue(terms, before, due_at) == 0
    assert overdue(terms, before, terms.due_at(number + 1)) == 1


@given(slices=st.integers(1, 1_000), per_slice=st.integers(1, 10**9), rest=st.integers(0, 999))
def test_slices_add_up_when_none_is_missed(slices: int, per_slice: int, rest: int) -> None:
    total = slices * per_slice + rest % slices
    for on_missed in OnMissed:
        terms = dca(slices, on_missed=on_missed)
        progress, amounts = Progress(), []
        while not is_through(terms, progress, FAR + 1_000 * HOUR):
            amount, progress = begun(terms, total, progress)
            amounts.append(amount)

        assert sum(amounts) == progress.spent == total
        assert amounts[:-1] == [per_slice] * (slices - 1)


@given(
    slices=st.integers(2, 40),
    total=st.integers(40, 10**12),
    gaps=st.lists(st.integers(0, 12), min_size=40, max_size=40),
    on_missed=st.sampled_from(OnMissed),
)
def test_nothing_is_spent_twice_however_much_is_missed(
    slices: int, total: int, gaps: list[int], on_missed: OnMissed
) -> None:
    terms = dca(slices, timedelta(minutes=1), on_missed=on_missed)
    progress, amounts = Progress(), []
    for gap in gaps:
        if is_through(terms, progress, FAR):
            break
        now = terms.due_at(progress.point + gap)
        progress = progress.missing(overdue(terms, progress, now))
        amount, progress = begun(terms, total, progress)
        amounts.append(amount)

    assert sum(amounts) == progress.allotted == progress.spent <= total
    assert len(amounts) <= slices
    usual = total // slices
    assert max(amounts) <= CATCH_UP_MAX * usual + slices
    if on_missed is OnMissed.SKIP and len(amounts) == slices:
        assert sum(amounts) == total


def test_schedule_gets_longer_by_what_was_missed_when_that_is_skipped() -> None:
    terms = dca(3)
    progress = begun(terms, 9, Progress())[1].missing(5)

    assert not is_through(terms, progress, FAR)
    assert terms.due_at(progress.point) == START + 6 * HOUR
    assert slice_amount(terms, 9, progress) == 3
    # But not for ever.
    assert is_through(terms, progress, START + 6 * HOUR)


def test_amounts_that_were_missed_are_spread_over_the_rest_when_they_are_caught_up() -> None:
    terms = dca(10, on_missed=OnMissed.CATCH_UP)
    progress = Progress().missing(4)

    amounts = []
    while not is_through(terms, progress, FAR):
        amount, progress = begun(terms, 100, progress)
        amounts.append(amount)

    assert amounts == [16, 16, 17, 17, 17, 17]


def test_no_more_than_three_times_the_usual_is_caught_up_at_once() -> None:
    terms = dca(10, on_missed=OnMissed.CATCH_UP)
    progress = Progress().missing(9)

    amount, progress = begun(terms, 100, progress)

    assert (amount, is_through(terms, progress, FAR)) == (30, True)


@pytest.mark.parametrize(
    ("interval", "window"),
    [(1, 30), (60, 30), (600, 300), (3_600, 1_800), (86_400, 7_200)],
)
def test_slice_has_half_an_interval_within_bounds(interval: int, window: int) -> None:
    assert dca(interval=timedelta(seconds=interval)).window == timedelta(seconds=window)


def test_what_is_due_follows_from_the_progress() -> None:
    terms, progress = dca(2), Progress()
    working = Slice(number=0, order_id=order_id(1), amount=1, expires_at=START + HOUR / 2)

    def due(progress: Progress, at: datetime, terms: DcaTerms = terms) -> Due:
        return due_now(terms, progress, at, FAR)

    assert due(progress, START - HOUR) is Due.NOTHING
    assert due(progress, START) is Due.SLICE
    assert due(progress, START + HOUR) is Due.MISSED
    assert due(progress, START, replace(terms, is_paused=True)) is Due.NOTHING
    assert due(progress.beginning(working), START + HOUR) is Due.WORKING
    assert due(Progress(point=2, used=2, allotted=2), START) is Due.COMPLETED


def test_next_look_is_when_something_may_be_due() -> None:
    terms, progress = dca(2), Progress(point=1, used=1, allotted=1)
    working = Slice(number=0, order_id=order_id(1), amount=1, expires_at=START + HOUR / 2)

    assert next_look(terms, progress, START, FAR) == START + HOUR
    assert next_look(terms, progress, START + 2 * HOUR, FAR) == START + 2 * HOUR
    assert next_look(replace(terms, is_paused=True), progress, START, FAR) == FAR
    assert next_look(terms, progress.beginning(working), START, FAR) > working.expires_at
    assert next_look(terms, Progress(point=2, used=2), START, FAR) == START


def test_slice_has_always_the_same_id() -> None:
    parent = OrderId("00000000-0000-4000-8000-000000000001")

    assert slice_id(parent, 3) == slice_id(parent, 3)
    assert len({slice_id(parent, number) for number in range(100)}) == 100


def test_progress_comes_back_when_written_and_read() -> None:
    working = Slice(number=4, order_id=order_id(1), amount=7, expires_at=START)
    progress = Progress(point=5, used=4, allotted=28, missed=1, done=2, skipped=1, spent=14)

    for each in (progress, replace(progress, working=working)):
        assert read_progress(write_progress(each)) == each


@pytest.mark.parametrize(
    ("price", "allowed"), [("149", False), ("150", True), ("160", True), ("161", False)]
)
@pytest.mark.parametrize("names", [("USDC", "SOL"), ("SOL", "USDC")])
def test_band_is_of_the_price_as_it_is_stated(
    names: tuple[str, str], price: str, allowed: bool
) -> None:
    pair = find_pair(*names)
    least, most, seen = (
        StatedPrice(text=text, price_in=USDC.mint) for text in ("150", "160", price)
    )

    assert dca(min_price=least, max_price=most).allows(seen.rate(pair), pair) is allowed
