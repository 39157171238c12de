from collections.abc import Callable, Collection, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.orders.lifecycle import Transition, accept, advance
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.owners import ANONYMOUS
from tests.contract.samples import details_of
from tests.watched import Call
from tests.world import World, exact_in

ORDER_IDS = [OrderId(f"00000000-0000-4000-8000-{n:012d}") for n in range(2)]
LIFE = [
    OrderStatus.ROUTING,
    OrderStatus.BUILDING,
    OrderStatus.SUBMITTED,
    OrderStatus.ROUTING,
    OrderStatus.ROUTING,
    OrderStatus.BUILDING,
    OrderStatus.SUBMITTED,
    OrderStatus.CONFIRMED,
]
EVENTS = len(LIFE) + 1


class Interleaving:
    """Orders whose events are committed, announced and published in any order of steps, while
    connections come at any moment."""

    def __init__(self) -> None:
        self.world = World()
        #: What was stored together, one after the other.
        self.committed: dict[OrderId, list[list[Transition]]] = {}
        self.announced = dict.fromkeys(ORDER_IDS, 0)
        self.connections: dict[str, int] = {}
        for order_id in ORDER_IDS:
            self.accept(order_id)

    def accept(self, order_id: OrderId) -> None:
        accepted = accept(
            owner_id=ANONYMOUS,
            order_id=order_id,
            trade=exact_in(),
            slippage_bps=100,
            max_price_impact_bps=1_500,
            at=self.world.clock.now(),
        )
        self.world.store.add(accepted)
        self.committed[order_id] = [[accepted]]

    def commit(self, order_id: OrderId, steps: int = 1) -> None:
        last, at = self.committed[order_id][-1][-1], self.world.clock.now()
        moves = [last]
        for status in LIFE[last.order.sequence - 1 :][:steps]:
            moves.append(advance(moves[-1].order, details_of(status), at=at))
        if len(moves) > 1:
            self.committed[order_id].append(moves[1:])
            self.world.store.save(moves[1:])

    def commit_two(self, order_id: OrderId) -> None:
        self.commit(order_id, 2)

    def commit_three(self, order_id: OrderId) -> None:
        self.commit(order_id, 3)

    def announce(self, order_id: OrderId) -> None:
        waiting = self.committed[order_id][self.announced[order_id] :]
        self.world.status_queue.announce([tuple(t.event for t in moves) for moves in waiting])
        self.announced[order_id] = len(self.committed[order_id])

    def announce_what_the_store_has(self, order_id: OrderId) -> None:
        [loaded] = self.world.store.load({order_id: 1})
        self.world.status_queue.announce(loaded.unannounced)
        self.announced[order_id] = len(self.committed[order_id])

    def announce_all_again(self, order_id: OrderId) -> None:
        self.announced[order_id] = 0
        self.announce(order_id)

    def commit_and_announce_during_the_next_post(self, order_id: OrderId) -> None:
        def act() -> None:
            self.commit_two(order_id)
            self.announce(order_id)

        self.world.meanwhile("feed.post", act)

    def commit_during_the_next_registration(self, order_id: OrderId) -> None:
        self.world.meanwhile("followers.add_follower", lambda: self.commit(order_id))

    def publish_one(self, _: OrderId) -> None:
        self.world.publish_batch(size=1)

    def publish_batch(self, _: OrderId) -> None:
        self.world.publish_batch()

    def connect(self, order_id: OrderId, after: int = 0) -> None:
        connection_id = f"connection {len(self.connections)}"
        self.connections[connection_id] = after
        batch = len(self.connections) % 2 == 0
        self.world.connect(connection_id, order_id, after=after, batch=batch)

    def reconnect(self, order_id: OrderId) -> None:
        self.connect(order_id, after=self.committed[order_id][-1][-1].order.sequence // 2)

    def finish(self) -> None:
        self.world.interruptions.clear()
        for order_id in ORDER_IDS:
            for _ in LIFE:
                self.commit(order_id)
            self.announce(order_id)
        self.world.publish()


STEPS: list[Callable[[Interleaving, OrderId], None]] = [
    Interleaving.commit,
    Interleaving.commit_two,
    Interleaving.commit_three,
    Interleaving.announce,
    Interleaving.announce_all_again,
    Interleaving.announce_what_the_store_has,
    Interleaving.commit_and_announce_during_the_next_post,
    Interleaving.commit_during_the_next_registration,
    Interleaving.publish_one,
    Interleaving.publish_batch,
    Interleaving.connect,
    Interleaving.reconnect,
]
steps_of_orders = st.tuples(st.sampled_from(STEPS), st.sampled_from(ORDER_IDS))


@settings(max_examples=50)
@given(steps=st.lists(steps_of_orders, min_size=20, max_size=60))
def test_every_follower_sees_every_event_once_in_order_whenever_it_connects(
    steps: list[tuple[Callable[[Interleaving, OrderId], None], OrderId]],
) -> None:
    interleaving = Interleaving()
    interleaving.connect(ORDER_IDS[0])

    for step, order_id in steps:
        step(interleaving, order_id)
    interleaving.finish()

    for connection_id, after in interleaving.connections.items():
        expected = list(range(after + 1, EVENTS + 1))
        assert interleaving.world.sequences(connection_id) == expected


class BusyWorld(World):
    """Connections come and batches are published just after certain calls of the worker."""

    connects_at: Sequence[int] = ()
    publishes_at: Collection[int] = ()
    worker_calls = 0
    is_worker = False

    def before_call(self, port: str, call: Call) -> None:
        super().before_call(port, call)
        if self.is_worker:
            self.worker_calls += 1
            self.is_worker = False
            if self.worker_calls in self.connects_at:
                self.connect(f"connection {self.worker_calls}", next(iter(self.store.orders)))
            if self.worker_calls in self.publishes_at:
                self.publish_batch(size=2)
            self.is_worker = True


@settings(max_examples=50)
@given(
    connects_at=st.lists(st.integers(min_value=1, max_value=70), min_size=1, max_size=4),
    publishes_at=st.sets(st.integers(min_value=1, max_value=70)),
)
def test_every_follower_sees_a_whole_execution_whenever_it_connects(
    connects_at: list[int], publishes_at: set[int]
) -> None:
    world = BusyWorld(failure_rate_bps=10_000)
    world.connects_at, world.publishes_at = connects_at, publishes_at
    order_id = world.submit()

    world.is_worker = True
    world.run()
    world.is_worker = False
    world.connect("the last", order_id)
    world.publish()

    assert {tuple(world.sequences(connection_id)) for connection_id in world.feed.frames} == {
        tuple(range(1, 12))
    }
