"""The in-memory twin of every store, queue and feed: the engine's tests run on it, and it passes
the same contract suites as the real adapters."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.errors import IdempotencyKeyReusedError, OrderNotFoundError
from chalicelib.domain.orders import Order, OrderEvent, OrderId, Transition
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.engine.admission import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.identity import ApiKey
from chalicelib.engine.messages import (
    ExecuteOrder,
    FollowRequest,
    StatusMessage,
    StatusUpdate,
    UnfollowRequest,
)
from chalicelib.engine.ports import (
    FORGOTTEN_ORDERS_MOST,
    SUBSCRIPTIONS_MOST,
    ConnectionGoneError,
    Follower,
    LoadedOrder,
    OrderFilter,
    OrderRecord,
    PageKey,
    TooManySubscriptionsError,
)


@dataclass(slots=True)
class MemoryClock:
    """A clock that stands still until somebody sleeps."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(slots=True)
class MemoryOrderStore:
    """Orders and events in dictionaries."""

    orders: dict[OrderId, Order] = field(default_factory=dict)
    history: dict[OrderId, list[OrderEvent]] = field(default_factory=lambda: defaultdict(list))
    sweeps: dict[OrderId, datetime] = field(default_factory=dict)
    keys: dict[tuple[OwnerId, str], tuple[IdempotencyKey, OrderId]] = field(default_factory=dict)
    rates: dict[OwnerId, tuple[datetime, int]] = field(default_factory=dict)

    def add(
        self,
        accepted: Transition,
        *,
        key: IdempotencyKey | None = None,
        limit: RateLimit | None = None,
    ) -> Admission:
        order = accepted.order
        known = self.replay(order.owner_id, key) if key else None
        if known is not None and known.order.order_id != order.order_id:
            return known
        if order.order_id in self.orders:
            return Admission(order=order)
        used = self._use(order, limit) if limit else None
        if key:
            self.keys[order.owner_id, key.value] = key, order.order_id
        self._store(accepted)
        return Admission(order=order, used=used)

    def replay(self, owner_id: OwnerId, key: IdempotencyKey) -> Admission | None:
        if (owner_id, key.value) not in self.keys:
            return None
        used, order_id = self.keys[owner_id, key.value]
        if used.fingerprint != key.fingerprint:
            raise IdempotencyKeyReusedError
        return Admission(order=self.orders[order_id].as_accepted(), is_replay=True)

    def prune_keys(self, *, before: datetime, limit: int) -> int:
        born = {name: self.orders[order_id].created_at for name, (_, order_id) in self.keys.items()}
        oldest = sorted((at, name) for name, at in born.items() if at < before)[:limit]
        for _, name in oldest:
            del self.keys[name]
        return len(oldest)

    def load(self, requests: Sequence[ExecuteOrder]) -> list[LoadedOrder]:
        announced = {request.order_id: request.announced_through for request in requests}
        return [
            LoadedOrder(
                order=self.orders[order_id],
                unannounced=tuple(e for e in self.history[order_id] if e.sequence > through),
            )
            for order_id, through in announced.items()
            if order_id in self.orders
        ]

    def save(self, transitions: Sequence[Transition]) -> set[OrderId]:
        moved = set()
        for transition in transitions:
            stored = self.orders.get(transition.order.order_id)
            if stored is not None and stored.sequence == transition.order.sequence - 1:
                self._store(transition)
                moved.add(transition.order.order_id)
        return moved

    def events(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, tuple[OrderEvent, ...]]:
        return {o: tuple(self.history[o]) for o in order_ids if o in self.orders}

    def exists(self, order_id: OrderId, owner_id: OwnerId = ANONYMOUS) -> bool:
        return order_id in self.orders and self.orders[order_id].owner_id == owner_id

    def get(self, order_id: OrderId, owner_id: OwnerId = ANONYMOUS) -> OrderRecord:
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

    def stale(self, *, due_before: datetime, now: datetime, limit: int) -> Sequence[OrderId]:
        unfinished = (o for o in self.orders.values() if not o.status.is_final)
        stale = [
            order
            for order in unfinished
            if (
                self.sweeps[order.order_id] <= now
                if order.order_id in self.sweeps
                else order.due_at < due_before
            )
        ]
        return [order.order_id for order in sorted(stale, key=lambda o: o.due_at)[:limit]]

    def schedule_sweep(self, order_ids: Sequence[OrderId], *, at: datetime) -> None:
        known = (self.orders[order_id] for order_id in order_ids if order_id in self.orders)
        self.sweeps.update({o.order_id: at for o in known if not o.status.is_final})

    def check(self) -> None:
        return

    def _use(self, order: Order, limit: RateLimit) -> int:
        window_start = limit.window_start(order.created_at)
        counted_in, used = self.rates.get(order.owner_id, (window_start, 0))
        used = used + 1 if counted_in == window_start else 1
        if used > limit.orders_most:
            raise limit.refusal(order.created_at)
        self.rates[order.owner_id] = window_start, used
        return used

    def _store(self, transition: Transition) -> None:
        self.orders[transition.order.order_id] = transition.order
        self.history[transition.order.order_id].append(transition.event)
        self.sweeps.pop(transition.order.order_id, None)


