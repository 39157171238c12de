"""What the engine asks of the world. Each port has an in-memory twin and a real adapter, and both
pass the same contract tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.domain.orders.order import (
    Order,
    OrderEvent,
    OrderId,
    OrderStatus,
    OrderType,
    Signature,
    SignedTransaction,
    Transition,
)
from chalicelib.domain.owners import ANONYMOUS, OwnerId
from chalicelib.domain.pools.pool import Moment, Pool, Price
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.tokens import Mint, Pair
from chalicelib.engine.limits import Admission, IdempotencyKey, RateLimit
from chalicelib.engine.messages import ExecuteOrder, FollowRequest, UnfollowRequest
from chalicelib.engine.ports.followers import Follower
from chalicelib.engine.statistics import OrderStatistics


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedOrder:
    """An order as stored, with its events after the sequence the caller already announced."""

    order: Order
    unannounced: tuple[OrderEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order for reading, with events in sequence; a list page carries only the last one."""

    order: Order
    events: tuple[OrderEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Which orders of an owner a list shows; None means any."""

    owner_id: OwnerId = ANONYMOUS
    status: OrderStatus | None = None
    order_type: OrderType | None = None
    input_mint: Mint | None = None
    output_mint: Mint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKey:
    """Where a page of orders, newest first, goes on: after this order."""

    created_at: datetime
    order_id: OrderId


class OrderStore(Protocol):
    """The durable truth: orders and their events. Raises UnavailableError when out of reach."""

    def add(
        self,
        accepted: Transition,
        *,
        key: IdempotencyKey | None = None,
        limit: RateLimit | None = None,
    ) -> Admission:
        """Store a new order with its first event, both or neither; adding it again changes
        nothing.

        Under a key that its owner has used before nothing is stored, and the order of that time is
        returned as it was accepted. Raises IdempotencyKeyReusedError when that was another order,
        RateLimitedError when the owner has placed as many as the limit allows.
        """

    def replay(self, owner_id: OwnerId, key: IdempotencyKey) -> Admission | None:
        """Return what the owner placed under this key before. Raises IdempotencyKeyReusedError."""

    def prune_keys(self, *, before: datetime, limit: int) -> int:
        """Forget the oldest keys from before then, and return how many."""

    def load(self, requests: Sequence[ExecuteOrder]) -> list[LoadedOrder]:
        """Return the orders asked for that exist, in no particular order."""

    def save(self, transitions: Sequence[Transition]) -> set[OrderId]:
        """Store each transition whose order still has the sequence before it.

        Returns the orders that moved; the others were moved by somebody else first.
        """

    def events(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, tuple[OrderEvent, ...]]:
        """Return every event of each order in sequence; an unknown order is absent."""

    def exists(self, order_id: OrderId, owner_id: OwnerId = ANONYMOUS) -> bool:
        """Tell whether the order has been accepted, and is this owner's."""

    def get(self, order_id: OrderId, owner_id: OwnerId = ANONYMOUS) -> OrderRecord:
        """Return one order of the owner's with all its events. Raises OrderNotFoundError."""

    def page(
        self, wanted: OrderFilter, *, limit: int, after: PageKey | None
    ) -> Sequence[OrderRecord]:
        """Return up to `limit` orders, newest first, each with its last event."""

    def statistics(self, owner_id: OwnerId = ANONYMOUS, *, since: datetime) -> OrderStatistics:
        """Count the owner's orders that were accepted from then on."""

    def stale(self, *, due_before: datetime, now: datetime, limit: int) -> Sequence[OrderId]:
        """Return unfinished orders that the sweep should queue, the oldest first.

        Those are the ones that have been due since `due_before`, unless a sweep was scheduled for
        them: then from that time on.
        """

    def schedule_sweep(self, order_ids: Sequence[OrderId], *, at: datetime) -> None:
        """Let the sweep queue these orders from then on, and not before, unless they move."""

    def check(self) -> None:
        """Raise UnavailableError unless the store answers."""


class OrderQueue(Protocol):
    """The way to the worker. Raises UnavailableError when a message could not be handed over."""

    def enqueue(self, messages: Sequence[ExecuteOrder], *, delay_seconds: int = 0) -> None:
        """Queue the orders for execution."""

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        """Keep received messages from others for so long from now, and no longer."""

    def check(self) -> None:
        """Raise UnavailableError unless the queue answers."""


class StatusQueue(Protocol):
    """The ordered way to the publisher: one order's messages are taken one after the other, and a
    message sent twice within minutes is delivered once."""

    def announce(self, events: Sequence[OrderEvent]) -> None:
        """Queue the events for their orders' followers. Raises UnavailableError."""

    def request_follow(self, request: FollowRequest) -> None:
        """Queue a follow request behind what the order's followers are still to see."""

    def request_unfollow(self, request: UnfollowRequest) -> None:
        """Queue the end of a subscription behind what its follower is still to see."""

    def hold(self, receipts: Sequence[str], *, seconds: int) -> None:
        """Keep received messages from others for so long from now, and no longer."""


class FollowerStore(Protocol):
    """Who watches what. Entries expire by themselves."""

    def register_connection(self, connection_id: str, order_ids: Sequence[OrderId]) -> None:
        """Remember an open connection and what it follows."""

    def add_subscription(self, connection_id: str, order_id: OrderId) -> None:
        """Remember that a registered connection follows one more order, or one of its own again.

        Raises ConnectionGoneError when it is not registered (any more), TooManySubscriptionsError
        after SUBSCRIPTIONS_MOST, those it was registered with included.
        """

    def add_follower(self, order_id: OrderId, follower: Follower) -> None:
        """Let the connection receive the order's events from now on."""

    def remove_follower(self, order_id: OrderId, connection_id: str) -> None:
        """Let the connection receive no more of the order's events."""

    def followers(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Follower]]:
        """Return the followers of each order in one read."""

    def forget_connection(self, connection_id: str, *, following: Sequence[OrderId] = ()) -> None:
        """Forget the connection and what it follows, FORGOTTEN_ORDERS_MOST orders at most.

        `following` are orders that the caller knows it follows: it may have been forgotten before
        its follow request was read.
        """

    def check(self) -> None:
        """Raise UnavailableError unless the store answers."""


