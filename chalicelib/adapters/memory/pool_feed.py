"""The in-memory twin of the feed of new pools."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.pools.new_pools import NewPool, PoolCursor, Property
from chalicelib.domain.tokens import Mint


@dataclass(slots=True)
class MemoryPoolFeed:
    """The PoolFeed port over pools that a test puts there, in any sequence."""

    pools: list[NewPool] = field(default_factory=list)
    tells: Collection[Property] = tuple(Property)
    venues: Collection[str] = ("raydium", "meteora")

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        return [pool for pool in self._in_sequence() if pool.cursor > cursor][:limit]

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        return self._in_sequence()[-limit:]

    def of_mint(self, mint: Mint) -> Sequence[NewPool]:
        return [pool for pool in self._in_sequence() if pool.token.mint == mint]

    def pool(self, address: str) -> NewPool | None:
        return next((pool for pool in self.pools if pool.address == address), None)

    def _in_sequence(self) -> list[NewPool]:
        return sorted(self.pools, key=lambda pool: pool.cursor)
