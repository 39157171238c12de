"""Raydium CPMM: a pool from its account, its two vaults and its configuration."""

from chalicelib.domain.pools.cpmm import (
    FEE_RATE_DENOMINATOR,
    ConstantProductPool,
    CreatorFeeOn,
)
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import Mint
from chalicelib.solana.accounts import Accounts, Clock, Content, Kind, content_of
from chalicelib.solana.instructions import SWAP_PROGRAMS
from chalicelib.solana.refusals import ClosedPoolError
from chalicelib.solana.token_accounts import read_vault

PROGRAM = SWAP_PROGRAMS[PoolKind.CPMM]
AUTHORITY = "GpMZbSM2GgvTKHJirzeGfMFoaZ8UR2X7F4v8vHTvxFbL"
POOL = Kind(PROGRAM, "PoolState", 637)
CONFIG = Kind(PROGRAM, "AmmConfig", 236)

_SWAP_IS_OFF = 1 << 2


def moving_addresses(accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that a quote needs as they are now: the pool and its vaults."""
    pool = content_of(accounts, address, POOL)
    return address, pool.key(72), pool.key(104)


def settled_addresses(accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that hardly change: the configuration and the mints."""
    pool = content_of(accounts, address, POOL)
    return pool.key(8), pool.key(168), pool.key(200)


def decode(accounts: Accounts, address: str, clock: Clock) -> ConstantProductPool:
    """Return the pool at `address` as it stood at the clock's time. Raises PoolRefusedError."""
    pool = content_of(accounts, address, POOL)
    if pool.u8(329) & _SWAP_IS_OFF:
        raise ClosedPoolError(address, "swaps are switched off")
    if clock.unix_seconds < pool.u64(373):
        raise ClosedPoolError(address, "the pool is not open yet")
    config = content_of(accounts, pool.key(8), CONFIG)
    mint_0, mint_1 = pool.key(168), pool.key(200)
    decoded = ConstantProductPool(
        address=address,
        venue="raydium",
        mint_a=Mint(mint_0),
        mint_b=Mint(mint_1),
        vault_0=read_vault(accounts, pool.key(72), mint=mint_0, owner=AUTHORITY),
        vault_1=read_vault(accounts, pool.key(104), mint=mint_1, owner=AUTHORITY),
        trade_fee_rate=config.u64(12),
        protocol_fee_rate=config.u64(20),
        fund_fee_rate=config.u64(28),
        creator_fee_rate=config.u64(108),
        enable_creator_fee=pool.u8(390) != 0,
        creator_fee_on=pool.choice(389, CreatorFeeOn, "the token of the creator fee"),
        protocol_fees_0=pool.u64(341),
        protocol_fees_1=pool.u64(349),
        fund_fees_0=pool.u64(357),
        fund_fees_1=pool.u64(365),
        creator_fees_0=pool.u64(397),
        creator_fees_1=pool.u64(405),
    )
    _check(decoded, pool, config)
    return decoded


def _check(decoded: ConstantProductPool, pool: Content, config: Content) -> None:
    creator_rate = decoded.creator_fee_rate if decoded.enable_creator_fee else 0
    rate = decoded.trade_fee_rate + creator_rate
    config.require(rate < FEE_RATE_DENOMINATOR, "the fees take everything")
    is_covered = decoded.reserve_0 >= 0 and decoded.reserve_1 >= 0
    pool.require(is_covered, "a vault holds less than the fees that wait in it")
