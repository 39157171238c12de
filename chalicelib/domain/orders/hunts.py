"""How far an order is that waits for a new pool: what was said of each pool that it met."""

from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.domain.errors import ExecutionError
from chalicelib.domain.pools.new_pools import PoolCursor
from chalicelib.domain.tokens import Token

# An order judges so many pools, and tells of the last of them.
POOLS_MAX = 1_000
VERDICTS_MAX = 32


class PoolsExhaustedError(ExecutionError):
    """The order has judged as many pools as it may, and none of them passed."""

    code = "POOLS_EXHAUSTED"


class Finding(StrEnum):
    """What a pool was found to be, of all that may be said the first."""

    PASSED = "PASSED"
    # It stays so.
    SYMBOL_MISMATCH = "SYMBOL_MISMATCH"
    CREATOR_MISMATCH = "CREATOR_MISMATCH"
    QUOTE_MISMATCH = "QUOTE_MISMATCH"
    VENUE_EXCLUDED = "VENUE_EXCLUDED"
    MINT_AUTHORITY_KEPT = "MINT_AUTHORITY_KEPT"
    FREEZABLE = "FREEZABLE"
    NOT_SELLABLE = "NOT_SELLABLE"
    FEE_TOO_HIGH = "FEE_TOO_HIGH"
    POOL_TOO_OLD = "POOL_TOO_OLD"
    # It may change.
    NOT_OPEN = "NOT_OPEN"
    LIQUIDITY_TOO_LOW = "LIQUIDITY_TOO_LOW"
    LIQUIDITY_TOO_HIGH = "LIQUIDITY_TOO_HIGH"
    LIQUIDITY_NOT_LOCKED = "LIQUIDITY_NOT_LOCKED"
    NOT_FILLABLE = "NOT_FILLABLE"
    PRICE_IMPACT_TOO_HIGH = "PRICE_IMPACT_TOO_HIGH"
    PRICE_TOO_HIGH = "PRICE_TOO_HIGH"


LASTING = frozenset(
    {
        Finding.SYMBOL_MISMATCH,
        Finding.CREATOR_MISMATCH,
        Finding.QUOTE_MISMATCH,
        Finding.VENUE_EXCLUDED,
        Finding.MINT_AUTHORITY_KEPT,
        Finding.FREEZABLE,
        Finding.NOT_SELLABLE,
        Finding.FEE_TOO_HIGH,
        Finding.POOL_TOO_OLD,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of a pool in a slot: a value, and the one that was wanted, as people write
    them. When it is not final, the pool is judged again."""

    pool_address: str
    token: Token
    created_slot: int
    slot: int
    finding: Finding
    value: str | None = None
    wanted: str | None = None
    is_final: bool

    @property
    def has_passed(self) -> bool:
        return self.finding is Finding.PASSED

    @property
    def cursor(self) -> PoolCursor:
        """The place right behind the pool."""
        return PoolCursor(self.created_slot, self.pool_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """What an order has met: pools up to `cursor`, of which those in `waiting` are judged again."""

    cursor: PoolCursor
    waiting: tuple[Verdict, ...] = ()
    #: The last final ones, in the sequence in which they were said.
    verdicts: tuple[Verdict, ...] = ()
    judged: int = 0
    #: The address of the pool that it buys from.
    pool_address: str | None = None

    @property
    def is_exhausted(self) -> bool:
        return self.judged >= POOLS_MAX

    def tells(self, verdict: Verdict) -> bool:
        """Tell whether the verdict is news: a pool's first, or its final one."""
        is_waiting = any(each.pool_address == verdict.pool_address for each in self.waiting)
        return verdict.is_final or not is_waiting

    def after(self, verdict: Verdict) -> "Hunt":
        """Return how far the order is with this verdict."""
        others = tuple(v for v in self.waiting if v.pool_address != verdict.pool_address)
        met = replace(
            self,
            cursor=max(self.cursor, verdict.cursor),
            judged=self.judged + (len(others) == len(self.waiting)),
            waiting=others if verdict.is_final else (*others, verdict),
            pool_address=verdict.pool_address if verdict.has_passed else None,
        )
        if not verdict.is_final:
            return met
        return replace(met, verdicts=(*self.verdicts, verdict)[-VERDICTS_MAX:])
