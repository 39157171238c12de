"""Routes of one leg and of several, signed as the swaps of an order."""

from dataclasses import replace
from functools import cache

import pytest

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.lifecycle import accept
from chalicelib.domain.orders.order import OrderId, SignedTransaction
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import ANONYMOUS
from chalicelib.domain.routing.quotes import Quote
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.token_list import find_pair
from tests.world import SOL_USDC, World, exact_in, exact_out

ORDER_ID = OrderId("00000000-0000-4000-8000-000000000001")
RAY_WIF, SOL_RAY = find_pair("RAY", "WIF"), find_pair("SOL", "RAY")
# A route of 8 legs over 2 hops, one of several pools, one of a single pool: of each mode.
LARGE = [exact_in(120_000 * 10**6, RAY_WIF), exact_out(220_000 * 10**6, RAY_WIF)]
MEDIUM = [exact_in(500 * 10**9, SOL_USDC), exact_out(80_000 * 10**6, SOL_USDC)]
SMALL = [exact_in(10**9, SOL_RAY), exact_out(30 * 10**6, SOL_RAY)]


def named(trade: Trade) -> str:
    return f"{trade.mode} {trade.pair.token_in.symbol}-{trade.pair.token_out.symbol}"


several_legs = pytest.mark.parametrize("trade", [*LARGE, *MEDIUM], ids=named)


@cache
def routed(trade: Trade) -> Route:
    """The route at the time when every world begins."""
    return World().deployment.router.find_route(trade)


def signed(world: World, route: Route, limit: int, *, trade: Trade = SMALL[0]) -> SignedTransaction:
    order = accept(
        owner_id=ANONYMOUS,
        order_id=ORDER_ID,
        trade=trade,
        slippage_bps=100,
        max_price_impact_bps=1_500,
        at=world.clock.now(),
    ).order
    return world.wallet.sign_swap(
        order=replace(order, attempt=2),
        route=route,
        limit=limit,
        blockhash=world.chain.latest_blockhash(),
    )


def no_limit(mode: SwapMode) -> int:
    return 0 if mode is SwapMode.EXACT_IN else U64_MAX


def amount_of(leg: Quote, mode: SwapMode) -> int:
    return leg.amount_in if mode is SwapMode.EXACT_IN else leg.amount_out
