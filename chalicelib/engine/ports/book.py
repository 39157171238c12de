"""The book of orders that wait, and the cursor that says up to which slot it has been looked at.

What an open order waits for stands in the book as soon as the order is stored, and leaves it in the
statement that moves the order: the OrderStore does both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.domain.orders.order import OrderId
from chalicelib.domain.orders.triggers import RatedPair, TriggerKind, Watch
from chalicelib.domain.pools.new_pools import BEGINNING, PoolCursor
from chalicelib.domain.tokens import Mint
from chalicelib.engine.ports.rates import Observation

# What one tick takes of a pair's orders on one side.
RANGE_MAX = 500
# How long the watcher at work keeps others from it, since its last tick.
LEASE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookState:
    """Where the watchers are: the last slot that was looked at whole, whether one of them is at
    work, whether anything waits, how long ago the last tick was, if there was one; whether
    something waits for a new pool, and up to which pool that was told of them."""

    slot: int
    is_watched: bool
    is_needed: bool
    behind: timedelta | None
    is_hunted: bool = False
    pools: PoolCursor = BEGINNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The new pools up to a place: of these mints, or, when there are too many, of any."""

    through: PoolCursor
    mints: frozenset[Mint] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One slot to look at. Of the slots after `gap_from` up to `gap_through` nothing is known.

    Orders that are triggered may be routed from `due_at` on; the sweep looks after those whose
    message is lost at `sweep_at`, and limits that a worker is asked about are asked about again at
    `ask_again_at`.
    """

    observation: Observation
    now: datetime
    due_at: datetime
    sweep_at: datetime
    ask_again_at: datetime
    gap_from: int = 0
    gap_through: int = 0
    #: New pools: whoever waits for one of them is asked about.
    arrivals: Arrivals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """An order that was triggered: its event, and by what."""

    order_id: OrderId
    sequence: int
    kind: TriggerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What a tick did. Unless it `is_whole`, the same slot has to be ticked again.

    `expired` names orders and the sequence of that event, `asked` those with which a worker may do
    something: limits, orders over time, and orders that wait for a pool.
    All of them are to be dispatched: `announced_through` says up to which sequence the events of
    each need not be announced.
    """

    is_whole: bool
    is_needed: bool
    fired: Sequence[Fired]
    expired: Sequence[tuple[OrderId, int]]
    asked: Sequence[OrderId]
    announced_through: Mapping[OrderId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A limit that could not be filled at its size: it needs `needed` where `quoted` was quoted, in
    the same units, the higher the better; 0 where nothing was."""

    order_id: OrderId
    needed: int
    quoted: int


class WatchBook(Protocol):
    """The book. Raises UnavailableError when out of reach."""

    def state(self) -> BookState:
        """Return where the watchers are."""

    def tick(self, tick: Tick, *, holder: str, lease: timedelta = LEASE) -> Ticked | None:
        """Look at a slot: move every open order whose trigger its rates meet, or its time does, to
        `routing`, and those whose time is up to `expired`, together with the cursor.

        None when it is another watcher's turn, or the slot has been looked at.
        """

    def release(self, holder: str) -> None:
        """Let another watcher take over at once."""

    def pairs(self) -> Collection[RatedPair]:
        """Return the pairs whose rates orders wait for, each once."""

    def waiting_to_trade(self, pairs: Collection[RatedPair]) -> Mapping[OrderId, int]:
        """Return orders that wait to swap these pairs, RANGE_MAX at most, each with the sequence up
        to which its events need not be announced; none over time and none that waits for a pool:
        those ask for their pools themselves."""

    def watches(self, order_id: OrderId) -> Sequence[Watch]:
        """Return what an open order waits for as it stands, by leg; a limit's as at first."""

    def postpone(self, short: Sequence[Shortfall], *, recheck_at: datetime) -> None:
        """Let limits wait for a rate that makes up for what they lacked, or until then."""

    def hunt_on(
        self, looks: Mapping[OrderId, datetime | None], *, seen_slot: int, now: datetime
    ) -> None:
        """Let orders wait for the next new pool, or until then; those that were looked at with the
        pools up to that slot, where ticks have told of later ones, until now."""
