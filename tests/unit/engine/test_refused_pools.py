"""What an order learns from a pool that refused its transaction."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.amounts import BPS
from chalicelib.domain.orders.order import OrderId, OrderStatus
from chalicelib.domain.token_list import find_pair
from chalicelib.entrypoints.wire.events import event_document
from tests.world import ONE_SOL, World, exact_in

LARGE = 20_000 * ONE_SOL
LATENCY = timedelta(seconds=2.5)


def refuse(world: World, pool_address: str, times: int) -> None:
    """Let the chain say so often of what has landed that this pool refused it."""

    def doctor() -> None:
        for signature, entry in world.ledger.entries.items():
            if entry.error_code is None:
                world.ledger.entries[signature] = replace(
                    entry,
                    amount_in=None,
                    amount_out=None,
                    legs=(),
                    error_code="INSUFFICIENT_LIQUIDITY",
                    refused_by=pool_address,
                )
        if sum(entry.refused_by is not None for entry in world.ledger.entries.values()) < times:
            world.meanwhile("chain.statuses", doctor)

    world.meanwhile("chain.statuses", doctor)


def paid_to(world: World, order_id: OrderId, pool_address: str) -> list[int]:
    """What each attempt paid to the pool."""
    built = [
        event.details.decision.route.legs
        for event in world.store.history[order_id]
        if event.status is OrderStatus.BUILDING
    ]
    return [
        sum(leg.offer.amount_in for leg in legs if leg.offer.pool_address == pool_address)
        for legs in built
    ]


def routing(world: World, order_id: OrderId) -> list[Any]:
    """The events with which attempts began, as clients see them."""
    history = world.store.history[order_id]
    return [event_document(event) for event in history if event.status is OrderStatus.ROUTING]


def largest_leg(world: World) -> str:
    route = world.deployment.router.find_route(exact_in(LARGE))
    return max(route.legs, key=lambda leg: leg.amount_in).pool_address


def test_pool_that_refused_is_paid_less_then_nothing_and_named_with_each_attempt() -> None:
    world = World(latency=LATENCY)
    pool_address = largest_leg(world)
    refuse(world, pool_address, times=2)
    order_id = world.submit(amount_in=LARGE, max_price_impact_bps=BPS)

    world.run()

    first, second, third = paid_to(world, order_id, pool_address)
    assert first > second > third == 0
    assert world.order(order_id).status is OrderStatus.CONFIRMED
    begun, again, at_last = routing(world, order_id)
    assert "refusedBy" not in begun
    assert again["retryOf"]["code"] == "TRANSACTION_FAILED"
    assert again["refusedBy"] == at_last["refusedBy"] == [pool_address]


def test_pool_that_refused_is_not_forgotten_when_the_worker_dies_between_attempts() -> None:
    world = World()
    pool_address = largest_leg(world)
    refuse(world, pool_address, times=1)
    order_id = world.submit(amount_in=LARGE, max_price_impact_bps=BPS)
    messages = world.take()

    world.execute(messages, has_time=lambda: len(routing(world, order_id)) < 2)
    assert world.order(order_id).status is OrderStatus.ROUTING
    world.execute(messages)

    first, second = paid_to(world, order_id, pool_address)
    assert 0 <= second < first
    assert world.order(order_id).refused_by == (pool_address,)
    assert world.order(order_id).as_accepted().refused_by == ()


def test_no_pool_is_blamed_when_the_limit_was_missed() -> None:
    world = World(latency=LATENCY)
    order_id = world.submit(slippage_bps=0)

    world.run()

    assert routing(world, order_id)[1]["retryOf"]["code"] == "SLIPPAGE_EXCEEDED"
    assert all("refusedBy" not in event for event in routing(world, order_id))


def test_order_that_is_too_large_fails_with_what_could_be_filled() -> None:
    world = World()
    order_id = world.submit(amount_out=10**9 * 10**6)

    world.run()

    failed = event_document(world.store.history[order_id][-1])
    assert failed["code"] == "INSUFFICIENT_LIQUIDITY"
    assert 10**6 < float(failed["amountOutMax"]) < 10**9
    assert f"At most {failed['amountOutMax']} USDC can be bought now." in failed["message"]


LARGE_TRADES = {
    ("SOL", "USDC"): (50_000, 100_000, 300_000),
    ("USDC", "SOL"): (1_000_000, 5_000_000, 8_000_000),
    ("JUP", "SOL"): (300_000, 1_000_000),
    ("WIF", "JUP"): (300_000, 1_000_000),
}


@pytest.mark.parametrize("seed", ["one", "two", "three"])
def test_large_order_that_was_quoted_is_confirmed_at_the_first_attempt(seed: str) -> None:
    world = World(seed=seed, latency=LATENCY)
    attempts = []
    for (paid, received), sizes in LARGE_TRADES.items():
        for size in sizes:
            pair = find_pair(paid, received)
            amount_in = size * 10**pair.token_in.decimals
            assert world.deployment.router.find_route(exact_in(amount_in, pair)).amount_out
            order_id = world.submit(
                amount_in=amount_in, pair=pair, slippage_bps=500, max_price_impact_bps=BPS
            )
            world.run()
            attempts.append((world.order(order_id).status, world.order(order_id).attempt))
            world.clock.at += timedelta(minutes=17)

    assert attempts == [(OrderStatus.CONFIRMED, 1)] * 10


def test_what_a_quote_says_can_be_filled_is_filled_some_seconds_later() -> None:
    world = World(latency=LATENCY)
    for _ in range(5):
        asked = world.submit(amount_out=10**9 * 10**6)
        world.run()
        details = world.store.history[asked][-1].details
        world.clock.at += timedelta(seconds=10)
        order_id = world.submit(
            amount_out=details.failure.amount_out_max, slippage_bps=BPS, max_price_impact_bps=BPS
        )
        world.run()

        assert world.order(order_id).status is OrderStatus.CONFIRMED
        world.clock.at += timedelta(minutes=31)
