"""The in-memory twin of the order store."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest, nsmallest

from chalicelib.adapters.memory.watches import WatchRow, watching
from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.errors import OrderNotFoundError
from chalicelib.domain.orders.events import OrderEvent, OrderFailed, Pack
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.owners import OwnerId
from chalicelib.engine.errors import HaltedError, IdempotencyKeyReusedError, TooManyWaitingError
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.ports.orders import (
    BEGUN_MAX,
    CHILD_MARGIN,
    MIDWAY_MARGIN,
    OVERTAKEN_MAX,
    PENDING_MARGIN,
    LoadedOrder,
    OrderFilter,
    OrderRecord,
    PageKey,
)
from chalicelib.engine.statistics import Durations, MinuteCounts, OrderStatistics


@dataclass(slots=True)
class MemoryOrderStore:
    """Orders and events in dictionaries."""

    orders: dict[OrderId, Order] = field(default_factory=dict)
    history: dict[OrderId, list[OrderEvent]] = field(default_factory=lambda: defaultdict(list))
    packs: dict[OrderId, list[Pack]] = field(default_factory=lambda: defaultdict(list))
    sweeps: dict[OrderId, datetime] = field(default_factory=dict)
    #: The first event of an order that perhaps nobody has been told to announce.
    unannounced_from: dict[OrderId, int] = field(default_factory=dict)
    keys: dict[tuple[OwnerId, str], tuple[IdempotencyKey, OrderId]] = field(default_factory=dict)
    rates: dict[OwnerId, tuple[datetime, int]] = field(default_factory=dict)
    watches: dict[OrderId, list[WatchRow]] = field(default_factory=dict)
    halted_since: datetime | None = None

    def add(
        self,
        accepted: Transition,
        *,
        key: IdempotencyKey | None = None,
        limit: RateLimit | None = None,
        waiting_max: int | None = None,
    ) -> Admission:
        order = accepted.order
        known = self.replay(order.owner_id, key) if key else None
        if known is not None and known.order.order_id != order.order_id:
            return known
        if order.order_id in self.orders:
            return Admission(order=order)
        if self.halted_since is not None:
            raise HaltedError
        self._require_room(order, waiting_max)
        used = self._use(order, limit) if limit else None
        if key:
            self.keys[order.owner_id, key.value] = key, order.order_id
        overtaken = self._bring_back(order.created_at)
        self._store([accepted])
        return Admission(order=order, used=used, overtaken=overtaken)

    def replay(self, owner_id: OwnerId, key: IdempotencyKey) -> Admission | None:
        if (owner_id, key.value) not in self.keys:
            return None
        used, order_id = self.keys[owner_id, key.value]
        if used.fingerprint != key.fingerprint:
            raise IdempotencyKeyReusedError
        return Admission(order=self.orders[order_id].as_accepted(), is_replay=True)

    def prune_keys(self, *, before: datetime, limit: int) -> int:
        named = {name: self.orders[order_id] for name, (_, order_id) in self.keys.items()}
        born = {name: o.created_at for name, o in named.items() if o.status.is_final}
        oldest = sorted((at, name) for name, at in born.items() if at < before)[:limit]
        for _, name in oldest:
            del self.keys[name]
        return len(oldest)

    def load(self, announced_through: Mapping[OrderId, int]) -> list[LoadedOrder]:
        return [
            LoadedOrder(
                order=self.orders[order_id],
                unannounced=self._packs_after(order_id, through),
            )
            for order_id, through in announced_through.items()
            if order_id in self.orders
        ]

    def save(
        self, transitions: Sequence[Transition], *, sweep_at: datetime | None = None
    ) -> Mapping[OrderId, int]:
        by_order: dict[OrderId, list[Transition]] = defaultdict(list)
        for transition in transitions:
            by_order[transition.order.order_id].append(transition)
        moved = {
            order_id: first.order.sequence
            for order_id, (first, *_) in by_order.items()
            if order_id in self.orders
            and self.orders[order_id].sequence == first.order.sequence - 1
            and not (
                self._is_newly_signed(by_order[order_id][-1].order)
                and (self.halted_since or self._is_given_up(self.orders[order_id].parent_id))
            )
        }
        announced_through = {}
        for order_id, sequence in moved.items():
            unannounced_from = self.unannounced_from.pop(order_id, sequence)
            self._store(by_order[order_id])
            for child in (child for each in by_order[order_id] for child in each.children):
                self._store([child])
                if child.order.status is OrderStatus.PENDING:
                    self.sweeps[child.order.order_id] = child.order.created_at + CHILD_MARGIN
            self._wake_parent(self.orders[order_id])
            announced_through[order_id] = sequence - 1
            if sweep_at is not None:
                self.sweeps[order_id] = sweep_at
                self.unannounced_from[order_id] = unannounced_from
                announced_through[order_id] = unannounced_from - 1
        return announced_through

    def events(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, tuple[OrderEvent, ...]]:
        return {o: tuple(self.history[o]) for o in order_ids if o in self.orders}

    def exists(self, order_id: OrderId, owner_id: OwnerId) -> bool:
        return order_id in self.orders and self.orders[order_id].owner_id == owner_id

    def get(self, order_id: OrderId, owner_id: OwnerId) -> OrderRecord:
        if not self.exists(order_id, owner_id):
            raise OrderNotFoundError
        return OrderRecord(order=self.orders[order_id], events=tuple(self.history[order_id]))

    def page(
        self, wanted: OrderFilter, *, limit: int, after: PageKey | None
    ) -> Sequence[OrderRecord]:
        newest_first = sorted(self.orders.values(), key=_age_key, reverse=True)
        shown = [
            order
            for order in newest_first
            if _matches(order, wanted)
            and (after is None or _age_key(order) < (after.created_at, after.order_id))
        ]
        return [
            OrderRecord(order=order, events=(self.history[order.order_id][-1],))
            for order in shown[:limit]
        ]

    def statistics(self, owner_id: OwnerId, *, since: datetime) -> OrderStatistics:
        recent = [
            order
            for order in self.orders.values()
            if order.owner_id == owner_id and order.created_at >= since
        ]
        confirmed = [order for order in recent if order.status is OrderStatus.CONFIRMED]
        failed = [order for order in recent if order.status is OrderStatus.FAILED]
        return OrderStatistics(
            accepted=len(recent),
            confirmed=len(confirmed),
            cancelled=sum(order.status is OrderStatus.CANCELLED for order in recent),
            expired=sum(order.status is OrderStatus.EXPIRED for order in recent),
            completed=sum(order.status is OrderStatus.COMPLETED for order in recent),
            waiting=sum(order.status is OrderStatus.OPEN for order in recent),
            failed=Counter(self._code(order) for order in failed),
            to_confirmed=_durations(
                [o.updated_at - (o.triggered_at or o.created_at) for o in confirmed]
            ),
            minutes=_minutes(recent, confirmed, failed),
        )

    def _code(self, failed: Order) -> str:
        details = self.history[failed.order_id][-1].details
        assert isinstance(details, OrderFailed), "the order equals its last event"
        return details.failure.code

    def stale(self, *, due_before: datetime, now: datetime, limit: int) -> Mapping[OrderId, int]:
        stale = [
            order
            for order in self.orders.values()
            if (
                self.sweeps[order.order_id] <= now
                if order.order_id in self.sweeps
                else order.due_at < due_before and order.status.is_in_hand
            )
        ]
        oldest = [order.order_id for order in sorted(stale, key=lambda o: o.due_at)[:limit]]
        return {order_id: self.unannounced_from.get(order_id, 2) - 1 for order_id in oldest}

    def schedule_sweep(self, order_ids: Sequence[OrderId], *, at: datetime) -> None:
        for order in (self.orders[o] for o in order_ids if o in self.orders):
            if order.status.is_in_hand:
                self.sweeps[order.order_id] = at
            else:
                self.sweeps.pop(order.order_id, None)
                self.unannounced_from.pop(order.order_id, None)

    def check(self) -> None:
        return

    def _is_given_up(self, parent_id: OrderId | None) -> bool:
        parent = None if parent_id is None else self.orders.get(parent_id)
        return parent is not None and parent.status is OrderStatus.CANCELLED

    def _is_newly_signed(self, order: Order) -> bool:
        before, after = self.orders[order.order_id].transaction, order.transaction
        return after is not None and (before is None or before.signature != after.signature)

    def _use(self, order: Order, limit: RateLimit) -> int:
        window_start = limit.window_start(order.created_at)
        counted_in, used = self.rates.get(order.owner_id, (window_start, 0))
        used = used + 1 if counted_in == window_start else 1
        if used > limit.orders_max:
            raise limit.refusal(order.created_at)
        self.rates[order.owner_id] = window_start, used
        return used

    def _bring_back(self, now: datetime) -> Sequence[OrderId]:
        begun = (
            events[1]
            for events in self.history.values()
            if len(events) > 1 and events[1].status is OrderStatus.ROUTING
        )
        last_begun = nlargest(BEGUN_MAX, begun, key=lambda event: event.occurred_at)
        through = [self.orders[event.order_id].created_at for event in last_begun]
        standing = (
            o for o in self.orders.values() if through and self._is_overtaken(o, max(through))
        )
        overtaken = nsmallest(OVERTAKEN_MAX, standing, key=self._stands_since)
        for order in overtaken:
            again_after = now - order.due_at - PENDING_MARGIN
            self.sweeps[order.order_id] = now + max(again_after, timedelta(0))
        return [order.order_id for order in overtaken]

    def _is_overtaken(self, order: Order, through: datetime | None) -> bool:
        if not order.status.is_in_hand or through is None:
            return False
        margin = PENDING_MARGIN if order.status is OrderStatus.PENDING else MIDWAY_MARGIN
        return self._stands_since(order) < through - margin

    def _stands_since(self, order: Order) -> datetime:
        return self.sweeps.get(order.order_id, order.due_at)

    def _packs_after(self, order_id: OrderId, through: int) -> tuple[Pack, ...]:
        packs = (tuple(e for e in p if e.sequence > through) for p in self.packs[order_id])
        return tuple(pack for pack in packs if pack)

    def _store(self, transitions: Sequence[Transition]) -> None:
        """Store what happened to one order."""
        order, pack = transitions[-1].order, tuple(each.event for each in transitions)
        self.orders[order.order_id] = order
        self.history[order.order_id] += pack
        self.packs[order.order_id].append(pack)
        self.sweeps.pop(order.order_id, None)
        before = self.watches.pop(order.order_id, [])
        if order.status is OrderStatus.OPEN:
            self.watches[order.order_id] = watching(order, before)

    def _wake_parent(self, order: Order) -> None:
        """Let an order over time be looked at when its slice has ended."""
        if order.status.is_final and order.parent_id is not None:
            for row in self.watches.get(order.parent_id, ()):
                row.recheck_at = order.updated_at

    def _require_room(self, order: Order, waiting_max: int | None) -> None:
        if waiting_max is None or order.status is not OrderStatus.OPEN:
            return
        owner_ids = (o.owner_id for o in self.orders.values() if o.status is OrderStatus.OPEN)
        if sum(owner_id == order.owner_id for owner_id in owner_ids) >= waiting_max:
            raise TooManyWaitingError(waiting_max=waiting_max)


def _age_key(order: Order) -> tuple[datetime, OrderId]:
    return order.created_at, order.order_id


def _matches(order: Order, wanted: OrderFilter) -> bool:
    return (
        wanted.owner_id == order.owner_id
        and (wanted.statuses is None or order.status in wanted.statuses)
        and wanted.cancel_requested in (None, order.cancel_requested)
        and (wanted.order_types is None or order.order_type in wanted.order_types)
        and wanted.input_mint in (None, order.pair.token_in.mint)
        and wanted.output_mint in (None, order.pair.token_out.mint)
        and wanted.parent_id in (None, order.parent_id)
        and order.order_id.startswith(wanted.id_prefix or "")
    )


def _durations(durations: Sequence[timedelta]) -> Durations | None:
    ranked = sorted(durations)
    if not ranked:
        return None
    # The least of them that so many percent do not exceed.
    p50, p99 = (ranked[ceil_div(len(ranked) * percent, 100) - 1] for percent in (50, 99))
    return Durations(p50=p50, p99=p99)


def _minutes(
    recent: Sequence[Order], confirmed: Sequence[Order], failed: Sequence[Order]
) -> list[MinuteCounts]:
    def minute(moment: datetime) -> datetime:
        return moment.replace(second=0, microsecond=0)

    accepted = Counter(minute(order.created_at) for order in recent)
    ended, broken = (
        Counter(minute(order.updated_at) for order in orders) for orders in (confirmed, failed)
    )
    return [
        MinuteCounts(starts_at=at, accepted=accepted[at], confirmed=ended[at], failed=broken[at])
        for at in sorted(accepted | ended | broken)
    ]
