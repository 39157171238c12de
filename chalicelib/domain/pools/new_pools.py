"""Pools of new tokens, and what can be known of each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import Token


class PoolCursor(NamedTuple):
    """A place among new pools: behind the one of that address, created in that slot. Cursors
    compare as their pools come."""

    slot: int
    address: str = ""


#: In front of all of them.
BEGINNING = PoolCursor(0)


class Property(StrEnum):
    """What a pool or its token can be, and not every source can tell."""

    #: Nobody can mint the token any more.
    MINT_RENOUNCED = "mint_renounced"
    #: Nobody can freeze what others hold of it.
    NOT_FREEZABLE = "not_freezable"
    #: The liquidity can no longer be taken out of the pool.
    LIQUIDITY_LOCKED = "liquidity_locked"
    #: The token can be paid into the pool.
    SELLABLE = "sellable"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPool:
    """A pool of a new token: how it began, and how it is now. Nothing here is a promise: what can
    be known of a token does not keep its price."""

    address: str
    venue: str
    kind: PoolKind
    #: The new token, and the one that it is paid with.
    token: Token
    quote: Token
    #: The account that made the pool.
    creator: str
    created_slot: int
    created_at: datetime
    #: The slot that it was looked at in.
    slot: int
    #: From when on it swaps.
    opens_slot: int
    opens_at: datetime
    #: Base units of `quote` in the pool; 0 before it is funded, and when it is gone.
    liquidity: int
    #: What the pool takes of a swap.
    fee_bps: int
    #: What the token's mint takes of each transfer.
    transfer_fee_bps: int
    #: What is known to be so.
    properties: frozenset[Property]

    @property
    def cursor(self) -> PoolCursor:
        """The place right behind it."""
        return PoolCursor(self.created_slot, self.address)
