from dataclasses import replace
from datetime import timedelta

import pytest
from solders.pubkey import Pubkey

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.domain.token_list import find_pair
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import moment_at_slot, slot_at
from tests.unit.multi_leg import (
    LARGE,
    MEDIUM,
    SMALL,
    amount_of,
    named,
    no_limit,
    routed,
    several_legs,
    signed,
)
from tests.world import World


def landed(world, route, limit):
    world.chain.send([signed(world, route, limit)])
    (entry,) = world.ledger.entries.values()
    return entry


def landing_slot(world):
    return slot_at(world.clock.now() + world.pacing.confirmation_first)


def fills_at(world, route, slot):
    legs = [
        Leg(world.market.pool(leg.pool_address, slot), leg.input_mint, amount_of(leg, route.mode))
        for leg in route.legs
    ]
    return fill(legs, route.mode, moment_at_slot(slot))


def total_at(world, route, slot):
    """The amount that follows from the pools, as the route's legs move it at that slot."""
    fills = list(zip(route.legs, fills_at(world, route, slot), strict=True))
    if route.mode is SwapMode.EXACT_IN:
        last = route.legs[-1].output_mint
        return sum(quote.amount_out for leg, quote in fills if leg.output_mint == last)
    first = route.legs[0].input_mint
    return sum(quote.amount_in for leg, quote in fills if leg.input_mint == first)


@pytest.mark.parametrize("trade", [*LARGE, *MEDIUM, *SMALL], ids=named)
@pytest.mark.parametrize("latency_seconds", [0, 2.5, 20])
def test_legs_move_what_the_pools_of_the_landing_slot_quote(trade, latency_seconds):
    world = World(latency=timedelta(seconds=latency_seconds))
    route = routed(trade)
    slot = landing_slot(world)

    entry = landed(world, route, no_limit(trade.mode))

    assert (entry.landing_slot, entry.error_code) == (slot, None)
    assert [(leg.pool_address, leg.input_mint, leg.output_mint) for leg in entry.legs] == [
        (leg.pool_address, leg.input_mint, leg.output_mint) for leg in route.legs
    ]
    assert [(leg.amount_in, leg.amount_out) for leg in entry.legs] == [
        (quote.amount_in, quote.amount_out) for quote in fills_at(world, route, slot)
    ]
    exact, other = (
        (entry.amount_in, entry.amount_out)
        if trade.mode is SwapMode.EXACT_IN
        else (entry.amount_out, entry.amount_in)
    )
    assert (exact, other) == (trade.amount, total_at(world, route, slot))


@pytest.mark.parametrize("trade", [*LARGE, *MEDIUM, *SMALL], ids=named)
@pytest.mark.parametrize(
    ("beyond", "error_code"), [(0, None), (1, "SLIPPAGE_EXCEEDED")], ids=["just", "beyond"]
)
def test_swap_fails_whole_when_its_total_is_one_unit_beyond_the_limit(trade, beyond, error_code):
    world = World(latency=timedelta(seconds=2.5))
    route = routed(trade)
    total = total_at(world, route, landing_slot(world))
    is_exact_in = trade.mode is SwapMode.EXACT_IN

    entry = landed(world, route, total + beyond if is_exact_in else total - beyond)

    assert entry.error_code == error_code
    assert bool(entry.legs) == (error_code is None)
    if error_code:
        assert (entry.amount_in, entry.amount_out) == (None, None)


@several_legs
def test_swap_fails_whole_when_one_leg_calls_another_program(trade):
    world = World()
    route = routed(trade)
    last = route.legs[-1]
    other = next(kind for kind in PoolKind if kind is not last.kind)

    entry = landed(
        world,
        replace(route, legs=(*route.legs[:-1], replace(last, kind=other))),
        no_limit(trade.mode),
    )

    assert (entry.error_code, entry.legs, entry.amount_out) == ("WRONG_PROGRAM", (), None)


@several_legs
def test_swap_fails_whole_when_one_pool_is_not_listed(trade):
    world = World()
    route = routed(trade)
    unknown = replace(route.legs[-1], pool_address=str(Pubkey.new_unique()))

    entry = landed(world, replace(route, legs=(*route.legs[:-1], unknown)), no_limit(trade.mode))

    assert (entry.error_code, entry.legs, entry.amount_out) == ("POOL_NOT_LISTED", (), None)


def test_swap_fails_when_its_pool_is_listed_after_the_landing_slot():
    route = routed(SMALL[0])
    (leg,) = route.legs
    later = [replace(pool, listed_at_slot=route.slot + 1) for pool in POOLS]
    world = World(listings=tuple(pool for pool in later if pool.address == leg.pool_address))

    assert landed(world, route, 0).error_code == "POOL_NOT_LISTED"


@pytest.mark.parametrize("name", ["input_mint", "output_mint"])
def test_swap_fails_when_its_pool_does_not_trade_the_mint(name):
    world = World()
    route = routed(SMALL[0])
    other = find_pair("BONK", "SOL").token_in.mint
    (leg,) = route.legs

    entry = landed(world, replace(route, legs=(replace(leg, **{name: other}),)), 0)

    assert (entry.error_code, entry.legs) == ("MINT_NOT_IN_POOL", ())


@pytest.mark.parametrize("trade", LARGE, ids=named)
def test_swap_fails_whole_when_a_hop_is_given_no_weight(trade):
    world = World()
    route = routed(trade)
    is_exact_in = trade.mode is SwapMode.EXACT_IN
    weighted = route.legs[-1].input_mint if is_exact_in else route.legs[0].input_mint
    legs = tuple(
        replace(leg, amount_in=0, amount_out=0) if leg.input_mint == weighted else leg
        for leg in route.legs
    )

    entry = landed(world, replace(route, legs=legs), no_limit(trade.mode))

    assert (entry.error_code, entry.legs) == ("ZERO_AMOUNT", ())
