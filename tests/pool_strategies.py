"""Pools of every kind as the main network could hold them, limit orders among them."""

from hypothesis import strategies as st

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.ticks import sqrt_price_at
from chalicelib.domain.pools.clmm.volatility import DynamicFee
from chalicelib.domain.pools.cpmm import ConstantProductPool, CreatorFeeOn
from chalicelib.domain.pools.damm_v2 import fees as damm_fees
from chalicelib.domain.pools.damm_v2.modes import (
    ActivationType,
    PoolStatus,
)
from chalicelib.domain.pools.damm_v2.modes import (
    CollectFeeMode as DammCollectFeeMode,
)
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.dlmm.bins import Bin, BinOrders
from chalicelib.domain.pools.dlmm.fees import (
    CollectFeeMode,
    StaticParameters,
    VariableParameters,
)
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.q64 import Q64
from chalicelib.domain.tokens import Mint
from chalicelib.solana.accounts import Clock
from tests.account_encoding import address

POOL, MINT_A, MINT_B = address("pool"), Mint(address("mint a")), Mint(address("mint b"))
NOW = Clock(slot=400_000_000, epoch=900, unix_seconds=1_790_000_000)

SHARED = {"address": POOL, "mint_a": MINT_A, "mint_b": MINT_B}
amounts = st.integers(1, 10**4) | st.integers(1, 10**13)
u16, u32 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1)

constant_product_pools = st.builds(
    ConstantProductPool,
    **{name: st.just(value) for name, value in SHARED.items()},
    venue=st.just("raydium"),
    vault_0=st.integers(10**6, 10**15),
    vault_1=st.integers(10**6, 10**15),
    trade_fee_rate=st.integers(0, 100_000),
    protocol_fee_rate=st.integers(0, 500_000),
    fund_fee_rate=st.integers(0, 500_000),
    creator_fee_rate=st.integers(0, 100_000),
    enable_creator_fee=st.booleans(),
    creator_fee_on=st.sampled_from(CreatorFeeOn),
    protocol_fees_0=st.integers(0, 10**5),
    fund_fees_1=st.integers(0, 10**5),
    creator_fees_0=st.integers(0, 10**5),
)


def tick_volatility(latest, now=NOW.unix_seconds):
    """The memory of a dynamic fee that was last used shortly before now, or until `latest`."""
    return st.builds(
        DynamicFee,
        filter_period=st.integers(1, 30),
        decay_period=st.integers(31, 600),
        reduction_factor=st.integers(1, 9999),
        dynamic_fee_control=st.integers(1, 99_999),
        max_volatility_accumulator=st.integers(0, 1_000_000),
        tick_spacing_index_reference=st.integers(-100, 100),
        volatility_reference=st.integers(0, 50_000),
        volatility_accumulator=st.integers(0, 150_000),
        last_update_timestamp=st.integers(now - 700, latest),
    )


@st.composite
def concentrated_pools(draw):
    spacing = draw(st.sampled_from([1, 10, 60]))
    tick_current = draw(st.integers(-5000, 5000) | st.integers(-300_000, 300_000))
    middle = tick_current // spacing
    net, gross, orders = {}, {}, {}
    liquidity = 0
    for _ in range(draw(st.integers(1, 5))):
        low = (middle + draw(st.integers(-200, 60))) * spacing
        high = low + draw(st.integers(1, 200)) * spacing
        depth = draw(st.integers(1, 10**15))
        for tick, change in ((low, depth), (high, -depth)):
            net[tick] = net.get(tick, 0) + change
            gross[tick] = gross.get(tick, 0) + depth
        liquidity += depth if low <= tick_current < high else 0
    for _ in range(draw(st.integers(0, 4))):
        tick = (middle + draw(st.integers(-60, 60))) * spacing
        orders[tick] = draw(st.integers(1, 10**12))
    ticks = sorted({*net, *orders})
    here = sqrt_price_at(tick_current)
    return ConcentratedPool(
        **SHARED,
        venue="raydium",
        sqrt_price_x64=draw(st.integers(here, sqrt_price_at(tick_current + 1))),
        tick_current=tick_current,
        liquidity=liquidity,
        tick_spacing=spacing,
        trade_fee_rate=draw(st.integers(0, 100_000)),
        protocol_fee_rate=120_000,
        fund_fee_rate=40_000,
        fee_on=draw(st.sampled_from(CollectFeeOn)),
        ticks=tuple(Tick(t, net.get(t, 0), gross.get(t, 0), orders.get(t, 0)) for t in ticks),
        dynamic_fee=draw(st.none() | tick_volatility(NOW.unix_seconds)),
    )


