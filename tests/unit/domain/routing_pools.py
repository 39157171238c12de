"""Pools of every kind around one price, for the tests of routing."""

from math import isqrt, log
from random import Random

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.ticks import sqrt_price_at, tick_at
from chalicelib.domain.pools.clmm.volatility import DynamicFee as TickDynamicFee
from chalicelib.domain.pools.cpmm import ConstantProductPool, CreatorFeeOn
from chalicelib.domain.pools.damm_v2.fees import ConstantFee, DynamicFee, LinearFee, RateLimiter
from chalicelib.domain.pools.damm_v2.modes import ActivationType, CollectFeeMode, PoolStatus
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.dlmm.bins import Bin
from chalicelib.domain.pools.dlmm.fees import CollectFeeMode as BinFeeMode
from chalicelib.domain.pools.dlmm.fees import StaticParameters, VariableParameters
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.routing.fills import Leg

KINDS = ("cpmm", "clmm", "dlmm", "damm")
NOW = Moment(slot=300_000_000, unix_seconds=1_700_000_000)
U64_MAX = 2**64 - 1
DEPTH = 10**12


def pool_of(kind, rng, *, price, depth_b, mint_a="A", mint_b="B", address=None):
    """Return a pool whose price is about `price` B per A, and that holds about `depth_b` of B."""
    near = price * (1 + rng.uniform(-1, 1) * rng.choice((1e-5, 1e-3, 5e-3)))
    return BUILDERS[kind](
        rng,
        near,
        depth_b * rng.choice((0.1, 0.5, 1, 1, 3)),
        {
            "address": address or f"{kind}-{rng.random():.6f}",
            "venue": "raydium" if kind in ("cpmm", "clmm") else "meteora",
            "mint_a": mint_a,
            "mint_b": mint_b,
        },
    )


def product_pool(reserve_0, reserve_1, address="pool"):
    """Return a pool of two given reserves and a usual fee."""
    return ConstantProductPool(
        address=address,
        venue="raydium",
        mint_a="A",
        mint_b="B",
        vault_0=reserve_0,
        vault_1=reserve_1,
        trade_fee_rate=2_500,
    )


def seeded_pool(kind, seed, pair="AB"):
    """Return a pool that trades the pair about one to one; the seed is its address."""
    return pool_of(
        kind,
        Random(seed),
        price=1.0,
        depth_b=DEPTH,
        mint_a=pair[0],
        mint_b=pair[1],
        address=f"{seed}",
    )


def hop(pair, weights, seed):
    """Return a leg for each weight, each over a pool of its own."""
    rng = Random(f"{seed}{pair}")
    return [
        Leg(
            seeded_pool(rng.choice(KINDS), f"{seed}{pair}{n}", pair),
            pair[0],
            weight * DEPTH // 10**5,
        )
        for n, weight in enumerate(weights)
    ]


