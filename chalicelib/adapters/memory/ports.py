"""The in-memory twin of every store, queue and feed: the engine's tests run on it, and it passes
the same contract suites as the real adapters."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from chalicelib.domain.orders.events import Pack
from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.admission.identity import ApiKey
from chalicelib.engine.errors import ConnectionGoneError, TooManySubscriptionsError
from chalicelib.engine.messages import (
    ExecuteOrder,
    FollowRequest,
    StatusMessage,
    StatusUpdate,
    UnfollowRequest,
)
from chalicelib.engine.ports.followers import SUBSCRIPTIONS_MAX, Follower

Result = TypeVar("Result")
DeduplicationId = tuple[str, str | tuple[int, int]]


@dataclass(slots=True)
class MemoryClock:
    """A clock that stands still until somebody sleeps."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def side_by_side(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """Make the calls as if at once: each begins now, and then it is when the last one ends."""
        now, ended_at = self.at, self.at
        results: list[Result] = []
        errors: list[Exception] = []
        for call in calls:
            self.at = now
            try:
                results.append(call())
            except Exception as error:
                errors.append(error)
            ended_at = max(ended_at, self.at)
        self.at = ended_at
        if errors:
            raise errors[0]
        return results


@dataclass(slots=True)
class MemoryOrderQueue:
    """A queue that keeps its messages, and how long it shall wait, for the test to take."""

    messages: deque[ExecuteOrder] = field(default_factory=deque)
    delays_seconds: dict[OrderId, int] = field(default_factory=dict)

    def enqueue(self, messages: Sequence[ExecuteOrder], *, delay_seconds: int = 0) -> None:
        self.messages.extend(messages)
        self.delays_seconds |= {message.order_id: delay_seconds for message in messages}

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        return

    def check(self) -> None:
        return


@dataclass(slots=True)
class MemoryStatusQueue:
    """A first-in-first-out queue with deduplication."""

    messages: deque[StatusMessage] = field(default_factory=deque)
    seen: set[DeduplicationId] = field(default_factory=set)

    def announce(self, packs: Sequence[Pack]) -> None:
        for update in (StatusUpdate(events=pack) for pack in packs):
            self._put((update.order_id, update.sequences), update)

    def request_follow(self, request: FollowRequest) -> None:
        self._put((request.order_id, f"follow:{request.request_id}"), request)

    def request_unfollow(self, request: UnfollowRequest) -> None:
        self._put((request.order_id, f"unfollow:{request.request_id}"), request)

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        return

    def _put(self, deduplication_id: DeduplicationId, message: StatusMessage) -> None:
        if deduplication_id not in self.seen:
            self.seen.add(deduplication_id)
            self.messages.append(message)


@dataclass(slots=True)
class MemoryFollowerStore:
    """Followers and connections in dictionaries."""

    by_order: dict[OrderId, dict[str, Follower]] = field(default_factory=lambda: defaultdict(dict))
    # The order that a connection was opened with counts as the first.
    subscriptions: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))

    def count_subscription(self, connection_id: str) -> None:
        if self.subscriptions[connection_id] >= SUBSCRIPTIONS_MAX:
            raise TooManySubscriptionsError
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
