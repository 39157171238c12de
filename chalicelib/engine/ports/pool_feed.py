"""Where new pools are heard of, and what can be known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.tokens import Token


class PoolCursor(NamedTuple):
    """A place in the feed: behind the pool of that address, created in that slot. Cursors compare
    as their pools come."""

    slot: int
    address: str = ""


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
    #: From when on it swaps.
    opens_slot: int
    opens_at: datetime
    #: Base units of `quote` in the pool now; 0 before it is funded, and when it is gone.
    liquidity: int
    #: What the pool takes of a swap now.
    fee_bps: int
    #: What the token's mint takes of each transfer.
    transfer_fee_bps: int
    #: Whether somebody can still mint the token.
    keeps_mint_authority: bool
    #: Whether somebody can freeze what others hold of it.
    is_freezable: bool
    #: Whether the liquidity can no longer be taken out of the pool.
    is_liquidity_locked: bool
    #: Whether the token can be paid into the pool.
    is_sellable: bool

    @property
    def cursor(self) -> PoolCursor:
        """The place right behind it."""
        return PoolCursor(self.created_slot, self.address)


class PoolFeed(Protocol):
    """New pools in the sequence of their cursors. Raises UnavailableError when out of reach."""

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        """Return the first `limit` pools behind the cursor, oldest first, gone ones among them.

        Who goes on from the cursor of the last one sees each pool once: none appears later in front
        of one that has been returned.
        """

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        """Return the last `limit` pools there are, oldest first."""