def constant_product_pool(rng, price, depth_b, names):
    return ConstantProductPool(
        vault_0=min(U64_MAX // 4, max(1, int(depth_b / price))),
        vault_1=min(U64_MAX // 4, max(1, int(depth_b))),
        protocol_fees_0=0,
        protocol_fees_1=0,
        fund_fees_0=0,
        fund_fees_1=0,
        creator_fees_0=0,
        creator_fees_1=0,
        trade_fee_rate=rng.choice((100, 500, 2500, 2500, 10_000)),
        protocol_fee_rate=120_000,
        fund_fee_rate=40_000,
        creator_fee_rate=rng.choice((0, 500)),
        enable_creator_fee=rng.random() < 0.3,
        creator_fee_on=rng.choice(list(CreatorFeeOn)),
        **names,
    )


def concentrated_pool(rng, price, depth_b, names):
    spacing = rng.choice((1, 10, 60))
    sqrt_price = isqrt(int(price * (1 << 64) * (1 << 64)))
    tick = tick_at(sqrt_price)
    middle = tick // spacing
    wide = max(1, 20_000 // spacing)
    # L of a full range holding depth_b of B is depth_b / √P.
    liquidity = max(1, int(depth_b / price**0.5))
    spans = [(-wide, wide, liquidity)]
    for _ in range(rng.randrange(12)):
        low = rng.randrange(-30, 30)
        width = rng.randrange(1, 30)
        spans.append((low, low + width, int(liquidity * rng.choice((0.1, 1, 5, 20)))))
    if rng.random() < 0.3:
        spans = spans[1:] or spans
    net, gross, active = {}, {}, 0
    for low, high, amount in spans:
        low, high = (middle + low) * spacing, (middle + high) * spacing
        for edge, change in ((low, amount), (high, -amount)):
            net[edge] = net.get(edge, 0) + change
            gross[edge] = gross.get(edge, 0) + amount
        active += amount if low <= tick < high else 0
    return ConcentratedPool(
        sqrt_price_x64=max(sqrt_price, sqrt_price_at(tick)),
        tick_current=tick,
        liquidity=active,
        tick_spacing=spacing,
        trade_fee_rate=rng.choice((100, 500, 2500)),
        protocol_fee_rate=120_000,
        fund_fee_rate=40_000,
        fee_on=rng.choice((CollectFeeOn.FROM_INPUT, *CollectFeeOn)),
        ticks=tuple(Tick(edge, net[edge], gross[edge]) for edge in sorted(net)),
        dynamic_fee=rng.choice((None, None, tick_fee(rng, middle))),
        **names,
    )


def tick_fee(rng, index):
    return TickDynamicFee(
        filter_period=30,
        decay_period=600,
        reduction_factor=5000,
        dynamic_fee_control=rng.choice((1000, 20_000)),
        max_volatility_accumulator=350_000,
        tick_spacing_index_reference=index + rng.randrange(-5, 6),
        volatility_reference=rng.choice((0, 20_000)),
        volatility_accumulator=30_000,
        last_update_timestamp=NOW.unix_seconds - rng.choice((5, 100, 1000)),
    )


def bin_pool(rng, price, depth_b, names):
    bin_step = rng.choice((1, 4, 10, 25, 100))
    active = round(log(price) / log(1 + bin_step / 10_000))
    count = rng.choice((5, 20, 35))
    share = depth_b / count * rng.choice((1, 10))
    bins = []
    for bin_id in range(active - count, active + count + 1):
        held = share * rng.choice((0.01, 0.3, 1, 1, 2)) * (rng.random() > 0.1)
        at = (1 + bin_step / 10_000) ** bin_id
        x = min(U64_MAX // 100, int(held / at)) if bin_id >= active else 0
        y = min(U64_MAX // 100, int(held)) if bin_id <= active else 0
        bins.append(Bin(bin_id, x, y))
    return BinPool(
        active_id=active,
        bin_step=bin_step,
        bins=tuple(bins),
        parameters=StaticParameters(
            base_factor=rng.choice((8000, 20_000, 100_000)) // max(1, bin_step // 4),
            base_fee_power_factor=0,
            variable_fee_control=rng.choice((0, 7500, 40_000)),
            filter_period=30,
            decay_period=600,
            reduction_factor=5000,
            max_volatility_accumulator=350_000,
            protocol_share=500,
            collect_fee_mode=rng.choice((BinFeeMode.INPUT_ONLY, *BinFeeMode)),
        ),
        v_parameters=VariableParameters(
            rng.choice((0, 50_000)),
            rng.choice((0, 20_000)),
            active + rng.choice((0, 0, -3, 4)),
            NOW.unix_seconds - rng.choice((5, 100, 1000)),
        ),
        **names,
    )


def damm_pool(rng, price, depth_b, names):
    sqrt_price = isqrt(int(price * (1 << 64) * (1 << 64)))
    span = rng.choice((1.01, 1.2, 3, 1e6))
    liquidity = int(depth_b / price**0.5 * 2**64) * (1 << 64)
    bin_step_u128 = 1844674407370955
    dynamic = DynamicFee(
        1, bin_step_u128, 40_000, 10, 120, 5000, 14_460_000, 100_000, 0, sqrt_price, 0
    )
    return DammV2Pool(
        status=PoolStatus.ENABLE,
        activation_type=ActivationType.TIMESTAMP,
        activation_point=NOW.unix_seconds - 100,
        collect_fee_mode=CollectFeeMode(rng.choice((0, 1, 1, 2))),
        fee_version=0,
        sqrt_price=sqrt_price,
        sqrt_min_price=max(4295048016, int(sqrt_price / span)),
        sqrt_max_price=min(79226673521066979257578248091, int(sqrt_price * span)),
        liquidity=liquidity >> 64,
        token_a_amount=min(U64_MAX // 4, max(1, int(depth_b / price))),
        token_b_amount=min(U64_MAX // 4, max(1, int(depth_b))),
        protocol_fee_percent=20,
        referral_fee_percent=20,
        compounding_fee_bps=rng.choice((0, 5000)),
        base_fee=rng.choice(
            (
                ConstantFee(100_000),
                ConstantFee(2_500_000),
                ConstantFee(10_000_000),
                LinearFee(50_000_000, 10, 10, 4_000_000),
                RateLimiter(2_500_000, 20, 600, 5000, max(1, int(depth_b / 50))),
            )
        ),
        dynamic_fee=rng.choice((None, None, dynamic)),
        **names,
    )


BUILDERS = {
    "cpmm": constant_product_pool,
    "clmm": concentrated_pool,
    "dlmm": bin_pool,
    "damm": damm_pool,
}