def _age_key(order: Order) -> tuple[datetime, OrderId]:
    return order.created_at, order.order_id


def _matches(order: Order, wanted: OrderFilter) -> bool:
    return (
        wanted.owner_id == order.owner_id
        and wanted.status in (None, order.status)
        and wanted.order_type in (None, order.order_type)
        and wanted.input_mint in (None, order.pair.token_in.mint)
        and wanted.output_mint in (None, order.pair.token_out.mint)
    )


@dataclass(slots=True)
class MemoryOrderQueue:
    """A queue that keeps its messages for the test to take."""

    messages: deque[ExecuteOrder] = field(default_factory=deque)

    def enqueue(self, messages: Sequence[ExecuteOrder], *, delay_seconds: int = 0) -> None:
        self.messages.extend(messages)

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        return

    def check(self) -> None:
        return


@dataclass(slots=True)
class MemoryStatusQueue:
    """A first-in-first-out queue with deduplication."""

    messages: deque[StatusMessage] = field(default_factory=deque)
    seen: set[tuple[str, str | int]] = field(default_factory=set)

    def announce(self, events: Sequence[OrderEvent]) -> None:
        for event in events:
            self._put((event.order_id, event.sequence), StatusUpdate(event=event))

    def request_follow(self, request: FollowRequest) -> None:
        self._put((request.order_id, f"follow:{request.request_id}"), request)

    def request_unfollow(self, request: UnfollowRequest) -> None:
        self._put((request.order_id, f"unfollow:{request.request_id}"), request)

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        return

    def _put(self, deduplication_id: tuple[str, str | int], message: StatusMessage) -> None:
        if deduplication_id not in self.seen:
            self.seen.add(deduplication_id)
            self.messages.append(message)


@dataclass(slots=True)
class MemoryFollowerStore:
    """Followers and connections in dictionaries."""

    by_order: dict[OrderId, dict[str, Follower]] = field(default_factory=lambda: defaultdict(dict))
    connections: dict[str, set[OrderId]] = field(default_factory=dict)
    subscriptions: dict[str, int] = field(default_factory=dict)

    def register_connection(self, connection_id: str, order_ids: Sequence[OrderId]) -> None:
        self.connections[connection_id] = set(order_ids)
        self.subscriptions[connection_id] = len(order_ids)

    def add_subscription(self, connection_id: str, order_id: OrderId) -> None:
        if connection_id not in self.connections:
            raise ConnectionGoneError
        if self.subscriptions[connection_id] >= SUBSCRIPTIONS_MOST:
            raise TooManySubscriptionsError
        self.connections[connection_id].add(order_id)
        self.subscriptions[connection_id] += 1

    def add_follower(self, order_id: OrderId, follower: Follower) -> None:
        self.by_order[order_id][follower.connection_id] = follower

    def remove_follower(self, order_id: OrderId, connection_id: str) -> None:
        self.by_order[order_id].pop(connection_id, None)

    def followers(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Follower]]:
        return {
            order_id: list(self.by_order[order_id].values())
            for order_id in order_ids
            if self.by_order.get(order_id)
        }

    def forget_connection(self, connection_id: str, *, following: Sequence[OrderId] = ()) -> None:
        followed = dict.fromkeys([*following, *self.connections.pop(connection_id, ())])
        for order_id in list(followed)[:FORGOTTEN_ORDERS_MOST]:
            self.remove_follower(order_id, connection_id)

    def check(self) -> None:
        return


@dataclass(slots=True)
class MemoryStatusFeed:
    """Connections as lists of frames; only those that were opened can be posted to."""

    frames: dict[str, list[str]] = field(default_factory=dict)

    def open(self, connection_id: str) -> None:
        """Let the connection exist."""
        self.frames[connection_id] = []

    def post(self, connection_id: str, frame: str) -> None:
        if connection_id not in self.frames:
            raise ConnectionGoneError
        self.frames[connection_id].append(frame)


@dataclass(slots=True)
class MemoryKeyStore:
    """API keys in a dictionary."""

    keys: dict[str, ApiKey] = field(default_factory=dict)

    def add(self, key: ApiKey) -> None:
        self.keys[key.key_id] = key

    def find(self, key_id: str) -> ApiKey | None:
        return self.keys.get(key_id)

    def revoke(self, key_id: str, at: datetime) -> bool:
        key = self.keys.get(key_id)
        if key is None or key.revoked_at is not None:
            return False
        self.keys[key_id] = replace(key, revoked_at=at)
        return True

    def all(self) -> list[ApiKey]:
        return sorted(self.keys.values(), key=lambda key: (key.created_at, key.key_id))
