"""Watch the orders that wait: look at each slot once, and queue what it has moved.

One watcher is at work at a time, by a lease; that only one of two moves an order is the cursor's
doing. A watcher that dies is followed by the next after the lease, which goes on from the cursor:
so no slot is left out but those that lie too far back.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.domain.orders.triggers import RatedPair
from chalicelib.domain.pools.new_pools import PoolCursor
from chalicelib.engine.dispatch import dispatch
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.book import Arrivals, BookState, Tick, Ticked, WatchBook
from chalicelib.engine.ports.clock import Clock
from chalicelib.engine.ports.listing import Listing
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.engine.ports.queues import OrderQueue
from chalicelib.engine.ports.rates import Observation, RateFeed

log = logging.getLogger(__name__)

# More new pools than so many are not told apart: all who wait for one are asked about.
ARRIVALS_MAX = 100
# Ranges that stay full without anything being moved are a fault of ours: the next slot then.
TICKS_OF_A_SLOT_MAX = 1_000
# The schedule starts a watcher every minute: when none has looked for so long, something is wrong.
BEHIND_MAX = timedelta(minutes=2)


def check_watcher(state: BookState) -> None:
    """Raise UnavailableError when orders wait and nobody looks at what they wait for."""
    if state.is_needed and state.behind is not None and state.behind > BEHIND_MAX:
        raise UnavailableError(f"no slot was looked at for {state.behind.total_seconds():.0f} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """How a watcher goes about it.

    It looks for a new slot every `look_every`, and ends when nothing has waited for `idle_max`.
    What it queued and was lost is queued again by the sweep, which it runs every `sweep_every`. A
    limit that no worker has answered about is asked about again after `ask_again_after`.
    """

    look_every: timedelta = timedelta(milliseconds=100)
    stand_by_every: timedelta = timedelta(milliseconds=500)
    idle_max: timedelta = timedelta(seconds=10)
    sweep_every: timedelta = timedelta(seconds=3)
    sweep_after: timedelta = timedelta(seconds=3)
    ask_again_after: timedelta = timedelta(seconds=3)


@dataclass(slots=True)
class _Shift:
    """One watcher's time at work: when it last did what it does now and then. Its first sweep comes
    with its first look: it may follow one that has died. The pairs are those that it last asked
    for."""

    needed_at: datetime
    swept_at: datetime | None = None
    pairs: Collection[RatedPair] = ()
    slots: int = 0
    fired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """The use case behind the minute's schedule, and behind the first order that waits."""

    book: WatchBook
    rates: RateFeed
    pools: PoolFeed
    listing: Listing
    queue: OrderQueue
    clock: Clock
    #: Queues what stands still: what was lost on the way to the queue among it.
    sweep: Callable[[], int]
    #: How long after its trigger an order may be routed.
    quote_latency: timedelta = timedelta(0)
    watching: Watching = field(default_factory=Watching)

    def watch(self, holder: str, *, has_time: Callable[[], bool], stands_by: bool) -> None:
        """Look at every slot while `has_time`; return at once when nothing waits.

        Where another watcher is at work, this one `stands_by` for its lease to end, or returns. No
        two watchers share a `holder`.
        """
        state = self.book.state()
        if not state.is_needed or (state.is_watched and not stands_by):
            return
        shift = _Shift(self.clock.now())
        try:
            while has_time():
                pause = self._look(holder, shift)
                if pause is None:
                    break
                self.clock.sleep(pause.total_seconds())
        finally:
            self._release(holder)
            log.info("watched", extra={"slots": shift.slots, "fired": shift.fired})

    def catch_up(self, holder: str) -> None:
        """Look at the slots that nobody has looked at, once: for when no watcher is at work."""
        state = self.book.state()
        if state.is_needed and state.behind is not None:
            log.info("watch_behind", extra={"seconds": state.behind.total_seconds()})
        if state.is_needed and not state.is_watched:
            shift = _Shift(self.clock.now())
            self._look(holder, shift)
            self._release(holder)

    def _look(self, holder: str, shift: _Shift) -> timedelta | None:
        """Look at all slots that are new and return how long to wait; None when nothing waits."""
        try:
            state = self.book.state()
            if not self._tick_all(holder, state, shift):
                return self.watching.stand_by_every
            return self._pause(holder, shift)
        except UnavailableError as error:
            # What cannot be seen triggers nothing; the slots are looked at later.
            log.warning("watching_unavailable", extra={"reason": error.detail})
            return self.watching.stand_by_every

    def _pause(self, holder: str, shift: _Shift) -> timedelta | None:
        now = self.clock.now()
        if shift.swept_at is None or now - shift.swept_at >= self.watching.sweep_every:
            shift.swept_at = now
            self.sweep()
            self._ask_about_stranded(shift.pairs)
        if now - shift.needed_at < self.watching.idle_max:
            return self.watching.look_every
        # In this order: whoever stores an order and then sees the lease leaves it to this watcher.
        self.book.release(holder)
        if not self.book.state().is_needed:
            return None
        shift.needed_at = now
        return self.watching.look_every

    def _ask_about_stranded(self, pairs: Collection[RatedPair]) -> None:
        """Ask about the orders whose pools are gone: no rate comes to them."""
        gone = [pair for pair in pairs if not self.listing.connects(pair)]
        if gone:
            dispatch(self.queue, self.book.waiting_to_trade(gone))

    def _tick_all(self, holder: str, state: BookState, shift: _Shift) -> bool:
        """Tick the slots after the cursor; False when another watcher is at work."""
        after = state.slot
        if self.rates.current_slot() <= after:
            return True
        arrivals = self._arrivals(state.pools) if state.is_hunted else None
        shift.pairs = self.book.pairs()
        for observation in self.rates.since(after, shift.pairs):
            tick = self._tick(observation, gap_from=after, arrivals=arrivals)
            ticked = self._tick_whole(holder, tick)
            if ticked is None:
                return False
            shift.slots += 1
            shift.fired += len(ticked.fired)
            if ticked.is_needed:
                shift.needed_at = self.clock.now()
            after, arrivals = observation.slot, None
        return True

    def _arrivals(self, cursor: PoolCursor) -> Arrivals | None:
        """The new pools since the last that ticks have told of."""
        try:
            pools = self.pools.since(cursor, limit=ARRIVALS_MAX)
            are_many = len(pools) == ARRIVALS_MAX
            newest = [*self.pools.latest(limit=1)] if are_many else pools
        except UnavailableError as error:
            # Prices are looked at all the same.
            log.warning("pool_feed_unavailable", extra={"reason": error.detail})
            return None
        if not newest:
            return None
        mints = None if are_many else frozenset(pool.token.mint for pool in pools)
        return Arrivals(through=newest[-1].cursor, mints=mints)

    def _tick_whole(self, holder: str, tick: Tick) -> Ticked | None:
        for _ in range(TICKS_OF_A_SLOT_MAX):
            ticked = self.book.tick(tick, holder=holder)
            if ticked is None:
                return None
            self._dispatch(ticked, tick.observation)
            if ticked.is_whole:
                return ticked
            tick = self._tick(tick.observation, gap_from=tick.gap_from, arrivals=tick.arrivals)
        raise RuntimeError(f"slot {tick.observation.slot} does not come to an end")

    def _tick(self, observation: Observation, *, gap_from: int, arrivals: Arrivals | None) -> Tick:
        now = self.clock.now()
        gap_through = observation.slot - 1
        return Tick(
            observation=observation,
            now=now,
            due_at=now + self.quote_latency,
            sweep_at=now + self.watching.sweep_after,
            ask_again_at=now + self.watching.ask_again_after,
            gap_from=gap_from,
            gap_through=gap_through,
            arrivals=arrivals,
        )

    def _dispatch(self, ticked: Ticked, observation: Observation) -> None:
        for fired in ticked.fired:
            log.info(
                "order_triggered",
                extra={
                    "order_id": fired.order_id,
                    "kind": fired.kind,
                    "slot": observation.slot,
                    "sequence": fired.sequence,
                },
            )
        for order_id, sequence in ticked.expired:
            log.info("order_expired", extra={"order_id": order_id, "sequence": sequence})
        # Limits whose message is lost are asked about again.
        dispatch(self.queue, ticked.announced_through)

    def _release(self, holder: str) -> None:
        try:
            self.book.release(holder)
        except UnavailableError as error:
            # The lease ends by itself.
            log.warning("release_failed", extra={"reason": error.detail})
