"""What every feed of new pools does: each pool once and in sequence, whenever it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chalicelib.adapters.memory.pool_feed import MemoryPoolFeed
from chalicelib.adapters.memory.ports import MemoryClock
from chalicelib.domain.pools.new_pools import NewPool, PoolCursor, Property
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.token_list import SOL, USDC
from chalicelib.domain.tokens import Mint, Token
from chalicelib.engine.ports.pool_feed import PoolFeed
from chalicelib.simulation.launches import launches_since
from chalicelib.simulation.market import SLOT, Market, slot_at, time_of_slot
from chalicelib.simulation.pool_feed import SimulatedPoolFeed

MINUTE = timedelta(minutes=1)
SAMPLE = NewPool(
    address="pool",
    venue="raydium",
    kind=PoolKind.CPMM,
    token=Token(symbol="NEW", mint=Mint("new"), decimals=6),
    quote=SOL,
    creator="creator",
    created_slot=0,
    created_at=time_of_slot(0),
    slot=0,
    opens_slot=0,
    opens_at=time_of_slot(0),
    liquidity=10**9,
    fee_bps=25,
    transfer_fee_bps=0,
    properties=frozenset(Property),
)


@dataclass(kw_only=True)
class Feed:
    """A feed in which about a pool a minute appears, and its clock."""

    feed: PoolFeed
    clock: MemoryClock

    def __post_init__(self) -> None:
        self.begin = PoolCursor(slot_at(self.clock.at))
        self._minutes = 0

    def pass_minutes(self, minutes: int) -> None:
        for _ in range(minutes):
            self.clock.at += MINUTE
            self._minutes += 1
            if isinstance(self.feed, MemoryPoolFeed):
                self._add(self.feed)

    def _add(self, feed: MemoryPoolFeed) -> None:
        """Two pools of one slot every third minute; the greater address is there first."""
        slot = slot_at(self.clock.at) - self._minutes
        twins = ("b", "a") if self._minutes % 3 == 0 else ("a",)
        for name in twins:
            feed.pools.append(
                replace(
                    SAMPLE,
                    address=f"{name}{self._minutes}",
                    created_slot=slot,
                    created_at=time_of_slot(slot),
                    opens_slot=slot,
                    opens_at=time_of_slot(slot),
                )
            )

    def replay(self, cursor: PoolCursor, *, limit: int) -> list[NewPool]:
        """All since the cursor, in answers of at most so many."""
        seen: list[NewPool] = []
        while pools := self.feed.since(cursor, limit=limit):
            assert len(pools) <= limit
            seen += pools
            cursor = pools[-1].cursor
        return seen


@pytest.fixture(params=["memory", "simulated"])
def feed(request: pytest.FixtureRequest) -> Iterator[Feed]:
    clock = MemoryClock()
    if request.param == "memory":
        yield Feed(feed=MemoryPoolFeed(), clock=clock)
    else:
        yield Feed(feed=SimulatedPoolFeed(market=Market(seed="feed"), clock=clock), clock=clock)


def test_nothing_is_new_when_no_time_has_passed(feed: Feed) -> None:
    feed.pass_minutes(3)
    [*_, last] = feed.feed.latest(limit=5)

    assert feed.feed.since(last.cursor, limit=5) == []


def test_pools_come_in_sequence_each_once_after_a_gap(feed: Feed) -> None:
    feed.pass_minutes(2)
    before = feed.replay(feed.begin, limit=100)
    feed.pass_minutes(40)

    after = feed.replay(before[-1].cursor, limit=100)

    cursors = [pool.cursor for pool in (*before, *after)]
    assert len(cursors) >= 40
    assert cursors == sorted(set(cursors))
    assert [p.cursor for p in feed.replay(feed.begin, limit=100)] == cursors


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_answers_of_any_size_have_the_same_pools(feed: Feed, limit: int) -> None:
    feed.pass_minutes(20)

    replayed = feed.replay(feed.begin, limit=limit)

    assert replayed == feed.replay(feed.begin, limit=100)
    assert replayed == [*feed.feed.since(feed.begin, limit=100)]


def test_what_was_asked_for_is_told_again(feed: Feed) -> None:
    feed.pass_minutes(10)
    cursor = feed.feed.since(feed.begin, limit=3)[-1].cursor

    first, second = (feed.feed.since(cursor, limit=4) for _ in range(2))

    assert [*first] == [*second]


def test_pool_is_heard_of_in_its_slot_and_not_before(feed: Feed) -> None:
    feed.pass_minutes(5)
    pools = feed.replay(feed.begin, limit=100)

    now = slot_at(feed.clock.at)
    assert all(feed.begin.slot <= pool.created_slot <= now for pool in pools)
    if isinstance(feed.feed, SimulatedPoolFeed):
        last = pools[-1]
        feed.clock.at = last.created_at
        assert feed.feed.latest(limit=1)[0].address == last.address
        feed.clock.at -= SLOT
        assert feed.feed.latest(limit=1)[0].address == pools[-2].address


def test_latest_are_the_last_of_all_in_sequence(feed: Feed) -> None:
    feed.pass_minutes(15)
    pools = feed.replay(feed.begin, limit=100)

    assert [*feed.feed.latest(limit=1)] == pools[-1:]
    assert [*feed.feed.latest(limit=8)] == pools[-8:]


def test_cursor_between_two_pools_is_one_as_well(feed: Feed) -> None:
    feed.pass_minutes(10)
    pools = feed.replay(feed.begin, limit=100)
    third = pools[2]

    assert feed.feed.since(PoolCursor(third.created_slot), limit=1)[0] == third
    later = PoolCursor(third.created_slot, third.address + "z")
    assert feed.feed.since(later, limit=1)[0] == pools[3]


def test_pool_tells_times_tokens_and_shares_that_agree(feed: Feed) -> None:
    feed.pass_minutes(40)
    for pool in feed.replay(feed.begin, limit=100):
        assert pool.created_at == time_of_slot(pool.created_slot)
        assert pool.opens_at == time_of_slot(pool.opens_slot) >= pool.created_at
        assert pool.quote in (SOL, USDC)
        assert pool.token.mint != pool.quote.mint
        assert pool.liquidity >= 0
        assert 0 <= pool.transfer_fee_bps < 10_000
        assert 0 < pool.fee_bps <= 5_000


def test_pool_is_found_by_its_address_and_by_its_mint(feed: Feed) -> None:
    feed.pass_minutes(3)
    [*_, last] = feed.feed.latest(limit=1)

    assert feed.feed.pool(last.address) == last
    assert last in feed.feed.of_mint(last.token.mint)


def test_pool_that_was_not_heard_of_is_not_found(feed: Feed) -> None:
    feed.pass_minutes(3)

    assert feed.feed.pool("nowhere") is None
    assert feed.feed.of_mint(Mint("nobody")) == []


def test_launch_to_come_is_not_found_before_its_slot() -> None:
    clock = MemoryClock()
    coming = next(launches_since("feed", slot_at(clock.at) + 1))
    feed = SimulatedPoolFeed(market=Market(seed="feed"), clock=clock)
    clock.at = time_of_slot(coming.created_slot - 1)

    assert feed.pool(coming.pool.address) is None
    assert feed.of_mint(coming.token.mint) == []
    clock.at += SLOT
    assert feed.pool(coming.pool.address) is not None
    assert [pool.address for pool in feed.of_mint(coming.token.mint)] == [coming.pool.address]