class StatusFeed(Protocol):
    """The way to one connection."""

    def post(self, connection_id: str, frame: str) -> None:
        """Send one frame. Raises ConnectionGoneError, FrameRefusedError, or UnavailableError when
        it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStates:
    """A venue's pools as they stood at one moment."""

    at: Moment
    pools: Sequence[Pool]


class Venue(Protocol):
    """A place to swap."""

    @property
    def name(self) -> str:
        """The venue's name as clients see it."""

    def pools(self, pair: Pair | None = None) -> PoolStates:
        """Return the venue's pools as they stand now: those that trade the pair, or all.

        Raises QuoteTimeoutError when the venue does not answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """The best price at each venue when the slot began, fees apart; `at` is that time."""

    slot: int
    at: datetime
    best: Mapping[str, Price]


class PriceHistory(Protocol):
    """What people look at beside their orders; no order depends on it."""

    def prices(
        self, pair: Pair, *, span: timedelta, after_slot: int | None = None
    ) -> Sequence[PricePoint]:
        """Return the pair's prices of that long until now, or those after a slot, oldest first;
        what had no pool of the pair then, a venue or all of them, is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockhash:
    """A recent blockhash and how long a transaction that names it can land."""

    value: str
    last_valid_block_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A transaction that is part of a block: what it moved, or why it failed there."""

    slot: int
    amount_in: int | None
    amount_out: int | None
    error_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureStatuses:
    """The chain's answer at one moment; a signature without a landing is not known yet.

    Blocks up to `finalized_block_height` can no longer change.
    """

    finalized_block_height: int
    landings: Mapping[Signature, Landing]


class Chain(Protocol):
    """Solana, as far as the engine needs it. Raises UnavailableError when out of reach."""

    def latest_blockhash(self) -> Blockhash:
        """Return a blockhash for new transactions."""

    def send(self, transactions: Sequence[SignedTransaction]) -> None:
        """Send the bytes; sending the same bytes again is harmless."""

    def statuses(self, signatures: Sequence[Signature]) -> SignatureStatuses:
        """Ask what has become of the transactions."""


class Wallet(Protocol):
    """Builds and signs transactions with the engine's key."""

    def sign_swap(
        self, *, order: Order, route: Route, limit: int, blockhash: Blockhash
    ) -> SignedTransaction:
        """Build and sign a swap over the route's legs that fails as a whole beyond `limit`: the
        least total output, or the most total input of an exact-out."""
