"""What a launched pool is at a slot: its curve at the course of its token, empty before it is
funded and after it is drained, and the rules that its token brings. And what can be seen of it."""

from dataclasses import replace
from itertools import pairwise

from chalicelib.domain.amounts import ceil_div
from chalicelib.domain.pools.clmm.pool import ConcentratedPool
from chalicelib.domain.pools.clmm.ticks import sqrt_price_at
from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.damm_v2.fees import Swap
from chalicelib.domain.pools.damm_v2.modes import CollectFeeMode
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.restricted import RestrictedPool
from chalicelib.simulation.launches import Launch
from chalicelib.simulation.listings import (
    BinTerms,
    ConcentratedTerms,
    ConstantProductTerms,
    DammV2Terms,
    Terms,
)
from chalicelib.simulation.noise import ONE
from chalicelib.simulation.pool_states import SimulatedPool, pool_state
from chalicelib.simulation.shapes import sqrt_price_of

# A listed pool is one of the first, a launched one any of them.
MarketPool = SimulatedPool | RestrictedPool


def launched_pool(launch: Launch, slot: int) -> MarketPool:
    """Return the pool as it is at a slot of its life."""
    pool = curve_of(launch, slot)
    opens_slot = launch.opens_slot
    if slot >= opens_slot and launch.is_sellable and not launch.transfer_fee_bps:
        return pool
    return RestrictedPool(
        pool=pool,
        mint=launch.token.mint,
        transfer_fee_bps=launch.transfer_fee_bps,
        is_sellable=launch.is_sellable,
        opens_slot=opens_slot,
    )


def curve_of(launch: Launch, slot: int) -> SimulatedPool:
    """Return the pool without the rules of its token."""
    start_price, quote_price = launch.pool.standing_prices
    price = start_price * launch.course_ppb(slot)
    pool = pool_state(
        launch.pool, launch.seed, sqrt_price_of(launch.pool, price, quote_price * ONE)
    )
    return pool if launch.holds_liquidity(slot) else _emptied(pool)


def _emptied(pool: SimulatedPool) -> SimulatedPool:
    match pool:
        case ConstantProductPool():
            return replace(
                pool,
                vault_0=0,
                vault_1=0,
                protocol_fees_0=0,
                protocol_fees_1=0,
                fund_fees_0=0,
                fund_fees_1=0,
            )
        case ConcentratedPool():
            return replace(pool, liquidity=0, ticks=())
        case BinPool():
            return replace(pool, bins=())
        case DammV2Pool():
            return replace(pool, liquidity=0, token_a_amount=0, token_b_amount=0)


def quote_liquidity(pool: SimulatedPool) -> int:
    """Return the base units of token B that the pool can give for token A."""
    match pool:
        case ConstantProductPool():
            return pool.reserve_1
        case ConcentratedPool():
            return _below_price(pool)
        case BinPool():
            return sum(held.amount_y for held in pool.bins)
        case DammV2Pool(collect_fee_mode=CollectFeeMode.COMPOUNDING):
            return pool.token_b_amount
        case DammV2Pool():
            return pool.liquidity * (pool.sqrt_price - pool.sqrt_min_price) >> 128


def _below_price(pool: ConcentratedPool) -> int:
    liquidity = total = 0
    for tick, above in pairwise(pool.ticks):
        liquidity += tick.liquidity_net
        lowest = sqrt_price_at(tick.tick)
        highest = min(sqrt_price_at(above.tick), pool.sqrt_price_x64)
        total += max(0, liquidity * (highest - lowest) >> 64)
    return total


def fee_bps(terms: Terms, slots_after_creation: int) -> int:
    """Return what the pool takes of a swap, its memory of volatility at rest, rounded up."""
    match terms:
        case ConstantProductTerms(trade_fee_rate=rate) | ConcentratedTerms(trade_fee_rate=rate):
            return ceil_div(rate, 100)
        case BinTerms(bin_step=bin_step, base_factor=base_factor):
            return ceil_div(base_factor * bin_step, 10_000)
        case DammV2Terms(base_fee=base_fee):
            swap = Swap(is_a_to_b=False, elapsed=slots_after_creation)
            return ceil_div(base_fee.numerator_of_included(0, swap), 100_000)
