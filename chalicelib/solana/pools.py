"""Pools of any kind from the accounts of the main network."""

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.domain.pools.pool import Pool, PoolKind
from chalicelib.solana import clmm, cpmm, damm_v2, dlmm
from chalicelib.solana.accounts import Accounts, Clock
from chalicelib.solana.token_accounts import read_mint, restricted

# Tick or bin arrays read on each side of a price: a swap over more would not fit a transaction.
ARRAYS_PER_SIDE = 3

_CURVES: Mapping[PoolKind, Callable[[Accounts, str, Clock], Pool]] = {
    PoolKind.CPMM: cpmm.decode,
    PoolKind.CLMM: clmm.decode,
    PoolKind.DLMM: dlmm.decode,
    PoolKind.DAMM_V2: damm_v2.decode,
}
_MOVING: Mapping[PoolKind, Callable[[Accounts, str], tuple[str, ...]]] = {
    PoolKind.CPMM: cpmm.moving_addresses,
    PoolKind.CLMM: partial(clmm.moving_addresses, arrays=ARRAYS_PER_SIDE),
    PoolKind.DLMM: partial(dlmm.moving_addresses, arrays=ARRAYS_PER_SIDE),
    PoolKind.DAMM_V2: damm_v2.moving_addresses,
}
_SETTLED: Mapping[PoolKind, Callable[[Accounts, str], tuple[str, ...]]] = {
    PoolKind.CPMM: cpmm.settled_addresses,
    PoolKind.CLMM: clmm.settled_addresses,
    PoolKind.DLMM: dlmm.settled_addresses,
    PoolKind.DAMM_V2: damm_v2.settled_addresses,
}


def decode_pool(kind: PoolKind, accounts: Accounts, address: str, clock: Clock) -> Pool:
    """Return the pool at `address` as it stood at the clock's time, with the transfer fees of its
    mints. Raises PoolRefusedError."""
    pool = decode_curve(kind, accounts, address, clock)
    for mint in (pool.mint_a, pool.mint_b):
        pool = restricted(pool, read_mint(accounts, mint, clock), mint)
    return pool


def decode_curve(kind: PoolKind, accounts: Accounts, address: str, clock: Clock) -> Pool:
    """Return the pool without looking at its mints. Raises PoolRefusedError."""
    return _CURVES[kind](accounts, address, clock)


def moving_addresses(kind: PoolKind, accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts to read for a quote, as the pool's account in `accounts` tells.

    Raises PoolRefusedError.
    """
    return _MOVING[kind](accounts, address)


def settled_addresses(kind: PoolKind, accounts: Accounts, address: str) -> tuple[str, ...]:
    """Return the accounts that a quote needs too and that hardly change: configuration and mints.

    Raises PoolRefusedError.
    """
    return _SETTLED[kind](accounts, address)
