from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from chalicelib.adapters.memory.orders import MemoryOrderStore
from chalicelib.domain.orders.lifecycle import Transition
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.ports.orders import LoadedOrder
from tests.world import FIVE, World, ticks

NOBODY = OrderId("ffffffff-ffff-4fff-8fff-ffffffffffff")


def test_unknown_order_fails_its_own_message_only() -> None:
    world = World()
    order_id = world.submit()

    failed = world.execute([ExecuteOrder(order_id=NOBODY), *world.take()])

    assert failed == {NOBODY}
    assert world.statuses(order_id) == FIVE
    assert NOBODY not in world.store.orders


def test_fault_with_one_order_fails_its_own_message_only() -> None:
    world = World()
    faulty, other = world.submit(), world.submit()
    messages = world.take()

    def fail() -> None:
        raise ValueError("unexpected")

    world.meanwhile("wallet.sign_swap", fail)

    failed = world.execute(messages)

    assert failed == {faulty}
    assert world.statuses(faulty) == ["pending", "routing"]
    assert world.statuses(other) == FIVE
    world.execute(messages)
    assert world.statuses(faulty) == FIVE


@pytest.mark.parametrize("what", ["landing", "transaction"])
def test_order_whose_chain_answers_make_no_sense_fails_alone(what: str) -> None:
    world = World()
    faulty, other = world.submit(), world.submit()

    def spoil() -> None:
        [entry] = world.landed(faulty)
        world.ledger.entries[entry.signature] = replace(entry, amount_in=None)

    def forget() -> None:
        stored = world.order(faulty)
        world.store.orders[faulty] = replace(stored, transaction=None)

    messages = world.take()
    if what == "landing":
        world.meanwhile("chain.statuses", spoil)
    else:
        world.execute(messages, has_time=ticks(3))
        forget()

    failed = world.execute(messages)

    assert failed == {faulty}
    assert world.statuses(other) == FIVE
    assert not world.order(faulty).status.is_final


class SpoiledStore(MemoryOrderStore):
    """A store that cannot read, or write, one of its orders."""

    unreadable: OrderId | None = None
    unwritable: OrderId | None = None

    def load(self, announced_through: Mapping[OrderId, int]) -> list[LoadedOrder]:
        if self.unreadable in announced_through:
            raise ValueError("unexpected")
        return super().load(announced_through)

    def save(self, transitions: Sequence[Transition]) -> set[OrderId]:
        if self.unwritable in [transition.order.order_id for transition in transitions]:
            raise ValueError("unexpected")
        return super().save(transitions)


@pytest.mark.parametrize("trouble", ["unreadable", "unwritable"])
def test_order_that_cannot_be_read_or_written_fails_alone(trouble: str) -> None:
    store = SpoiledStore()
    world = World(store=store)
    first, spoiled, last = (world.submit() for _ in range(3))
    setattr(store, trouble, spoiled)

    failed = world.execute(world.take())

    assert failed == {spoiled}
    assert world.statuses(first) == world.statuses(last) == FIVE
    assert world.statuses(spoiled) == ["pending"]
    assert world.landed(spoiled) == []


def test_execution_goes_on_and_the_message_fails_when_the_status_queue_is_down() -> None:
    world = World()
    order_id = world.submit()
    world.connect("follower", order_id)
    messages = world.take()
    world.outages["status_queue"] = UnavailableError("queue")

    failed = world.execute(messages)

    assert (failed, world.statuses(order_id)) == ({order_id}, FIVE)
    world.outages.clear()
    assert world.execute(messages) == set()
    world.publish()
    assert world.sequences("follower") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("away", "standing_at"),
    [
        (["raydium", "meteora"], OrderStatus.ROUTING),
        (["wallet"], OrderStatus.ROUTING),
        (["chain.latest_blockhash"], OrderStatus.ROUTING),
        (["chain.send"], OrderStatus.BUILDING),
        (["chain.statuses"], OrderStatus.SUBMITTED),
    ],
    ids=" ".join,
)
def test_order_stands_still_and_pays_no_attempt_when_a_service_is_down(
    away: list[str], standing_at: OrderStatus
) -> None:
    world = World()
    order_id = world.submit()
    world.outages |= dict.fromkeys(away, UnavailableError("down"))

    failed = world.execute(world.take(), has_time=ticks(8))

    assert (failed, world.order(order_id).status) == (set(), standing_at)
    assert len([call for call in world.journal if call.name.startswith(away[0])]) > 1
    world.outages.clear()
    world.run()
    assert (world.statuses(order_id), world.order(order_id).attempt) == (FIVE, 1)
    assert len(world.landed(order_id)) == 1


@pytest.mark.parametrize("call", ["store.load", "store.save"])
def test_order_pays_no_attempt_when_the_store_is_down(call: str) -> None:
    world = World()
    order_id = world.submit()
    messages = world.take()
    world.outages[call] = UnavailableError("down")

    with pytest.raises(UnavailableError):
        world.execute(messages)

    assert world.order(order_id).attempt == 0
    world.outages.clear()
    world.execute(messages)
    assert (world.statuses(order_id), world.order(order_id).attempt) == (FIVE, 1)


def test_route_goes_over_the_other_venue_when_one_is_down() -> None:
    world = World()
    world.outages["raydium"] = UnavailableError("down")

    order_id = world.submit()
    world.run()

    assert world.statuses(order_id) == FIVE
    assert world.details(order_id, 3)["route"]["venue"] == "meteora"


def test_other_orders_go_on_when_the_wallet_is_down_for_one() -> None:
    world = World()
    first, second = world.submit(), world.submit()

    def fail() -> None:
        raise UnavailableError("down")

    world.meanwhile("wallet.sign_swap", fail)
    world.execute(world.take(), has_time=ticks(3))

    assert (world.statuses(first), world.order(first).attempt) == (FIVE[:2], 1)
    assert world.statuses(second) == FIVE[:3]
    world.run()
    assert (world.statuses(first), world.statuses(second)) == (FIVE, FIVE)


def test_same_transaction_is_used_when_the_chain_was_down_for_the_sending() -> None:
    world = World()
    order_id = world.submit()
    world.outages["chain.send"] = UnavailableError("chain")
    world.execute(world.take(), has_time=ticks(4))
    signed = world.order(order_id).transaction
    assert signed is not None
    world.outages.clear()

    world.run()

    assert [entry.wire_bytes for entry in world.landed(order_id)] == [signed.wire_bytes]
