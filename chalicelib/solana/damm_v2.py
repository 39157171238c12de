"""Meteora DAMM v2: a pool from its account alone."""

from enum import IntEnum

from chalicelib.domain.pools.damm_v2.fees import (
    BaseFee,
    ConstantFee,
    DynamicFee,
    ExponentialFee,
    LinearFee,
    MarketCapFee,
    RateLimiter,
)
from chalicelib.domain.pools.damm_v2.modes import ActivationType, CollectFeeMode, PoolStatus
from chalicelib.domain.pools.damm_v2.pool import DammV2Pool
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import Mint
from chalicelib.solana.accounts import Accounts, Clock, Content, Kind, content_of
from chalicelib.solana.instructions import SWAP_PROGRAMS

PROGRAM = SWAP_PROGRAMS[PoolKind.DAMM_V2]
POOL = Kind(PROGRAM, "Pool", 1112)


class BaseFeeMode(IntEnum):
    """How the base fee falls or grows."""

    LINEAR = 0
    EXPONENTIAL = 1
    RATE_LIMITER = 2
    MARKET_CAP_LINEAR = 3
    MARKET_CAP_EXPONENTIAL = 4


class FeeVersion(IntEnum):
    """The most that a fee may be: 50 %, or 99 %."""

    HALF = 0
    ALMOST_ALL = 1


def moving_addresses(accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that a quote needs as they are now: the pool."""
    return (address,)


def settled_addresses(accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that hardly change: the mints."""
    pool = content_of(accounts, address, POOL)
    return pool.key(168), pool.key(200)


def decode(accounts: Accounts, address: str, clock: Clock) -> DammV2Pool:
    """Return the pool at `address`; whether it swaps yet, it tells itself.

    Raises PoolRefusedError.
    """
    pool = content_of(accounts, address, POOL)
    decoded = DammV2Pool(
        address=address,
        venue="meteora",
        mint_a=Mint(pool.key(168)),
        mint_b=Mint(pool.key(200)),
        status=pool.choice(481, PoolStatus, "the status"),
        activation_type=pool.choice(480, ActivationType, "the activation type"),
        activation_point=pool.u64(472),
        collect_fee_mode=pool.choice(484, CollectFeeMode, "the mode of collecting fees"),
        fee_version=int(pool.choice(486, FeeVersion, "the version of fees")),
        sqrt_price=pool.u128(456),
        sqrt_min_price=pool.u128(424),
        sqrt_max_price=pool.u128(440),
        liquidity=pool.u128(360),
        token_a_amount=pool.u64(680),
        token_b_amount=pool.u64(688),
        protocol_fee_percent=pool.u8(48),
        referral_fee_percent=pool.u8(50),
        compounding_fee_bps=pool.u16(54),
        base_fee=_base_fee(pool),
        dynamic_fee=_dynamic_fee(pool) if pool.u8(56) else None,
    )
    is_in_range = decoded.sqrt_min_price <= decoded.sqrt_price <= decoded.sqrt_max_price
    pool.require(is_in_range and decoded.sqrt_price > 0, "the price is outside its range")
    return decoded


def _base_fee(pool: Content) -> BaseFee:
    cliff, mode = pool.u64(8), pool.choice(16, BaseFeeMode, "the mode of the base fee")
    periods, reduction = pool.u16(22), pool.u64(32)
    if not any(pool.data[22:40]):
        return ConstantFee(cliff)
    match mode:
        case BaseFeeMode.LINEAR:
            return LinearFee(cliff, periods, pool.u64(24), reduction)
        case BaseFeeMode.EXPONENTIAL:
            return ExponentialFee(cliff, periods, pool.u64(24), reduction)
        case BaseFeeMode.RATE_LIMITER:
            return RateLimiter(cliff, periods, pool.u32(24), pool.u32(28), reduction)
    step, first_price = pool.u32(24), pool.u128(152)
    pool.require(step > 0 and first_price > 0, "the fee falls with a price that is nothing")
    is_exponential = mode is BaseFeeMode.MARKET_CAP_EXPONENTIAL
    return MarketCapFee(cliff, periods, step, pool.u32(28), reduction, is_exponential, first_price)


def _dynamic_fee(pool: Content) -> DynamicFee:
    fee = DynamicFee(
        bin_step=pool.u16(72),
        bin_step_u128=pool.u128(88),
        variable_fee_control=pool.u32(68),
        filter_period=pool.u16(74),
        decay_period=pool.u16(76),
        reduction_factor=pool.u16(78),
        max_volatility_accumulator=pool.u32(64),
        volatility_accumulator=pool.u128(120),
        volatility_reference=pool.u128(136),
        sqrt_price_reference=pool.u128(104),
        last_update_timestamp=pool.u64(80),
    )
    pool.require(fee.bin_step_u128 > 0, "the dynamic fee counts bins of no width")
    return fee
