"""The value of a listed pool at a price: reserves, ticks, bins or a range that agree with it.

A state is a pure function of the listing, the seed and the price, in integers only. Memories of
volatility are at rest: no swap has moved the pool before.
"""

from functools import lru_cache
from math import isqrt

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool
from chalicelib.domain.pools.clmm.ticks import tick_at
from chalicelib.domain.pools.clmm.volatility import DynamicFee
from chalicelib.domain.pools.cpmm import ConstantProductPool, CreatorFeeOn
from chalicelib.domain.pools.damm_v2.fees import DynamicFee as DammV2DynamicFee
from chalicelib.domain.pools.damm_v2.modes import ActivationType, CollectFeeMode, PoolStatus
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.dlmm.bins import Bin, bin_price
from chalicelib.domain.pools.dlmm.fees import CollectFeeMode as BinFeeMode
from chalicelib.domain.pools.dlmm.fees import StaticParameters, VariableParameters
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.q64 import Q64
from chalicelib.simulation.listings import (
    BinTerms,
    ConcentratedTerms,
    ConstantProductTerms,
    DammV2Terms,
    ListedPool,
)
from chalicelib.simulation.shapes import (
    bin_edge,
    bin_ladder,
    damm_v2_range,
    nearest_bin,
    product_reserves,
    tick_ladder,
)

SimulatedPool = ConstantProductPool | ConcentratedPool | BinPool | DammV2Pool

_PROTOCOL_FEE_RATE = 120_000
_FUND_FEE_RATE = 40_000
_DAMM_V2_PROTOCOL_FEE_PERCENT = 20
_DLMM_PROTOCOL_SHARE = 1_000

_FILTER_PERIOD_SECONDS = 30
_DECAY_PERIOD_SECONDS = 600
_REDUCTION_FACTOR_BPS = 5_000


def pool_state(listed: ListedPool, seed: str, sqrt_price: int) -> SimulatedPool:
    """Return the pool at a sqrt price in Q64.64, base units of token b for one of token a."""
    match listed.terms:
        case ConstantProductTerms() as terms:
            return _constant_product_pool(listed, terms, sqrt_price)
        case ConcentratedTerms() as terms:
            return _concentrated_pool(listed, terms, seed, sqrt_price)
        case BinTerms() as terms:
            return _bin_pool(listed, terms, seed, sqrt_price)
        case DammV2Terms() as terms:
            return _damm_v2_pool(listed, terms, sqrt_price)


def _constant_product_pool(
    listed: ListedPool, terms: ConstantProductTerms, sqrt_price: int
) -> ConstantProductPool:
    reserve_0, reserve_1 = product_reserves(listed, sqrt_price)
    # Fees of about a day of trading wait in the vaults.
    protocol_fees_0, protocol_fees_1 = reserve_0 // 5_000, reserve_1 // 5_000
    fund_fees_0, fund_fees_1 = protocol_fees_0 // 3, protocol_fees_1 // 3
    return ConstantProductPool(
        address=listed.address,
        venue=listed.venue,
        mint_a=listed.token_a.mint,
        mint_b=listed.token_b.mint,
        vault_0=reserve_0 + protocol_fees_0 + fund_fees_0,
        vault_1=reserve_1 + protocol_fees_1 + fund_fees_1,
        protocol_fees_0=protocol_fees_0,
        protocol_fees_1=protocol_fees_1,
        fund_fees_0=fund_fees_0,
        fund_fees_1=fund_fees_1,
        creator_fees_0=0,
        creator_fees_1=0,
        trade_fee_rate=terms.trade_fee_rate,
        protocol_fee_rate=_PROTOCOL_FEE_RATE,
        fund_fee_rate=_FUND_FEE_RATE,
        creator_fee_rate=0,
        enable_creator_fee=False,
        creator_fee_on=CreatorFeeOn.BOTH_TOKEN,
    )


