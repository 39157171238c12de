"""How an owner's orders fared lately: how many, how fast, and why some failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Percentiles of some durations: each is one of them."""

    p50: timedelta
    p99: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteCounts:
    """How many orders were accepted, confirmed and failed within the minute that begins then."""

    starts_at: datetime
    accepted: int = 0
    confirmed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatistics:
    """The orders accepted since some moment, as they stand.

    `failed` counts by the code of the failure; `to_confirmed` is the time from acceptance, or from
    what the order had waited for, None when nothing was confirmed. Minutes in which nothing
    happened are left out.
    """

    accepted: int
    confirmed: int
    cancelled: int
    expired: int
    #: Orders over time none of whose slices is left.
    completed: int
    #: Open orders: what they wait for has not come.
    waiting: int
    failed: Mapping[str, int]
    to_confirmed: Durations | None
    minutes: Sequence[MinuteCounts]

    @property
    def unfinished(self) -> int:
        """How many are being executed."""
        others = self.confirmed + self.cancelled + self.expired + self.completed + self.waiting
        return self.accepted - others - sum(self.failed.values())

    def every_minute(self, since: datetime, count: int) -> list[MinuteCounts]:
        """Return so many minutes from `since` on, those without an order included."""
        known = {minute.starts_at: minute for minute in self.minutes}
        starts = (since + number * MINUTE for number in range(count))
        return [known.get(start, MinuteCounts(starts_at=start)) for start in starts]


def window_start(now: datetime, minutes: int) -> datetime:
    """Return when the last so many minutes by the clock began, the one under way included."""
    return now.replace(second=0, microsecond=0) - (minutes - 1) * MINUTE
