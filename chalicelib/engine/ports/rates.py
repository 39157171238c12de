"""What the triggers of waiting orders look at: the reference rates of a slot."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.orders.triggers import RatedPair


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The rates in one slot: of all pairs that listed pools connect, in both directions, and of
    others that were asked for.

    A rate is that of the best path for about a dollar, after fees, in whole 1/RATE_ONE rounded
    down. `at` is when the slot began.
    """

    slot: int
    at: datetime
    rates: Mapping[RatedPair, int]


class RateFeed(Protocol):
    """Where rates are observed: never some of the venues, for then a rate would look too low."""

    def current_slot(self) -> int:
        """Return the slot that is current, or one shortly before it; no I/O."""

    def latest(self, pairs: Collection[RatedPair] = ()) -> Observation:
        """Return the rates of the newest slot there is: of the listed pairs, and of these as far as
        pools connect them. Raises UnavailableError."""

    def since(self, slot: int, pairs: Collection[RatedPair] = ()) -> Iterator[Observation]:
        """Yield what can be observed of the slots after this one up to the newest, oldest first: of
        the last minute at most, and of the pairs that `latest` names. Raises UnavailableError."""
