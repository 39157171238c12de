from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.amounts import min_amount_out
from chalicelib.domain.orders.order import OrderId
from chalicelib.simulation.market import slot_at
from tests.world import FIVE, World

LATENCIES = [timedelta(0), timedelta(milliseconds=800), timedelta(seconds=2.5)]

any_latency = pytest.mark.parametrize("latency", LATENCIES, ids=str)


def finished(world: World) -> OrderId:
    order_id = world.submit()
    world.run()
    return order_id


@any_latency
def test_follower_sees_exactly_the_five_statuses_when_all_goes_well(latency: timedelta) -> None:
    world = World(latency=latency)
    order_id = world.submit()
    world.connect("follower", order_id)

    world.run()
    world.publish()

    updates = [frame["data"] for frame in world.frames("follower")]
    assert [update["status"] for update in updates] == FIVE
    assert [update["sequence"] for update in updates] == [1, 2, 3, 4, 5]
    assert [update["attempt"] for update in updates] == [0, 1, 1, 1, 1]


@any_latency
def test_order_equals_its_last_event_when_it_is_final(latency: timedelta) -> None:
    world = World(latency=latency)

    order_id = finished(world)

    order, last = world.order(order_id), world.store.history[order_id][-1]
    assert (order.status, order.sequence, order.attempt, order.updated_at) == (
        last.status,
        last.sequence,
        last.attempt,
        last.occurred_at,
    )


@any_latency
def test_order_is_confirmed_after_its_latency(latency: timedelta) -> None:
    world = World(latency=latency)

    order = world.order(finished(world))

    late = order.updated_at - order.created_at - latency
    # What the queue waits for, it waits for in whole seconds.
    assert timedelta(0) <= late <= timedelta(seconds=1)


@any_latency
def test_chain_shows_one_swap_as_confirmed(latency: timedelta) -> None:
    world = World(latency=latency)

    order_id = finished(world)

    (landed,) = world.landed(order_id)
    details = world.details(order_id, 5)
    assert landed.signature == details["signature"]
    assert (landed.amount_in, landed.amount_out) == (details["amount_in"], details["amount_out"])
    assert (landed.landing_slot, landed.memo) == (details["slot"], f"{order_id}:1")


def test_building_tells_the_decision_when_the_route_is_chosen() -> None:
    world = World()
    order_id = world.submit(slippage_bps=250)

    world.run()

    details = world.details(order_id, 3)
    quoted = [quote["amount_out"] for quote in details["quotes"]]
    assert {quote["venue"] for quote in details["quotes"]} == {"raydium", "meteora"}
    assert quoted == sorted(quoted, reverse=True)
    route = details["route"]
    assert route["amount_out"] >= quoted[0] == route["baseline"]["amount_out"]
    assert details["min_amount_out"] == min_amount_out(route["amount_out"], 250)
    assert details["last_valid_block_height"] == slot_at(world.clock.at) + 150
    assert details["signature"] == world.landed(order_id)[0].signature


def test_swap_asks_for_one_unit_at_least_when_all_slippage_is_allowed() -> None:
    world = World()
    order_id = world.submit(slippage_bps=10_000)

    world.run()

    assert world.details(order_id, 3)["min_amount_out"] == 1


@any_latency
def test_everything_committed_is_announced_before_every_wait(latency: timedelta) -> None:
    world = World(latency=latency)

    finished(world)

    committed, announced, waits = 1, set(), 0
    for call in world.journal:
        if call.name == "store.save":
            committed += len(call.arguments[0])
        if call.name == "status_queue.announce":
            announced |= {event.sequence for pack in call.arguments[0] for event in pack}
        if call.name == "clock.sleep" or "delay_seconds" in call.keywords:
            waits += 1
            assert announced == set(range(2, committed + 1))
    assert announced == {2, 3, 4, 5}
    assert bool(waits) == bool(latency)


def test_signature_is_committed_before_the_bytes_are_sent() -> None:
    world = World()

    finished(world)

    calls = world.calls("wallet.sign_swap", "store.save", "chain.send")
    assert [call.name for call in calls] == [
        "wallet.sign_swap",
        "store.save",
        "chain.send",
        "store.save",
    ]
    (_, built), (sent,) = calls[1].arguments[0], calls[2].arguments[0]
    assert built.order.transaction == sent


def test_every_signature_is_committed_before_its_bytes_are_sent_when_attempts_fail() -> None:
    world = World(failure_rate_bps=10_000)
    committed, sent = set(), []

    finished(world)

    for call in world.calls("store.save", "chain.send"):
        if call.name == "store.save":
            committed |= {t.order.transaction for t in call.arguments[0]}
        else:
            sent += call.arguments[0]
            assert committed.issuperset(sent)
    assert len(sent) == world.pacing.attempts_max


@pytest.mark.parametrize(
    ("latency", "saves"),
    [
        (timedelta(0), [FIVE[1:3], FIVE[3:]]),
        (timedelta(seconds=2.5), [[status] for status in FIVE[1:]]),
    ],
    ids=str,
)
def test_transitions_are_stored_together_when_they_are_due_at_once(
    latency: timedelta, saves: list[list[str]]
) -> None:
    world = World(latency=latency)

    finished(world)

    stored = [call.arguments[0] for call in world.calls("store.save")]
    assert [[t.order.status for t in transitions] for transitions in stored] == saves


def test_batch_is_stored_and_announced_together_when_its_orders_are_due_together() -> None:
    world = World()
    order_ids = [world.submit() for _ in range(10)]

    world.run()

    saves = [len(call.arguments[0]) for call in world.calls("store.save")]
    assert saves == [20, 20]
    assert len(world.calls("chain.latest_blockhash")) == len(world.calls("chain.send")) == 1
    assert len(world.calls("chain.statuses")) == 1
    assert all(world.statuses(order_id) == FIVE for order_id in order_ids)


def test_order_does_not_wait_for_one_of_its_batch_that_is_due_later() -> None:
    world = World()
    late, early = world.submit(), world.submit()
    now, later = world.clock.now(), world.clock.now() + timedelta(seconds=0.8)
    world.store.orders[late] = replace(world.order(late), due_at=later)

    world.execute(world.take())

    assert (world.order(early).updated_at, world.order(late).updated_at) == (now, later)
    assert world.statuses(early) == world.statuses(late) == FIVE


def test_execution_is_the_same_when_the_world_is() -> None:
    worlds = [World(latency=timedelta(seconds=2), failure_rate_bps=5_000) for _ in range(2)]

    histories = [world.store.history[finished(world)] for world in worlds]

    assert histories[0] == histories[1]
