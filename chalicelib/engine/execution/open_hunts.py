"""Orders that wait for a new pool: judge those that have appeared, buy in the first that passes.

What an order has met stands in its Hunt, which moves with its events: whoever looks at it, a pool's
verdict is told once, and one pool is bought from at most.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.errors import QuoteTimeoutError
from chalicelib.domain.orders.events import PoolJudged
from chalicelib.domain.orders.guards import PoolFill, PoolRefusedError, judge, trade_in
from chalicelib.domain.orders.hunts import Finding, Hunt, PoolsExhaustedError, Verdict
from chalicelib.domain.orders.lifecycle import Transition, meet
from chalicelib.domain.orders.order import Order, OrderId
from chalicelib.domain.orders.terms import SniperTerms
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.orders.triggers import Trigger, TriggerKind
from chalicelib.domain.pools.new_pools import NewPool
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.execution import steps
from chalicelib.engine.execution.pacing import Pacing
from chalicelib.engine.ports.book import WatchBook
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.engine.router import Router

log = logging.getLogger(__name__)

# What is judged at a time.
POOLS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHunts:
    """Judges new pools for open orders."""

    pools: PoolFeed
    router: Router
    book: WatchBook
    pacing: Pacing

    def carry_on(self, orders: Sequence[Order], *, at: datetime) -> list[Transition]:
        """Return the moves of those that have met a pool; the others wait for the next, or for what
        one of theirs may become. Raises UnavailableError."""
        if not orders:
            return []
        seen_slot = max((pool.created_slot for pool in self.pools.latest(limit=1)), default=0)
        transitions: list[Transition] = []
        looks: dict[OrderId, datetime | None] = {}
        for order in orders:
            if order.is_over(at):
                # The watcher sees to it.
                continue
            moves, look_at = self._look(order, at)
            transitions += moves
            if not moves:
                looks[order.order_id] = look_at
        self._hunt_on(looks, seen_slot, at)
        return transitions

    def _look(self, order: Order, at: datetime) -> tuple[list[Transition], datetime | None]:
        """The order's moves, and when to look again where there are none."""
        hunting = _Hunting(self, order, at)
        try:
            return hunting.moves(), hunting.look_at
        except UnavailableError:
            raise
        except Exception:
            # A fault of ours with one order: it waits, and is looked at again like any other.
            log.exception("pool_check_failed", extra={"order_id": order.order_id})
            return [], at + self.pacing.limit_recheck

    def require_pass(self, order: Order, *, at: datetime) -> None:
        """Raise PoolRefusedError unless the pool that an order has found still passes."""
        assert order.hunt is not None
        assert order.hunt.pool_address is not None
        pool = self.pools.pool(order.hunt.pool_address)
        if pool is None:
            raise UnavailableError("the pool that the order has found is not heard of")
        verdict = self.verdict(order, pool, at)
        if not verdict.has_passed:
            raise PoolRefusedError(f"the pool does not pass any more: {verdict.finding}")

    def verdict(self, order: Order, pool: NewPool, at: datetime) -> Verdict:
        """Return what is found of the pool now. Raises QuoteTimeoutError or UnavailableError when
        its venue is silent."""

        def ask(trade: Trade) -> PoolFill:
            route = self.router.ask_pool(trade, pool.address)
            return PoolFill(amount_out=route.amount_out, price_impact_bps=route.price_impact_bps)

        return judge(order, pool, ask, at=at)

    def pools_for(self, order: Order, hunt: Hunt) -> Iterator[NewPool]:
        """Yield the pools to judge for the order, in their sequence: those that it judges again
        came before those that are new."""
        waiting = sorted(hunt.waiting, key=lambda verdict: verdict.cursor)
        again = (self.pools.pool(verdict.pool_address) for verdict in waiting)
        yield from (pool for pool in again if pool is not None)
        assert isinstance(order.terms, SniperTerms)
        mint = order.terms.mint
        if mint is None:
            yield from self.pools.since(hunt.cursor, limit=POOLS_AT_ONCE)
        else:
            yield from (p for p in self.pools.of_mint(mint) if p.cursor > hunt.cursor)

    def _hunt_on(self, looks: dict[OrderId, datetime | None], seen_slot: int, at: datetime) -> None:
        if not looks:
            return
        try:
            self.book.hunt_on(looks, seen_slot=seen_slot, now=at)
        except UnavailableError as error:
            # The watcher asks about them again as it is.
            log.warning("hunt_on_failed", extra={"orders": len(looks), "reason": error.detail})


class _Hunting:
    """One order's look at the pools that there are."""

    def __init__(self, hunts: OpenHunts, order: Order, at: datetime) -> None:
        self._hunts, self._order, self._at = hunts, order, at
        #: When one that does not pass yet may do so; None where there is none.
        self.look_at: datetime | None = None

    def moves(self) -> list[Transition]:
        """What the order comes to: a verdict each, and in the end a buy, or that it has judged as
        many pools as it may."""
        moves: list[Transition] = []
        order = self._order
        for pool in self._hunts.pools_for(order, _hunt_of(order)):
            hunt = _hunt_of(order)
            if hunt.is_exhausted:
                return [*moves, steps.give_up(order, PoolsExhaustedError(), at=self._at)]
            try:
                verdict = self._hunts.verdict(order, pool, self._at)
            except QuoteTimeoutError:
                # No later pool may be taken before what is known of this one.
                self.look_at = self._at
                break
            if verdict.has_passed:
                return [*moves, self._start(order, pool, verdict)]
            self._wait_for(pool, verdict)
            if hunt.tells(verdict):
                judged = PoolJudged(verdict=verdict)
                moves.append(meet(order, judged, hunt.after(verdict), at=self._at))
                order = moves[-1].order
        return moves

    def _wait_for(self, pool: NewPool, verdict: Verdict) -> None:
        if verdict.is_final:
            return
        is_closed = verdict.finding is Finding.NOT_OPEN
        look_at = max(self._at, pool.opens_at) if is_closed else self._at
        self.look_at = min(self.look_at or look_at, look_at)

    def _start(self, order: Order, pool: NewPool, verdict: Verdict) -> Transition:
        trigger = Trigger(
            kind=TriggerKind.POOL,
            rate=None,
            slot=pool.slot,
            observed_at=self._at,
            pool_address=pool.address,
        )
        hunt = _hunt_of(order).after(verdict)
        found = replace(order, trade=trade_in(order, pool), hunt=hunt)
        return steps.start(
            found, at=self._at, pacing=self._hunts.pacing, trigger=trigger, verdict=verdict
        )


def _hunt_of(order: Order) -> Hunt:
    assert order.hunt is not None, "only orders that wait for a pool hunt"
    return order.hunt