def _concentrated_pool(
    listed: ListedPool, terms: ConcentratedTerms, seed: str, sqrt_price: int
) -> ConcentratedPool:
    tick_current = tick_at(sqrt_price)
    ladder = tick_ladder(listed, terms, seed, tick_current // terms.ticks_apart)
    return ConcentratedPool(
        address=listed.address,
        venue=listed.venue,
        mint_a=listed.token_a.mint,
        mint_b=listed.token_b.mint,
        sqrt_price_x64=sqrt_price,
        tick_current=tick_current,
        liquidity=ladder.liquidity,
        tick_spacing=terms.tick_spacing,
        trade_fee_rate=terms.trade_fee_rate,
        protocol_fee_rate=_PROTOCOL_FEE_RATE,
        fund_fee_rate=_FUND_FEE_RATE,
        fee_on=CollectFeeOn.FROM_INPUT,
        ticks=ladder.ticks,
        dynamic_fee=_tick_fee(tick_current, terms) if terms.has_dynamic_fee else None,
    )


def _tick_fee(tick: int, terms: ConcentratedTerms) -> DynamicFee:
    return DynamicFee(
        filter_period=_FILTER_PERIOD_SECONDS,
        decay_period=_DECAY_PERIOD_SECONDS,
        reduction_factor=_REDUCTION_FACTOR_BPS,
        dynamic_fee_control=5_000,
        max_volatility_accumulator=100_000,
        tick_spacing_index_reference=tick // terms.tick_spacing,
        volatility_reference=0,
        volatility_accumulator=0,
        last_update_timestamp=0,
    )


def _bin_pool(listed: ListedPool, terms: BinTerms, seed: str, sqrt_price: int) -> BinPool:
    bin_step = terms.bin_step
    price = sqrt_price * sqrt_price >> 64
    active_id = nearest_bin(price, bin_step)
    ladder = bin_ladder(listed, terms, seed, active_id)
    # On its way up through a bin the price turns the bin's X into Y.
    lowest, highest = bin_edge(active_id, bin_step), bin_edge(active_id + 1, bin_step)
    amount_y = ladder.active_worth * (price - lowest) // (highest - lowest)
    amount_x = ((ladder.active_worth - amount_y) << 64) // bin_price(active_id, bin_step)
    return BinPool(
        address=listed.address,
        venue=listed.venue,
        mint_a=listed.token_a.mint,
        mint_b=listed.token_b.mint,
        active_id=active_id,
        bin_step=bin_step,
        bins=(*ladder.bids, Bin(active_id, amount_x, amount_y), *ladder.asks),
        parameters=_bin_parameters(terms),
        v_parameters=VariableParameters(
            volatility_accumulator=0,
            volatility_reference=0,
            index_reference=active_id,
            last_update_timestamp=0,
        ),
    )


@lru_cache(maxsize=256)
def _bin_parameters(terms: BinTerms) -> StaticParameters:
    return StaticParameters(
        base_factor=terms.base_factor,
        base_fee_power_factor=0,
        variable_fee_control=terms.variable_fee_control,
        filter_period=_FILTER_PERIOD_SECONDS,
        decay_period=_DECAY_PERIOD_SECONDS,
        reduction_factor=_REDUCTION_FACTOR_BPS,
        max_volatility_accumulator=350_000,
        protocol_share=_DLMM_PROTOCOL_SHARE,
        collect_fee_mode=BinFeeMode.INPUT_ONLY,
    )


def _damm_v2_pool(listed: ListedPool, terms: DammV2Terms, sqrt_price: int) -> DammV2Pool:
    token_a_amount = token_b_amount = 0
    if terms.collect_fee_mode == CollectFeeMode.COMPOUNDING:
        token_a_amount, token_b_amount = product_reserves(listed, sqrt_price)
        sqrt_price = isqrt((token_b_amount << 128) // token_a_amount)
    liquidity, sqrt_min_price, sqrt_max_price = damm_v2_range(listed, terms)
    return DammV2Pool(
        address=listed.address,
        venue=listed.venue,
        mint_a=listed.token_a.mint,
        mint_b=listed.token_b.mint,
        status=PoolStatus.ENABLE,
        activation_type=ActivationType.SLOT,
        activation_point=listed.listed_at_slot,
        collect_fee_mode=terms.collect_fee_mode,
        fee_version=0,
        sqrt_price=sqrt_price,
        sqrt_min_price=sqrt_min_price,
        sqrt_max_price=sqrt_max_price,
        liquidity=liquidity,
        token_a_amount=token_a_amount,
        token_b_amount=token_b_amount,
        protocol_fee_percent=_DAMM_V2_PROTOCOL_FEE_PERCENT,
        referral_fee_percent=20,
        compounding_fee_bps=5_000 if terms.collect_fee_mode == CollectFeeMode.COMPOUNDING else 0,
        base_fee=terms.base_fee,
        dynamic_fee=_damm_v2_fee(sqrt_price) if terms.has_dynamic_fee else None,
    )


def _damm_v2_fee(sqrt_price: int) -> DammV2DynamicFee:
    return DammV2DynamicFee(
        bin_step=1,
        bin_step_u128=Q64 // 10_000,
        variable_fee_control=50,
        filter_period=10,
        decay_period=120,
        reduction_factor=_REDUCTION_FACTOR_BPS,
        max_volatility_accumulator=14_460_000,
        volatility_accumulator=0,
        volatility_reference=0,
        sqrt_price_reference=sqrt_price,
        last_update_timestamp=0,
    )
