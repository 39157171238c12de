"""Invariant 5, by chance: followers come, leave and come back between any two steps of workers and
publisher, and every one of them sees every event."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.errors import AlreadyFinalError, UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from tests.unit.engine.turns import Turns
from tests.watched import Call
from tests.world import BATCH_MAX, World

FOLLOWERS = 3_000
ORDERS, CLIENTS, WORKERS, CONNECTIONS_OF_A_CLIENT = 3, 12, 2, 4
OWNERS = 1
AFTER_MAX = 6
OWNER_WAITS = 10
# About as many turns as it takes until everything is final.
LIFE_TURNS = 500
READS_OF_THE_PUBLISHER = ("followers.followers", "store.events")


@dataclass(slots=True)
class Subscription:
    """What one connect or subscribe asked for, and what was announced before it ended."""

    after: int
    announced: int = 0
    is_open: bool = True


@dataclass(kw_only=True, repr=False)
class Instants(World):
    """A world in which somebody else may act before every call of a port."""

    random_seed: int
    subscriptions: dict[tuple[str, OrderId], list[Subscription]] = field(
        default_factory=lambda: defaultdict(list)
    )
    joined_at: Counter[OrderStatus] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.seed = f"instants {self.random_seed}"
        super().__post_init__()
        self.chance = Random(self.random_seed)
        self.turns = Turns(self.chance)
        self.busy = WORKERS + CLIENTS + OWNERS

    def before_call(self, port: str, call: Call) -> None:
        super().before_call(port, call)
        self.turns.pause()
        if call.name in READS_OF_THE_PUBLISHER and self.chance.random() < 0.1:
            raise UnavailableError("by chance")

    def live(self) -> None:
        """Let everything happen."""
        order_ids = [self.submit() for _ in range(ORDERS)]
        workers = [self.work] * WORKERS
        clients = [self.client(f"client {n}", order_ids) for n in range(CLIENTS)]
        self.turns.play([*workers, *clients, self.owner(order_ids), self.publish_by_chance])

    def work(self) -> None:
        """Carry orders on; time runs out, and messages come twice, by chance."""
        while messages := self.take():
            self._sleep_until_due(messages)
            failed = self.execute(messages, has_time=lambda: self.chance.random() > 0.05)
            self.order_queue.enqueue([m for m in messages if m.order_id in failed])
            if self.chance.random() < 0.3:
                self.order_queue.enqueue([ExecuteOrder(order_id=messages[0].order_id)])
        self.busy -= 1

    def publish_by_chance(self) -> None:
        """Publish batches of any size, with time for any part of them, until nothing is left."""
        queued = self.status_queue.messages
        while queued or self.busy:
            size = self.chance.randint(1, BATCH_MAX)
            batch = {str(n): queued.popleft() for n in range(min(size, len(queued)))}
            try:
                failed = self.publisher.publish(
                    list(batch.items()), has_time=lambda: self.chance.random() > 0.05
                )
            except UnavailableError:
                failed = set(batch)
            queued.extendleft(
                batch[message_id] for message_id in reversed(batch) if message_id in failed
            )
            self.turns.pause()

    def client(self, name: str, order_ids: Sequence[OrderId]) -> Callable[[], None]:
        """A client with some connections, each of which follows several orders."""

        def act() -> None:
            for number in range(CONNECTIONS_OF_A_CLIENT):
                connection_id = f"{name}, connection {number}"
                self.wait()
                self.join(connection_id, self.chance.choice(order_ids))
                for _ in range(self.chance.randrange(2 * ORDERS)):
                    self.wait()
                    order_id = self.chance.choice(order_ids)
                    leave_or_join = self.chance.choice([self.leave, self.join, self.join])
                    leave_or_join(connection_id, order_id)
            self.busy -= 1

        return act

    def owner(self, order_ids: Sequence[OrderId]) -> Callable[[], None]:
        """The owner, who cancels an order at some instant, perhaps."""

        def act() -> None:
            for _ in range(self.chance.randrange(OWNER_WAITS)):
                self.wait()
            if self.chance.random() < 0.5:
                with suppress(AlreadyFinalError):
                    self.cancel(self.chance.choice(order_ids))
                # A worker tells: it may have stopped by now.
                self.work_off()
            self.busy -= 1

        return act

    def work_off(self) -> None:
        """Carry on what is queued."""
        while messages := self.take():
            self._sleep_until_due(messages)
            failed = self.execute(messages)
            self.order_queue.enqueue([m for m in messages if m.order_id in failed])

    def wait(self) -> None:
        """Let others act for a part of the orders' life."""
        for _ in range(self.chance.randrange(LIFE_TURNS // (2 * ORDERS * CONNECTIONS_OF_A_CLIENT))):
            self.turns.pause()

    def join(self, connection_id: str, order_id: OrderId) -> None:
        """Connect, or subscribe on the connection; again perhaps."""
        after = self.chance.choice([0, 0, self.chance.randrange(AFTER_MAX)])
        batch = self.chance.random() < 0.5
        self.end_subscription(connection_id, order_id)
        self.joined_at[self.order(order_id).status] += 1
        self.subscriptions[connection_id, order_id].append(Subscription(after))
        if connection_id not in self.feed.frames:
            self.connect(connection_id, order_id, after=after, batch=batch)
        else:
            self.subscribe(connection_id, order_id, after=after, batch=batch)

    def leave(self, connection_id: str, order_id: OrderId) -> None:
        """Unsubscribe, which is harmless when nothing was subscribed to."""
        self.end_subscription(connection_id, order_id)
        self.unsubscribe(connection_id, order_id)

    def end_subscription(self, connection_id: str, order_id: OrderId) -> None:
        announced = [
            s[1] for o, s in self.status_queue.seen if o == order_id and isinstance(s, tuple)
        ]
        for subscription in self.subscriptions[connection_id, order_id][-1:]:
            if subscription.is_open:
                subscription.announced = max(announced, default=0)
                subscription.is_open = False

    def seen(self, connection_id: str, order_id: OrderId) -> list[int]:
        """The sequences of the order's events as the connection received them."""
        updates = self.updates(connection_id)
        return [update["sequence"] for update in updates if update["orderId"] == order_id]

    def mistakes(self) -> list[str]:
        """The followers that did not see exactly what they asked for."""
        return [
            f"{connection_id}, order {order_id}: {subscriptions} saw {seen}"
            for (connection_id, order_id), subscriptions in self.subscriptions.items()
            for seen in [self.seen(connection_id, order_id)]
            if not is_right(seen, subscriptions, last=len(self.store.history[order_id]))
        ]


def is_right(seen: Sequence[int], subscriptions: Sequence[Subscription], *, last: int) -> bool:
    """Tell whether it is, for one subscription after the other, what came after `after` without a
    hole: to the last event, or to any from the one that was announced before it ended."""
    if not subscriptions:
        return not seen
    *earlier, latest = subscriptions
    least = last if latest.is_open else latest.announced
    return any(
        list(seen[len(seen) - length :]) == [latest.after + n for n in range(1, length + 1)]
        and is_right(seen[: len(seen) - length], earlier, last=last)
        for length in range(max(least - latest.after, 0), max(last - latest.after, 0) + 1)
        if length <= len(seen)
    )


def test_every_follower_sees_every_event_once_in_order_whenever_it_comes() -> None:
    followers, seed = 0, 0
    joined_at: Counter[OrderStatus] = Counter()

    while followers < FOLLOWERS:
        seed += 1
        world = Instants(random_seed=seed, failure_rate_bps=3_000, drop_rate_bps=1_000)
        world.live()

        assert all(order.status.is_final for order in world.store.orders.values()), f"seed {seed}"
        assert world.mistakes() == [], f"seed {seed}"
        followers += sum(map(bool, world.subscriptions.values()))
        joined_at += world.joined_at

    assert joined_at.keys() == set(OrderStatus) - {
        OrderStatus.OPEN,
        OrderStatus.EXPIRED,
        OrderStatus.COMPLETED,
    }
