import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.pools.constant_product import ConstantProductPool
from chalicelib.domain.tokens import TOKENS, Pair
from chalicelib.simulation.market import (
    GENESIS,
    LISTED_TOKENS,
    POOLS,
    ListedPool,
    Market,
    moment_at_slot,
    slot_at,
)
from tests.world import World

ROOT = Path(__file__).parents[2]
SLOTS = [0, 1, 74, 75, 9_000, 78_840_000, 10**9]
PRINT_STATES = """
import json
from tests.unit.test_market import states
print(json.dumps(states()))
"""
MARKET = Market(seed="solana")
slots = st.integers(min_value=0, max_value=10**9)
listed_pools = pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.address[:8])


def pair_of(pool: ListedPool) -> Pair:
    return Pair(token_in=pool.token_a, token_out=pool.token_b)


def states(seed: str = "solana") -> list[list[int]]:
    market = Market(seed=seed)
    found = [market.state(pool, slot) for pool in POOLS for slot in SLOTS]
    return [[state.vault_0, state.vault_1] for state in found]


def gap_bps(one: ConstantProductPool, other: ConstantProductPool) -> int:
    prices = [one.vault_1 * other.vault_0, other.vault_1 * one.vault_0]
    return (max(prices) - min(prices)) * 10_000 // min(prices)


def test_market_is_the_same_in_a_fresh_process() -> None:
    environment = os.environ | {
        "PYTHONHASHSEED": "12345",
        "PYTHONPATH": str(ROOT),
        "TZ": "Asia/Tokyo",
    }

    answer = subprocess.run(
        [sys.executable, "-c", PRINT_STATES],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(answer.stdout) == states()


def test_market_is_another_when_the_seed_is() -> None:
    pairs_of_states = zip(states("one"), states("two"), strict=True)

    assert all(one != two for one, two in pairs_of_states)


@given(slot=slots, pool=st.sampled_from(POOLS))
def test_reserves_are_whole_positive_numbers_that_fit_u64(slot: int, pool: ListedPool) -> None:
    state = MARKET.state(pool, slot)

    for reserve in (state.vault_0, state.vault_1, MARKET.fair_price(pool.token_a, slot)):
        assert type(reserve) is int
        assert 0 < reserve < U64_MAX // 1_000


@listed_pools
def test_venues_stand_usually_two_to_five_percent_apart(pool: ListedPool) -> None:
    pair = pair_of(pool)
    one, other = MARKET.pools(pair)

    gaps = [
        gap_bps(MARKET.state(one, slot), MARKET.state(other, slot))
        for slot in range(0, 2_000_000, 4_999)
    ]

    assert {one.venue, other.venue} == {"raydium", "meteora"}
    assert sum(200 <= gap <= 500 for gap in gaps) > 0.8 * len(gaps)
    # Half of the gap above the fair price and half below: a little more of the lower price.
    assert max(gaps) <= 515
    assert len(set(gaps)) > 100


def test_each_venue_is_now_and_then_the_better_one() -> None:
    venue_is_best = {
        max(
            MARKET.pools(pair_of(POOLS[0])),
            key=lambda pool: MARKET.state(pool, slot).vault_1 / MARKET.state(pool, slot).vault_0,
        ).venue
        for slot in range(0, 200_000, 4_500)
    }

    assert venue_is_best == {"raydium", "meteora"}


@listed_pools
def test_price_moves_little_from_one_slot_to_the_next(pool: ListedPool) -> None:
    moves = [
        gap_bps(MARKET.state(pool, slot), MARKET.state(pool, slot + 1))
        for slot in range(0, 200_000, 331)
    ]

    assert max(moves) < 10


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.symbol)
def test_fair_price_wanders_within_its_volatility(token) -> None:
    listed = LISTED_TOKENS[token.mint]
    most = listed.price_nano_usd * listed.volatility_ppb // 10**9 + 1

    strays = [
        MARKET.fair_price(token, slot) - listed.price_nano_usd for slot in range(0, 10**6, 997)
    ]

    assert max(map(abs, strays)) <= most
    assert len(set(strays)) > 100


@pytest.mark.parametrize(
    ("after_genesis", "slot"),
    [(timedelta(0), 0), (timedelta(milliseconds=399), 0), (timedelta(milliseconds=400), 1)],
    ids=["the first", "just before the second", "the second"],
)
def test_slot_lasts_400_milliseconds(after_genesis: timedelta, slot: int) -> None:
    assert slot_at(GENESIS + after_genesis) == slot


def test_venue_quotes_what_its_pool_would_fill_at_the_current_slot() -> None:
    world = World()
    pool = next(pool for pool in POOLS if pool.venue == "meteora")
    slot = slot_at(world.clock.now())

    (quote,) = world.venues[1].quotes(pair_of(pool), 10**9)

    state = world.market.state(pool, slot)
    fill = state.quote_exact_in(pool.token_a.mint, 10**9, moment_at_slot(slot))
    assert (quote.venue, quote.pool_address, quote.slot) == ("meteora", pool.address, slot)
    assert (quote.amount_in, quote.amount_out) == (10**9, fill.amount_out)
    assert quote.fee_bps == pool.fee_bps
    assert 0 <= quote.price_impact_bps < 50
    assert (quote.input_mint, quote.output_mint) == (pool.token_a.mint, pool.token_b.mint)


@pytest.mark.parametrize(
    ("names", "amount_in", "code"),
    [(("BONK", "SOL"), 1, "ZERO_OUTPUT"), (("SOL", "USDC"), U64_MAX, "OVERFLOW")],
    ids=["dust", "too much"],
)
def test_venue_says_why_when_its_pool_cannot_fill(
    names: tuple[str, str], amount_in: int, code: str
) -> None:
    (rejection,) = World().venues[0].quotes(Pair.of(*names), amount_in)

    assert (rejection.venue, rejection.code) == ("raydium", code)


def test_venue_has_nothing_to_say_when_it_does_not_trade_the_pair() -> None:
    assert World().venues[0].quotes(Pair.of("BONK", "USDT"), 10**9) == []
