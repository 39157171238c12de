"""The in-memory twin of the book of waiting orders."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.adapters.memory.watches import WatchRow
from chalicelib.domain.orders.events import AttemptStarted, OrderExpired
from chalicelib.domain.orders.lifecycle import advance
from chalicelib.domain.orders.order import Order, OrderId
from chalicelib.domain.orders.triggers import RatedPair, Trigger, TriggerKind, Watch, chosen
from chalicelib.domain.pools.new_pools import BEGINNING, PoolCursor
from chalicelib.engine.ports.book import (
    LEASE,
    RANGE_MAX,
    BookState,
    Fired,
    Shortfall,
    Tick,
    Ticked,
)
from chalicelib.engine.ports.clock import Clock

_NOT_LATCHED = (TriggerKind.LIMIT, TriggerKind.ACTIVATION)


# No rate meets these: a worker looks at what there is to trade.
ASKS_FOR_POOLS = (TriggerKind.SCHEDULE, TriggerKind.POOL)


@dataclass(slots=True, kw_only=True)
class MemoryWatchBook:
    """The WatchBook port over a MemoryOrderStore."""

    store: MemoryOrderStore
    clock: Clock
    range_max: int = RANGE_MAX
    slot: int = 0
    ticked_at: datetime | None = None
    holder: str = ""
    leased_until: datetime | None = None
    pools: PoolCursor = BEGINNING

    def state(self) -> BookState:
        return BookState(
            slot=self.slot,
            is_watched=self._is_leased(),
            is_needed=bool(self.store.watches),
            behind=None if self.ticked_at is None else self.clock.now() - self.ticked_at,
            is_hunted=any(row.first.kind is TriggerKind.POOL for row in self._rows()),
            pools=self.pools,
        )

    def tick(self, tick: Tick, *, holder: str, lease: timedelta = LEASE) -> Ticked | None:
        if tick.observation.slot <= self.slot or (self._is_leased() and holder != self.holder):
            return None
        if tick.arrivals is not None and tick.arrivals.through <= self.pools:
            tick = replace(tick, arrivals=None)
        ticked = _TickUnderWay(self.store, tick, self.range_max).run()
        if ticked.is_whole:
            self.slot = tick.observation.slot
        self.holder, self.ticked_at = holder, self.clock.now()
        self.leased_until = self.clock.now() + lease
        if tick.arrivals is not None:
            self.pools = tick.arrivals.through
        return ticked

    def release(self, holder: str) -> None:
        if holder == self.holder:
            self.leased_until = self.clock.now()

    def pairs(self) -> Collection[RatedPair]:
        pairs = {self.store.orders[order_id].pair.mints for order_id in self.store.watches}
        return {pair for pair in pairs if pair[1]}

    def waiting_to_trade(self, pairs: Collection[RatedPair]) -> Mapping[OrderId, int]:
        orders = [
            self.store.orders[order_id]
            for order_id, rows in self.store.watches.items()
            if not any(row.first.kind in ASKS_FOR_POOLS for row in rows)
        ]
        waiting = [order for order in orders if order.pair.mints in pairs][: self.range_max]
        return {order.order_id: _announced_through(self.store, order) for order in waiting}

    def watches(self, order_id: OrderId) -> Sequence[Watch]:
        rows = self.store.watches.get(order_id, ())
        is_limit = TriggerKind.LIMIT
        return [row.first if row.first.kind is is_limit else row.watch for row in rows]

    def postpone(self, short: Sequence[Shortfall], *, recheck_at: datetime) -> None:
        for each in short:
            for row in self.store.watches.get(each.order_id, ()):
                row.watch = replace(row.watch, key=_key_after(row, each))
                row.recheck_at = recheck_at

    def hunt_on(
        self, looks: Mapping[OrderId, datetime | None], *, seen_slot: int, now: datetime
    ) -> None:
        for order_id, look_at in looks.items():
            for row in self.store.watches.get(order_id, ()):
                row.recheck_at = now if self.pools.slot > seen_slot else look_at

    def _rows(self) -> Iterator[WatchRow]:
        return chain.from_iterable(self.store.watches.values())

    def _is_leased(self) -> bool:
        return self.leased_until is not None and self.leased_until > self.clock.now()


def _announced_through(store: MemoryOrderStore, order: Order) -> int:
    return store.unannounced_from.get(order.order_id, order.sequence + 1) - 1


def _key_after(row: WatchRow, short: Shortfall) -> int | None:
    if short.quoted == 0:
        return None
    asked_at = row.asked_at_rate
    if asked_at is None:
        return row.first.key
    return max(asked_at + 1, asked_at * short.needed * 9_999 // (short.quoted * 10_000))


class _TickUnderWay:
    """One tick: what each order's rows come to, in the order of the statement's ranges."""

    def __init__(self, store: MemoryOrderStore, tick: Tick, range_max: int) -> None:
        self._store, self._tick, self._range_max = store, tick, range_max
        self._observation = tick.observation
        self._fired: list[Fired] = []
        self._expired: list[tuple[OrderId, int]] = []
        self._asked: list[OrderId] = []
        self._announced_through: dict[OrderId, int] = {}

    def run(self) -> Ticked:
        self._tell_of_arrivals()
        touched = 0
        for order_id in sorted(self._store.watches):
            # As many at a time as a range has, whatever they are: the rest with the next tick.
            if touched >= self._range_max:
                break
            touched += self._look_at(self._store.orders[order_id])
        return Ticked(
            is_whole=touched < self._range_max,
            is_needed=bool(self._store.watches),
            fired=self._fired,
            expired=self._expired,
            asked=self._asked,
            announced_through=self._announced_through,
        )

    def _look_at(self, order: Order) -> bool:
        if order.is_over(self._observation.at):
            return self._expire(order)
        rate = self._observation.rates.get(order.pair.mints)
        rows = self._store.watches[order.order_id]
        met: dict[int, Watch] = {}
        if (order.armed_slot or 0) < self._observation.slot:
            met = {row.watch.leg: row.watch for row in rows if self._meets(row.watch, rate)}
            latched = {leg: w for leg, w in met.items() if w.kind not in _NOT_LATCHED}
            if latched:
                return self._fire(order, chosen(latched), rate)
        changed = [self._change(order, row, rate, row.watch.leg in met) for row in rows]
        return any(changed)

    def _meets(self, watch: Watch, rate: int | None) -> bool:
        return watch.is_due(self._observation.at) or (rate is not None and watch.is_met(rate))

    def _change(self, order: Order, row: WatchRow, rate: int | None, is_met: bool) -> bool:
        if row.first.kind in (TriggerKind.LIMIT, *ASKS_FOR_POOLS):
            return self._ask(order, row, rate, is_met)
        if rate is None or (order.armed_slot or 0) >= self._observation.slot:
            return False
        before, row.watch = row.watch, row.watch.after(rate)
        return row.watch != before

    def _ask(self, order: Order, row: WatchRow, rate: int | None, is_met: bool) -> bool:
        is_due = row.recheck_at is not None and row.recheck_at <= self._tick.now
        if not is_met and not is_due:
            return False
        is_sure = row.first.kind in ASKS_FOR_POOLS
        if is_sure or is_met or (rate is not None and row.first.is_met(rate)):
            row.watch, row.asked_at_rate = replace(row.watch, key=None), rate
            row.recheck_at = self._tick.ask_again_at
            self._asked.append(order.order_id)
            self._announced_through[order.order_id] = _announced_through(self._store, order)
        else:
            row.watch, row.asked_at_rate, row.recheck_at = row.first, None, None
        return True

    def _tell_of_arrivals(self) -> None:
        """Let those be asked about that may wait for one of the new pools."""
        arrivals = self._tick.arrivals
        if arrivals is None:
            return
        for order_id, rows in self._store.watches.items():
            mint = self._store.orders[order_id].pair.token_out.mint
            is_concerned = arrivals.mints is None or mint == "" or mint in arrivals.mints
            for row in rows:
                if is_concerned and row.first.kind is TriggerKind.POOL:
                    row.recheck_at = self._tick.now

    def _fire(self, order: Order, watch: Watch, rate: int | None) -> bool:
        tick = self._tick
        armed_slot = order.armed_slot or 0
        trigger = Trigger(
            kind=watch.kind,
            rate=rate,
            slot=self._observation.slot,
            observed_at=self._observation.at,
            gap_slots=max(0, tick.gap_through - max(armed_slot, tick.gap_from)),
        )
        moved = advance(
            order,
            AttemptStarted(trigger=trigger),
            at=tick.now,
            due_at=tick.due_at,
            attempt=order.attempt + 1,
        )
        self._announced_through |= self._store.save([moved], sweep_at=tick.sweep_at)
        self._fired.append(
            Fired(order_id=order.order_id, sequence=moved.order.sequence, kind=watch.kind)
        )
        return True

    def _expire(self, order: Order) -> bool:
        moved = advance(order, OrderExpired(), at=self._tick.now, due_at=order.due_at)
        self._announced_through |= self._store.save([moved], sweep_at=self._tick.sweep_at)
        self._expired.append((order.order_id, moved.order.sequence))
        return True
