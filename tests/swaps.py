"""Signed swaps of SOL for USDC, ready to be sent to a chain."""

from typing import Any

from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import Order, OrderId, SignedTransaction
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.routing.best_route import find_route
from chalicelib.domain.routing.routes import Route
from chalicelib.engine.ports.chain import Blockhash
from chalicelib.simulation.market import moment_at_slot, slot_at
from tests.world import ONE_SOL, SOL_USDC, World, exact_in

# How long a blockhash is good for a transaction that names it.
LIFE_BLOCKS = 150


def order(world: World, number: int = 1) -> Order:
    return accept(
        owner_id=ANONYMOUS,
        order_id=OrderId(f"00000000-0000-4000-8000-{number:012d}"),
        trade=exact_in(),
        slippage_bps=100,
        max_price_impact_bps=1_500,
        at=world.clock.now(),
    ).order


def signed(
    world: World,
    *,
    number: int = 1,
    limit: int = 1,
    blockhash: Blockhash | None = None,
) -> SignedTransaction:
    return world.wallet.sign_swap(
        order=order(world, number),
        route=routed(world),
        limit=limit,
        blockhash=blockhash or world.chain.latest_blockhash(),
    )


def routed(world: World) -> Route:
    """A route of one leg."""
    slot = slot_at(world.clock.now())
    mints = SOL_USDC.token_in.mint, SOL_USDC.token_out.mint
    return find_route(cpmm_pools(world, slot), *mints, ONE_SOL, moment_at_slot(slot))


def cpmm_pools(world: World, slot: int) -> list[Any]:
    """The pool of SOL/USDC whose curve is one line to compute."""
    pools = world.market.pools(slot, venue="raydium", pair=SOL_USDC)
    return [pool for pool in pools if pool.kind is PoolKind.CPMM]
