"""Where new pools are heard of."""

from collections.abc import Collection, Sequence
from typing import Protocol

from chalicelib.domain.pools.new_pools import NewPool, PoolCursor, Property
from chalicelib.domain.tokens import Mint


class PoolFeed(Protocol):
    """New pools in the sequence of their cursors, each as it is now, gone ones among them. Raises
    UnavailableError when out of reach."""

    @property
    def tells(self) -> Collection[Property]:
        """What it knows of every pool, whether it is so or not."""

    @property
    def venues(self) -> Collection[str]:
        """The names of those at which it hears of pools."""

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        """Return the first `limit` pools behind the cursor, oldest first.

        Who goes on from the cursor of the last one sees each pool once: none appears later in front
        of one that has been returned.
        """

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        """Return the last `limit` pools there are, oldest first."""

    def of_mint(self, mint: Mint) -> Sequence[NewPool]:
        """Return the pools of a new token, oldest first."""

    def pool(self, address: str) -> NewPool | None:
        """Return the pool with that address; None when it has not been heard of."""
