import pytest

from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.messages import ExecuteOrder, StatusUpdate, encode
from chalicelib.simulation.chain import BLOCKHASH_LIFE_BLOCKS, FINALIZED_BEHIND_BLOCKS
from chalicelib.simulation.market import SLOT
from tests.unit.functions import Functions, batch
from tests.world import World, ticks

ALL = 10_000
NOBODY = OrderId("ffffffff-ffff-4fff-8fff-ffffffffffff")


def stepped(world: World, steps: int) -> OrderId:
    """An order that has taken so many steps, and is in no queue any more."""
    order_id = world.submit()
    if steps:
        world.execute(world.take(), has_time=ticks(steps))
    world.order_queue.messages.clear()
    world.status_queue.messages.clear()
    return order_id


def letter(order_id: OrderId, *, rescues: int = 0) -> ExecuteOrder:
    return ExecuteOrder(order_id=order_id, rescues=rescues)


def announced(world: World) -> list[int]:
    updates = [m for m in world.status_queue.messages if isinstance(m, StatusUpdate)]
    return [event.sequence for update in updates for event in update.events]


@pytest.mark.parametrize("steps", range(4))
def test_order_is_queued_again_when_it_is_dead_for_the_first_time(steps: int) -> None:
    world = World()
    order_id = stepped(world, steps)

    kept = world.rescuer.rescue([letter(order_id)])

    assert kept == set()
    assert list(world.order_queue.messages) == [letter(order_id, rescues=1)]
    world.run()
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert len(world.landed(order_id)) == 1


@pytest.mark.parametrize("steps", [0, 1], ids=["pending", "routing"])
def test_order_is_given_up_when_it_is_dead_again_and_nothing_was_signed(steps: int) -> None:
    world = World()
    order_id = stepped(world, steps)

    kept = world.rescuer.rescue([letter(order_id, rescues=1)])

    assert kept == set()
    assert world.order(order_id).status is OrderStatus.FAILED
    assert world.details(order_id, steps + 2)["code"] == "ABANDONED"
    assert announced(world)[-1] == steps + 2
    assert not world.landed(order_id)


def test_order_is_settled_when_it_is_dead_again_and_its_transaction_landed() -> None:
    world = World()
    order_id = stepped(world, 3)

    kept = world.rescuer.rescue([letter(order_id, rescues=1)])

    assert kept == set()
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert announced(world)[-1] == 5


@pytest.mark.parametrize("steps", [2, 3], ids=["building", "submitted"])
def test_order_is_kept_until_its_transaction_cannot_land_any_more(steps: int) -> None:
    world = World(drop_rate_bps=ALL)
    order_id = stepped(world, steps)
    letters = [letter(order_id, rescues=1)]

    kept = [world.rescuer.rescue(letters), world.rescuer.rescue(letters)]
    unclear = world.order(order_id).status
    world.clock.at += SLOT * (BLOCKHASH_LIFE_BLOCKS + FINALIZED_BEHIND_BLOCKS + 1)
    kept.append(world.rescuer.rescue(letters))

    assert kept == [{order_id}, {order_id}, set()]
    assert unclear is OrderStatus.SUBMITTED
    assert world.order(order_id).status is OrderStatus.FAILED
    assert world.details(order_id, 5)["code"] == "BLOCKHASH_EXPIRED"


def test_order_fails_with_the_chains_reason_when_its_transaction_failed_there() -> None:
    world = World(failure_rate_bps=ALL)
    order_id = stepped(world, 3)

    world.rescuer.rescue([letter(order_id, rescues=1)])

    assert world.details(order_id, 5)["code"] == "TRANSACTION_FAILED"


def test_final_order_is_announced_again_and_its_message_goes() -> None:
    world = World()
    order_id = world.submit()
    world.run()
    world.status_queue.messages.clear()
    world.status_queue.seen.clear()

    kept = world.rescuer.rescue([letter(order_id, rescues=1)])

    assert (kept, announced(world)) == (set(), [2, 3, 4, 5])
    assert not world.order_queue.messages


def test_order_is_handled_once_when_it_is_dead_twice() -> None:
    world = World()
    order_id = stepped(world, 0)

    kept = world.rescuer.rescue([letter(order_id, rescues=1), letter(order_id)])

    assert kept == set()
    assert world.statuses(order_id) == ["pending", "failed"]


def test_unknown_order_stays_and_harms_no_other() -> None:
    world = World()
    order_id = stepped(world, 0)

    kept = world.rescuer.rescue([letter(NOBODY), letter(order_id)])

    assert kept == {NOBODY}
    assert list(world.order_queue.messages) == [letter(order_id, rescues=1)]


@pytest.mark.parametrize("port", ["store", "order_queue", "status_queue", "chain"])
def test_nothing_is_lost_when_a_service_is_away_meanwhile(port: str) -> None:
    world = World()
    first, second = stepped(world, 3), stepped(world, 0)
    letters = [letter(first, rescues=1), letter(second)]
    world.outages[port] = UnavailableError(port)

    with pytest.raises(UnavailableError):
        world.rescuer.rescue(letters)
    world.outages.clear()
    kept = world.rescuer.rescue(letters)
    world.run()

    assert kept == set()
    for order_id in (first, second):
        assert world.order(order_id).status is OrderStatus.CONFIRMED
        assert len(world.landed(order_id)) == 1


def test_dead_letter_stays_when_it_cannot_be_read(functions: Functions) -> None:
    order_id = functions.world.submit()
    functions.world.order_queue.messages.clear()

    kept = functions.rescue(
        batch("sqs_standard", ["{}", encode(letter(order_id)), encode(letter(NOBODY))])
    )

    assert kept == ["message 0", "message 2"]
    assert list(functions.world.order_queue.messages) == [letter(order_id, rescues=1)]
