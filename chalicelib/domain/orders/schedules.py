"""Orders over time: a parent that never signs, and its slices, one after the other, on a grid.

Slice i is due at `start_at` + i · interval whatever happens, so that nothing drifts and a restart
changes nothing. How far a parent has come stands in its Progress, which moves with its events.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.errors import ExecutionError
from chalicelib.domain.orders.order import OrderId, Progress, child_id
from chalicelib.domain.orders.terms import OnMissed, ScheduleTerms

# What was missed is caught up with slices of at most so many times the usual amount.
CATCH_UP_MAX = 3
# How long after its time a slice may have ended without a word.
SILENT_FOR = timedelta(seconds=5)


class PriceOutOfBandError(ExecutionError):
    """While the slice was due, the price was outside of what the order allows."""

    code = "PRICE_OUT_OF_BAND"


class Due(StrEnum):
    """What is to be done with a schedule now."""

    NOTHING = "nothing"
    #: Look at the slice that is under way.
    WORKING = "working"
    #: Grid points have passed of which only the last is still to be used.
    MISSED = "missed"
    SLICE = "slice"
    #: Nothing is left to be done.
    COMPLETED = "completed"


def slice_id(parent_id: OrderId, number: int) -> OrderId:
    """Return the id of the slice with this number: always the same one."""
    return child_id(parent_id, str(number))


def slice_amount(terms: ScheduleTerms, amount: int, progress: Progress) -> int:
    """Return how much of the order's amount the slice at the next point swaps, in base units."""
    left, usual = amount - progress.allotted, amount // terms.slices
    if terms.on_missed is OnMissed.SKIP or not progress.missed:
        return left if progress.used == terms.slices - 1 else usual
    # Spread over the points that are left.
    return min(left // max(1, terms.slices - progress.point), CATCH_UP_MAX * usual)


def is_through(terms: ScheduleTerms, progress: Progress, ends_at: datetime) -> bool:
    """Tell whether no further slice will begin. Where missed points lengthen the schedule, it still
    ends by `ends_at`."""
    if terms.on_missed is OnMissed.CATCH_UP:
        return progress.point >= terms.slices
    is_too_late = terms.due_at(progress.point) + terms.window > ends_at
    return progress.used >= terms.slices or is_too_late


def due_now(terms: ScheduleTerms, progress: Progress, now: datetime, ends_at: datetime) -> Due:
    """Return what is to be done."""
    if progress.working is not None:
        return Due.WORKING
    if is_through(terms, progress, ends_at):
        return Due.COMPLETED
    if terms.is_paused or now < terms.due_at(progress.point):
        return Due.NOTHING
    return Due.MISSED if overdue(terms, progress, now) else Due.SLICE


def overdue(terms: ScheduleTerms, progress: Progress, now: datetime) -> int:
    """Return how many points have passed before the latest one, which is still to be used."""
    latest = (now - terms.start_at) * terms.slices // terms.span
    # Rounded down, a point's time may be a hair before its share of the span.
    latest += terms.due_at(latest + 1) <= now
    if terms.on_missed is OnMissed.CATCH_UP:
        latest = min(latest, terms.slices - 1)
    return max(0, latest - progress.point)


def next_look(
    terms: ScheduleTerms, progress: Progress, now: datetime, ends_at: datetime
) -> datetime:
    """Return when there may be something to do again; never before `now`. A slice under way says
    when it has ended: only one of which nothing is heard is looked at then."""
    if progress.working is not None:
        return max(now, progress.working.expires_at + SILENT_FOR)
    if is_through(terms, progress, ends_at):
        return now
    return ends_at if terms.is_paused else max(now, terms.due_at(progress.point))