static_parameters = st.builds(
    StaticParameters,
    base_factor=st.sampled_from([0, 1, 10_000, 60_000]),
    base_fee_power_factor=st.sampled_from([0, 1]),
    variable_fee_control=st.sampled_from([0, 40_000]),
    filter_period=st.just(30),
    decay_period=st.just(600),
    reduction_factor=st.just(5_000),
    max_volatility_accumulator=st.just(350_000),
    protocol_share=st.just(500),
    collect_fee_mode=st.sampled_from(CollectFeeMode),
)
held = st.just(0) | st.integers(1, 50) | st.integers(1, 10**12)


@st.composite
def bin_pools(draw):
    active_id = draw(st.integers(-400, 400) | st.integers(-40_000, 40_000))
    bins, orders = [], []
    for bin_id in range(active_id - 6, active_id + 7):
        amount_x = draw(held) if bin_id >= active_id else 0
        amount_y = draw(held) if bin_id <= active_id else 0
        remaining, open_amount = draw(held), draw(held)
        if draw(st.booleans()) and remaining + open_amount:
            is_ask = draw(st.booleans()) if bin_id == active_id else bin_id > active_id
            orders.append(BinOrders(bin_id, remaining, open_amount, is_ask))
        if amount_x or amount_y or (orders and orders[-1].bin_id == bin_id):
            bins.append(Bin(bin_id, amount_x, amount_y))
    return BinPool(
        **SHARED,
        venue="meteora",
        active_id=active_id,
        bin_step=draw(st.sampled_from([1, 4, 10])),
        bins=tuple(bins),
        parameters=draw(static_parameters),
        v_parameters=VariableParameters(
            volatility_accumulator=draw(st.sampled_from([0, 120_000])),
            volatility_reference=draw(st.sampled_from([0, 60_000])),
            index_reference=active_id + draw(st.integers(-3, 3)),
            last_update_timestamp=NOW.unix_seconds - draw(st.sampled_from([5, 100, 5_000])),
        ),
        orders=tuple(orders),
    )


base_fees = (
    st.builds(damm_fees.ConstantFee, st.integers(100_000, 500_000_000))
    | st.builds(damm_fees.LinearFee, st.just(500_000_000), st.just(50), u16, st.just(9_000_000))
    | st.builds(
        damm_fees.ExponentialFee, st.just(500_000_000), u16, st.integers(1, 100), st.just(500)
    )
    | st.builds(
        damm_fees.RateLimiter,
        st.just(10_000_000),
        st.integers(1, 100),
        u32,
        st.integers(1_000, 5_000),
        st.integers(1, 10**9),
    )
    | st.builds(
        damm_fees.MarketCapFee,
        st.just(500_000_000),
        st.integers(1, 50),
        st.integers(1, 10_000),
        st.integers(1, 10**6),
        st.just(9_000),
        st.booleans(),
        st.integers(Q64 // 4, Q64),
    )
)
volatility = st.builds(
    damm_fees.DynamicFee,
    bin_step=st.just(1),
    bin_step_u128=st.just(1_844_674_407_370_955),
    variable_fee_control=st.integers(0, 10**6),
    filter_period=st.just(10),
    decay_period=st.just(120),
    reduction_factor=st.just(5_000),
    max_volatility_accumulator=st.just(14_460_000),
    volatility_accumulator=st.integers(0, 14_460_000),
    volatility_reference=st.integers(0, 14_460_000),
    sqrt_price_reference=st.integers(Q64 // 2, Q64 * 2),
    last_update_timestamp=st.integers(NOW.unix_seconds - 500, NOW.unix_seconds),
)
damm_v2_pools = st.builds(
    DammV2Pool,
    **{name: st.just(value) for name, value in SHARED.items()},
    venue=st.just("meteora"),
    status=st.sampled_from(PoolStatus),
    activation_type=st.sampled_from(ActivationType),
    activation_point=st.sampled_from([0, NOW.slot - 100, NOW.unix_seconds - 100, 2**40]),
    collect_fee_mode=st.sampled_from(DammCollectFeeMode),
    fee_version=st.sampled_from([0, 1]),
    sqrt_price=st.integers(Q64 // 2, Q64 * 2),
    sqrt_min_price=st.just(Q64 // 2),
    sqrt_max_price=st.just(Q64 * 2),
    liquidity=st.integers(0, 10**12 * Q64),
    token_a_amount=st.integers(0, 10**12),
    token_b_amount=st.integers(0, 10**12),
    protocol_fee_percent=st.integers(0, 50),
    referral_fee_percent=st.integers(0, 50),
    compounding_fee_bps=st.integers(0, 10_000),
    base_fee=base_fees,
    dynamic_fee=st.none() | volatility,
)

pools = constant_product_pools | concentrated_pools() | bin_pools() | damm_v2_pools
