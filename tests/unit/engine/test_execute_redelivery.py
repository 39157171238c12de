from dataclasses import replace

import pytest

from chalicelib.domain.orders.order import OrderId
from chalicelib.engine.errors import UnavailableError
from tests.world import FIVE, World, ticks


def announced(world: World) -> list[tuple[OrderId, int]]:
    calls = world.calls("status_queue.announce")
    packs = [pack for call in calls for pack in call.arguments[0]]
    return [(event.order_id, event.sequence) for pack in packs for event in pack]


def test_redelivered_message_changes_nothing_when_the_order_is_final() -> None:
    world = World()
    order_id = world.submit()
    message = world.order_queue.messages[0]
    world.run()
    before = (dict(world.store.orders), world.statuses(order_id), dict(world.ledger.entries))
    first_announced = announced(world)
    world.journal.clear()

    failed = world.execute([message])

    after = (dict(world.store.orders), world.statuses(order_id), dict(world.ledger.entries))
    assert (failed, after) == (set(), before)
    assert announced(world) == first_announced == [(order_id, n) for n in range(2, 6)]
    assert not world.calls("wallet.sign_swap", "chain.send", "store.save")


def test_follower_sees_nothing_twice_when_the_message_is_delivered_twice() -> None:
    world = World()
    order_id = world.submit()
    world.connect("follower", order_id)
    message = world.order_queue.messages[0]

    world.run()
    world.execute([message])
    world.publish()

    assert world.sequences("follower") == [1, 2, 3, 4, 5]


def test_order_is_executed_once_when_its_message_is_twice_in_a_batch() -> None:
    world = World()
    order_id = world.submit()
    (message,) = world.take()

    failed = world.execute([replace(message, announced_through=3), message])

    assert (failed, world.statuses(order_id)) == (set(), FIVE)
    assert announced(world) == [(order_id, n) for n in range(2, 6)]
    assert len(world.landed(order_id)) == 1


@pytest.mark.parametrize(
    ("already", "saves"), [(0, 2), (1, 3), (2, 2), (3, 3)], ids=[f"from {s}" for s in FIVE[:4]]
)
def test_worker_loses_silently_when_another_moved_the_order_on(already: int, saves: int) -> None:
    world = World()
    order_id = world.submit()
    (message,) = world.take()
    world.execute([message], has_time=ticks(already))

    def win() -> None:
        world.clock.sleep(1)
        world.execute([message])

    world.meanwhile("store.save", win)

    failed = world.execute([message])

    assert (failed, world.statuses(order_id)) == (set(), FIVE)
    # Those that moved the order, and the one that lost: then the loser does nothing more.
    assert len(world.calls("store.save")) == saves + 1
    assert len(world.landed(order_id)) == 1
    assert sorted(set(announced(world))) == [(order_id, n) for n in range(2, 6)]


def test_loser_does_nothing_more_when_it_was_about_to_wait_for_the_chain() -> None:
    world = World()
    order_id = world.submit()
    (message,) = world.take()
    world.execute([message], has_time=ticks(2))

    def be_away() -> None:
        world.meanwhile("store.save", lambda: world.execute([message]))
        raise UnavailableError("chain")

    world.meanwhile("chain.statuses", be_away)
    world.journal.clear()

    failed = world.execute([message])

    assert (failed, world.statuses(order_id)) == (set(), FIVE)
    assert [call.name for call in world.calls("store.load", "chain.statuses", "store.save")] == [
        *["store.load", "chain.statuses", "store.save"],
        *["store.load", "chain.statuses", "store.save"],
    ]
    assert not world.calls("clock.sleep")


def test_winner_goes_on_when_the_loser_of_its_batch_drops_out() -> None:
    world = World()
    contended, other = world.submit(), world.submit()
    messages = world.take()
    world.meanwhile("store.save", lambda: world.execute(messages[:1]))

    failed = world.execute(messages)

    assert failed == set()
    assert world.statuses(contended) == world.statuses(other) == FIVE
    assert [len(world.landed(order_id)) for order_id in (contended, other)] == [1, 1]
