"""The in-memory twin of the feed of new pools."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.engine.ports.pool_feed import NewPool, PoolCursor


@dataclass(slots=True)
class MemoryPoolFeed:
    """The PoolFeed port over pools that a test puts there, in any sequence."""

    pools: list[NewPool] = field(default_factory=list)

    def since(self, cursor: PoolCursor, *, limit: int) -> Sequence[NewPool]:
        return [pool for pool in self._in_sequence() if pool.cursor > cursor][:limit]

    def latest(self, *, limit: int) -> Sequence[NewPool]:
        return self._in_sequence()[-limit:]

    def _in_sequence(self) -> list[NewPool]:
        return sorted(self.pools, key=lambda pool: pool.cursor)
