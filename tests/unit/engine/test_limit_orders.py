"""Limit orders: what they promise, whatever becomes of their transactions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.orders.terms import LimitTerms, TimeInForce, limit_of_part
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.engine.errors import AlreadyConfirmedError
from chalicelib.engine.messages import ExecuteOrder
from chalicelib.engine.router import Router
from chalicelib.simulation.market import SLOT
from tests.world import ONE_SOL, SOL_USDC, World, exact_in, exact_out, ticks

FIVE = ["open", "routing", "building", "submitted", "confirmed"]
LATENCY = timedelta(seconds=2)
LONG = timedelta(minutes=3)


def quoted(world: World, amount_in: int = ONE_SOL) -> int:
    """What the market gives for that now."""
    return world.deployment.router.find_route(exact_in(amount_in)).amount_out


def quoted_in_the_next_slot(world: World) -> int:
    world.clock.at += SLOT
    amount_out = quoted(world)
    world.clock.at -= SLOT
    return amount_out


def limit(amount: int, time_in_force: TimeInForce = TimeInForce.GTC) -> LimitTerms:
    return LimitTerms(limit=amount, time_in_force=time_in_force)


def statuses(world: World, order_id: OrderId) -> list[str]:
    return [str(status) for status in world.statuses(order_id)]


def go_on(world: World, span: timedelta) -> None:
    """Let watchers and workers be at work for so long."""
    until = world.clock.at + span
    while world.clock.at < until:
        world.watch(timedelta(seconds=1))
        world.run()
        world.clock.at += timedelta(milliseconds=100)


def test_limit_that_can_be_filled_is_executed_at_once_with_its_own_limit() -> None:
    world = World()
    least = quoted(world) - 1_000_000

    order_id = world.submit(terms=limit(least))
    world.run()

    assert statuses(world, order_id) == FIVE
    assert world.details(order_id, 2)["trigger"]["kind"] == "limit"
    # Not that of a quote and its slippage.
    assert world.details(order_id, 3)["min_amount_out"] == least
    [entry] = world.landed(order_id)
    assert entry.amount_out is not None
    assert entry.amount_out >= quoted(world)


def test_exact_out_limit_bounds_what_is_paid() -> None:
    world = World()
    dollars = 100 * 10**6
    most = world.deployment.router.find_route(exact_out(dollars)).amount_in + 10_000

    order_id = world.submit(amount_out=dollars, terms=limit(most))
    too_dear = world.submit(amount_out=dollars, terms=limit(most // 2))
    world.run()

    assert world.details(order_id, 3)["max_amount_in"] == most
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    assert statuses(world, too_dear) == ["open"]


def test_limit_beyond_the_market_stays_open_without_an_event_and_uses_no_attempt() -> None:
    world = World()

    order_id = world.submit(terms=limit(quoted(world) + 1_000))
    world.run()

    order = world.order(order_id)
    assert (statuses(world, order_id), order.attempt) == (["open"], 0)
    [row] = world.store.watches[order_id]
    assert row.recheck_at == world.clock.at + timedelta(seconds=10)


def test_limit_is_filled_when_the_market_comes_to_it() -> None:
    world = World()
    first, seen = world.clock.at, []
    for slots in range(400):
        world.clock.at = first + slots * SLOT
        seen.append(quoted(world))
    lowest = min(range(200), key=seen.__getitem__)
    reached = max(seen[lowest : lowest + 200])
    assert reached > seen[lowest]
    world.clock.at = first + lowest * SLOT

    order_id = world.submit(terms=limit(reached))
    go_on(world, timedelta(minutes=2))

    assert statuses(world, order_id)[-1] == "confirmed"
    [entry] = world.landed(order_id)
    assert entry.amount_out is not None
    assert entry.amount_out >= reached


def test_limit_whose_transaction_fails_waits_again_and_says_why() -> None:
    world = World(failure_rate_bps=10_000)
    order_id = world.submit(terms=limit(1))

    world.run()

    assert statuses(world, order_id) == ["open", "routing", "building", "submitted", "open"]
    assert world.details(order_id, 5)["unfilled"]["code"] == "TRANSACTION_FAILED"
    order = world.order(order_id)
    assert order.transaction is None
    assert order.due_at == order.updated_at + timedelta(seconds=10)
    go_on(world, timedelta(seconds=9))
    assert order.sequence == world.order(order_id).sequence
    go_on(world, timedelta(seconds=35))
    # Attempts have numbers and no end.
    assert world.order(order_id).attempt >= 4
    assert len({entry.memo for entry in world.landed(order_id)}) == len(world.landed(order_id))


def test_limit_is_open_again_when_it_moved_out_of_reach_before_it_was_routed() -> None:
    world = World(latency=LATENCY)
    # A tenth of the latency later the next slot has begun.
    world.clock.at += timedelta(milliseconds=300)
    now = quoted(world)
    for _ in range(100):
        if (after := quoted_in_the_next_slot(world)) < now:
            break
        now = after
        world.clock.at += SLOT
    order_id = world.submit(terms=limit(now))

    world.run()

    assert statuses(world, order_id) == ["open", "routing", "open"]
    assert world.details(order_id, 3)["unfilled"]["code"] == "NOT_FILLABLE"
    assert world.landed(order_id) == []


def test_fill_or_kill_fails_when_less_than_all_can_be_filled() -> None:
    world = World()
    least = quoted(world)

    kept = world.submit(terms=limit(least, TimeInForce.FOK))
    killed = world.submit(terms=limit(least + 1_000, TimeInForce.FOK))
    world.run()

    assert statuses(world, kept)[0] == "pending"
    assert statuses(world, kept)[-1] == "confirmed"
    assert statuses(world, killed) == ["pending", "routing", "failed"]
    assert world.details(killed, 3)["code"] == "NOT_FILLABLE"


@pytest.mark.parametrize("mode", SwapMode)
def test_immediate_or_cancel_fills_the_largest_part_within_the_limit(mode: SwapMode) -> None:
    world = World()
    router: Router = world.deployment.router
    amount = 20_000 * ONE_SOL if mode is SwapMode.EXACT_IN else 2_000_000 * 10**6
    trade = exact_in(amount) if mode is SwapMode.EXACT_IN else exact_out(amount)
    small = replace(trade, amount=amount // 1_000)
    # A tenth of a percent worse than what little of it would get.
    at_best = router.find_route(small).amount_quoted * 1_000
    bound = at_best * 999 // 1_000 if mode is SwapMode.EXACT_IN else at_best * 1_001 // 1_000
    amounts = {"amount_in": amount} if mode is SwapMode.EXACT_IN else {"amount_out": amount}

    order_id = world.submit(terms=limit(bound, TimeInForce.IOC), **amounts)
    world.run()

    assert statuses(world, order_id)[-1] == "confirmed"
    details = world.details(order_id, world.order(order_id).sequence)
    is_exact_in = mode is SwapMode.EXACT_IN
    side, other = ("amount_in", "amount_out") if is_exact_in else ("amount_out", "amount_in")
    filled, got = details[side], details[other]
    assert 0 < filled < amount
    assert details[f"{side}_unfilled"] == amount - filled
    # The part keeps the rate, and a little more would not.
    of_part = limit_of_part(trade, bound, filled)
    assert got >= of_part if is_exact_in else got <= of_part
    more = replace(trade, amount=filled + amount // 1_000)
    worse = router.find_route(more).amount_quoted
    of_more = limit_of_part(trade, bound, more.amount)
    assert worse < of_more if is_exact_in else worse > of_more


def test_immediate_or_cancel_fails_when_no_part_can_be_filled() -> None:
    world = World()

    order_id = world.submit(terms=limit(U64_MAX, TimeInForce.IOC))
    world.run()

    assert statuses(world, order_id) == ["pending", "routing", "failed"]
    assert world.details(order_id, 3)["code"] == "NOT_FILLABLE"


def test_immediate_or_cancel_leaves_nothing_when_all_of_it_is_filled() -> None:
    world = World()

    order_id = world.submit(terms=limit(1, TimeInForce.IOC))
    world.run()

    assert world.details(order_id, 5)["amount_in_unfilled"] == 0


def world_with_a_submitted_limit(**troubles: int) -> tuple[World, OrderId]:
    world = World(latency=LATENCY, **troubles)
    order_id = world.submit(
        terms=limit(1, TimeInForce.GTT), expires_at=world.clock.at + timedelta(seconds=20)
    )
    while world.order(order_id).status is not OrderStatus.SUBMITTED:
        world.order_queue.messages.clear()
        world.execute([ExecuteOrder(order_id=order_id)], has_time=ticks(1))
        world.clock.sleep(0.1)
    world.order_queue.enqueue([ExecuteOrder(order_id=order_id)])
    return world, order_id


def test_transaction_that_lands_after_the_order_has_expired_confirms_it() -> None:
    world, order_id = world_with_a_submitted_limit()

    world.clock.at += LONG
    world.run()

    assert statuses(world, order_id)[-1] == "confirmed"
    assert len(world.landed(order_id)) == 1


@pytest.mark.parametrize("trouble", ["failure_rate_bps", "drop_rate_bps"])
def test_order_expires_when_its_time_is_up_and_its_transaction_dead(trouble: str) -> None:
    world, order_id = world_with_a_submitted_limit(**{trouble: 10_000})

    world.clock.at += timedelta(seconds=30)
    if trouble == "drop_rate_bps":
        # Unknown is not dead.
        world.execute(world.take(), has_time=ticks(3))
        assert world.order(order_id).status is OrderStatus.SUBMITTED
        world.order_queue.enqueue([ExecuteOrder(order_id=order_id)])
    world.clock.at += LONG
    world.run()

    assert statuses(world, order_id)[-2:] == ["submitted", "expired"]
    assert all(entry.error_code for entry in world.landed(order_id))


@pytest.mark.parametrize("trouble", ["failure_rate_bps", "drop_rate_bps"])
def test_cancelled_limit_is_never_open_again_when_its_transaction_is_dead(trouble: str) -> None:
    world, order_id = world_with_a_submitted_limit(**{trouble: 10_000})

    assert world.cancel(order_id).cancel_requested
    world.clock.at += LONG
    world.run()

    assert statuses(world, order_id)[-1] == "cancelled"


def test_confirmed_limit_cannot_be_cancelled() -> None:
    world = World()
    order_id = world.submit(terms=limit(1))
    world.run()

    with pytest.raises(AlreadyConfirmedError):
        world.cancel(order_id)
    assert len(world.landed(order_id)) == 1


def test_order_that_is_being_routed_expires_when_its_time_is_up() -> None:
    world = World(latency=LATENCY)
    order_id = world.submit(
        terms=limit(1, TimeInForce.GTT), expires_at=world.clock.at + timedelta(seconds=1)
    )
    world.execute(world.take(), has_time=ticks(1))
    assert world.order(order_id).status is OrderStatus.ROUTING

    world.clock.at += timedelta(seconds=5)
    world.run()

    assert statuses(world, order_id) == ["open", "routing", "expired"]
    assert world.landed(order_id) == []


def test_limit_fails_once_with_the_reason_when_its_pools_are_gone() -> None:
    world = World()
    order_id = world.submit(terms=limit(U64_MAX))
    world.venues.clear()
    world.deployment.world.venues.clear()

    go_on(world, timedelta(seconds=30))

    assert statuses(world, order_id) == ["open", "failed"]
    assert world.details(order_id, 2)["code"] == "UNKNOWN_PAIR"
    assert world.store.watches == {}


def test_limit_stays_open_when_something_unexpected_is_raised_during_a_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    order_id = world.submit(terms=limit(1))

    def broken(self: Router, order: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as fault:
        fault.setattr(Router, "find_order_route", broken)
        world.run()
    assert statuses(world, order_id) == ["open"]
    go_on(world, timedelta(seconds=15))

    assert statuses(world, order_id) == FIVE


def test_open_order_is_left_alone_when_a_message_about_it_is_dead() -> None:
    world = World()
    order_id = world.submit(terms=limit(U64_MAX))

    kept = world.rescuer.rescue([ExecuteOrder(order_id=order_id, rescues=1)])

    assert kept == set()
    assert statuses(world, order_id) == ["open"]


def test_open_orders_are_nobodys_to_sweep_or_to_bring_back() -> None:
    world = World()
    world.submit(terms=limit(U64_MAX))
    world.run()
    world.clock.at += timedelta(hours=1)

    assert world.sweeper.sweep() == 0
    for _ in range(3):
        world.submit()
        world.run()
        world.clock.at += timedelta(seconds=20)
    assert SOL_USDC in {order.pair for order in world.store.orders.values()}
    assert world.sweeper.sweep() == 0


def test_price_whose_fees_are_past_the_limit_leaves_the_order_open() -> None:
    world = World()
    rate = world.rate()
    # What the best path gives before impact, for a large amount.
    amount = 1_000 * ONE_SOL
    least = amount * rate // 10**30

    order_id = world.submit(amount_in=amount, terms=limit(least))
    go_on(world, timedelta(seconds=5))

    assert statuses(world, order_id) == ["open"]
