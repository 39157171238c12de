"""Routes to plan: over few and many pools of one pair, and over the whole simulated market.

Half of the requests see venues some bps apart, as the market usually has them; the others see
venues that agree, where an amount is divided over more pools.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, cycle, product
from typing import NamedTuple

from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.routing.best_route import (
    Route,
    RoutingRules,
    find_route,
    find_route_exact_out,
    leg_cost,
)
from chalicelib.domain.token_list import SOL, USDC, find_pair
from chalicelib.domain.tokens import Pair
from chalicelib.simulation.listings import CLMM_25_BPS
from chalicelib.simulation.market import POOLS, RAYDIUM, ListedPool, Market, moment_at_slot
from chalicelib.simulation.pool_states import SimulatedPool
from chalicelib.solana.instructions import COMPUTE_UNITS_PER_LEG
from infra.verify.bench.buckets import SEED, amount_worth, varied

# The fee of a transaction at the engine's usual price of computing: 50,000 micro-lamports.
_LEG_COST_LAMPORTS = COMPUTE_UNITS_PER_LEG * 50_000 // 1_000_000
# All fee schedules have come to their end.
_SLOT = 60_000_000
_DOLLARS = (1_000, 10_000, 100_000)
_DOLLARS_FOR_EIGHT = (1_000, 50_000, 1_000_000)

# The market has seven pools for SOL/USDC.
_EIGHTH = ListedPool(
    venue=RAYDIUM,
    address="8thSoLUsdcPooLofTheRouterBenchmark1111111111",
    token_a=SOL,
    token_b=USDC,
    depth_usd=2_500_000,
    terms=CLMM_25_BPS,
)
_PAIRS_OF_TWO = (("SOL", "USDT"), ("SOL", "BONK"), ("USDC", "USDT"))
_PAIRS_OF_EIGHT = (("SOL", "USDC"),)
_PAIRS_OF_ALL = (("BONK", "USDT"), ("mSOL", "USDT"), ("WIF", "JUP"))


class Size(NamedTuple):
    """How many pools a plan is made over, and how many hops it may have."""

    pools: int
    hops_max: int


TWO_POOLS = Size(pools=2, hops_max=1)
EIGHT_POOLS = Size(pools=8, hops_max=1)
WHOLE_MARKET = Size(pools=len(POOLS), hops_max=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A trade and the pools to plan it over, with the engine's rules."""

    pools: tuple[SimulatedPool, ...]
    pair: Pair
    mode: SwapMode
    amount: int
    at: Moment
    rules: RoutingRules

    def plan(self, turn: int) -> Route:
        """Return the route for about the same amount at every turn, never the same."""
        find = find_route if self.mode is SwapMode.EXACT_IN else find_route_exact_out
        mints = self.pair.token_in.mint, self.pair.token_out.mint
        return find(self.pools, *mints, varied(self.amount, turn), self.at, self.rules)


Case = tuple[Size, SwapMode]


def find_requests() -> dict[Case, list[Request]]:
    """Return the requests for each size, exact-in and exact-out."""
    trades = {
        TWO_POOLS: list(_two_pools()),
        EIGHT_POOLS: list(_eight_pools()),
        WHOLE_MARKET: list(_whole_market()),
    }
    return {
        (size, mode): [trade.request(size, mode) for trade in trades[size]]
        for size, mode in product(trades, SwapMode)
    }


class _Trade(NamedTuple):
    """Dollars of a pair's one token for the other, over some pools of a market."""

    market: Market
    pools: Sequence[SimulatedPool]
    pair: Pair
    dollars: int

    def request(self, size: Size, mode: SwapMode) -> Request:
        pair = self.pair
        token = pair.token_in if mode is SwapMode.EXACT_IN else pair.token_out
        cost = leg_cost(self.pools, SOL.mint, pair.token_out.mint, _LEG_COST_LAMPORTS)
        return Request(
            pools=tuple(self.pools),
            pair=pair,
            mode=mode,
            amount=amount_worth(self.market, self.dollars, token, _SLOT),
            at=moment_at_slot(_SLOT),
            rules=RoutingRules(hops_max=size.hops_max, cost_per_leg=cost),
        )


def _two_pools() -> Iterator[_Trade]:
    """Each Raydium pool with each of Meteora's; the amounts take turns."""
    for market, pair in product(_markets(POOLS), _both_ways(_PAIRS_OF_TWO)):
        pools = market.pools(_SLOT, pair=pair)
        couples = [(a, b) for a, b in combinations(pools, 2) if a.venue != b.venue]
        for couple, dollars in zip(couples, cycle(_DOLLARS), strict=False):
            yield _Trade(market, couple, pair, dollars)


def _eight_pools() -> Iterator[_Trade]:
    markets, pairs = _markets((*POOLS, _EIGHTH)), _both_ways(_PAIRS_OF_EIGHT)
    for market, pair, dollars in product(markets, pairs, _DOLLARS_FOR_EIGHT):
        yield _Trade(market, market.pools(_SLOT, pair=pair), pair, dollars)


def _whole_market() -> Iterator[_Trade]:
    for market, pair in product(_markets(POOLS), _both_ways(_PAIRS_OF_ALL)):
        yield _Trade(market, market.pools(_SLOT), pair, _DOLLARS[1])


def _markets(listings: tuple[ListedPool, ...]) -> tuple[Market, Market]:
    return (
        Market(seed=SEED, listings=listings),
        Market(seed=SEED, listings=listings, gap_bps_min=0, gap_bps_max=0),
    )


def _both_ways(pairs: Sequence[tuple[str, str]]) -> list[Pair]:
    return [find_pair(*names) for one, other in pairs for names in ((one, other), (other, one))]
