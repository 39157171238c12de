import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from solders.pubkey import Pubkey

from chalicelib.domain.token_list import BONK, JUP, MSOL, RAY, SOL, TOKENS, USDC, USDT, WIF
from chalicelib.domain.tokens import Pair
from chalicelib.simulation.listings import LISTED_TOKENS, POOLS, BinTerms, ListedToken
from chalicelib.simulation.market import (
    GENESIS,
    METEORA,
    RAYDIUM,
    SLOT,
    Market,
    PoolNotListedError,
    moment_at_slot,
    slot_at,
)

ROOT = Path(__file__).parents[3]
SLOT_NOW = 149_193_000
MARKET = Market(seed="test")
UNSTAKED = [token for token in TOKENS if isinstance(LISTED_TOKENS[token.mint], ListedToken)]


def pair_of(token_in, token_out):
    return Pair(token_in=token_in, token_out=token_out)


def scaled_price_of(pool):
    price = pool.marginal_price(pool.mint_a)
    return price.numerator * 10**15 // price.denominator


def numbers_in(value):
    if isinstance(value, tuple):
        return [number for item in value for number in numbers_in(item)]
    if hasattr(value, "__dataclass_fields__"):
        # What is not compared is what a pool has derived from the rest.
        compared = [f.name for f in fields(value) if f.compare]
        return numbers_in(tuple(getattr(value, name) for name in compared))
    return [] if value is None or isinstance(value, str) else [value]


def test_pools_are_equal_when_another_process_derives_them():
    slots = (SLOT_NOW + 1, SLOT_NOW, 0, 7_777_777)
    script = (
        "from chalicelib.simulation.market import Market\n"
        f"for slot in {slots}: print(Market(seed='test').pools(slot))"
    )

    fresh = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert fresh == [str(MARKET.pools(slot)) for slot in slots]


def test_states_hold_only_integers_when_derived():
    numbers = [number for pool in MARKET.pools(SLOT_NOW) for number in numbers_in(pool)]

    assert all(isinstance(number, int) for number in numbers)


def test_prices_differ_when_seed_differs():
    other = Market(seed="other")

    assert other.fair_price(SOL, SLOT_NOW) != MARKET.fair_price(SOL, SLOT_NOW)
    assert other.pools(SLOT_NOW) != MARKET.pools(SLOT_NOW)


@pytest.mark.parametrize("token", UNSTAKED, ids=lambda token: token.symbol)
def test_fair_price_stays_near_standing_price_when_it_wanders(token):
    listed = LISTED_TOKENS[token.mint]
    reach = listed.price_nano_usd * listed.volatility_ppb // 10**9

    prices = [MARKET.fair_price(token, SLOT_NOW + k * 911) for k in range(300)]

    assert all(abs(price - listed.price_nano_usd) <= reach + 1 for price in prices)
    assert max(prices) - min(prices) > reach // 4


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.symbol)
def test_fair_price_is_smooth_when_noise_turns(token):
    prices = [MARKET.fair_price(token, slot) for slot in range(149_192_900, 149_193_100)]

    moves = [abs(after - before) for before, after in pairwise(prices)]

    assert max(moves) * 10_000 <= 4 * min(prices)
    assert len(set(prices)) > 10


def test_fair_price_is_same_on_every_machine_when_seed_and_slot_are():
    tokens = (SOL, USDC, USDT, BONK, JUP)

    prices = [MARKET.fair_price(token, SLOT_NOW) for token in tokens]

    assert prices == [152_559_112_200, 999_870_939, 1_000_113_341, 24_117, 833_204_424]


def test_staked_price_follows_its_token_when_slots_pass():
    ratios = [
        MARKET.fair_price(MSOL, slot) * 10**9 // MARKET.fair_price(SOL, slot)
        for slot in range(0, 200_000_000, 20_000_000)
    ]

    assert all(before < after for before, after in pairwise(ratios))
    assert ratios[0] in range(1_199_999_999, 1_200_000_001)
    assert ratios[-1] < 1_300_000_000


@pytest.mark.parametrize("listed", POOLS, ids=lambda listed: listed.address[:8])
def test_price_moves_few_bps_when_one_slot_passes(listed):
    least_step_bps = listed.terms.bin_step if isinstance(listed.terms, BinTerms) else 0
    slots = [SLOT_NOW + lap * 4_001 + k for lap in range(8) for k in range(2)]

    prices = [scaled_price_of(MARKET.pool(listed.address, slot)) for slot in slots]

    for before, after in zip(prices[::2], prices[1::2], strict=True):
        assert abs(after - before) * 10_000 <= (least_step_bps + 5) * before


def test_every_curve_trades_on_its_venue_when_pair_is_sol_usdc():
    pools = MARKET.pools(SLOT_NOW, pair=pair_of(SOL, USDC))

    kinds = [(pool.venue, type(pool).__name__) for pool in pools]
    assert set(kinds) == {
        (RAYDIUM, "ConstantProductPool"),
        (RAYDIUM, "ConcentratedPool"),
        (METEORA, "BinPool"),
        (METEORA, "DammV2Pool"),
    }
    assert min(sum(kind[0] == venue for kind in kinds) for venue in (RAYDIUM, METEORA)) >= 2


@pytest.mark.parametrize("token", [BONK, RAY, WIF, MSOL], ids=lambda token: token.symbol)
def test_only_sol_is_a_way_out_when_token_is_small(token):
    assert MARKET.pools(SLOT_NOW, pair=pair_of(SOL, token))
    assert not any(
        MARKET.pools(SLOT_NOW, pair=pair_of(token, other)) for other in (USDC, USDT, JUP)
    )


def test_pools_are_same_when_asked_for_in_either_direction():
    assert MARKET.pools(SLOT_NOW, pair=pair_of(SOL, JUP)) == MARKET.pools(
        SLOT_NOW, pair=pair_of(JUP, SOL)
    )


def test_pools_agree_when_asked_for_one_by_one():
    one_by_one = [MARKET.pool(listed.address, SLOT_NOW) for listed in POOLS]

    assert one_by_one == MARKET.pools(SLOT_NOW)


def test_addresses_are_32_bytes_when_listed():
    addresses = [listed.address for listed in POOLS]

    assert [str(Pubkey.from_string(address)) for address in addresses] == addresses
    assert len(set(addresses)) == len(addresses)


def test_pool_appears_when_its_slot_comes():
    late = replace(POOLS[0], address="late", listed_at_slot=SLOT_NOW)
    market = Market(seed="test", listings=(*POOLS, late))

    assert len(market.pools(SLOT_NOW)) == len(market.pools(SLOT_NOW - 1)) + 1
    assert market.pools(SLOT_NOW, pair=pair_of(SOL, USDC))[-1].address == "late"
    assert market.pool("late", SLOT_NOW).address == "late"
    with pytest.raises(PoolNotListedError):
        market.pool("late", SLOT_NOW - 1)


def test_pool_is_refused_when_address_is_unknown():
    with pytest.raises(PoolNotListedError):
        MARKET.pool("nowhere", SLOT_NOW)


CHAIN = (SOL, USDC, JUP, RAY, WIF)


@pytest.mark.parametrize(
    ("token", "is_connected"), [(USDC, True), (JUP, True), (RAY, True), (WIF, False)]
)
def test_pair_is_connected_when_a_route_may_go_over_its_pools(token, is_connected):
    chain = tuple(replace(POOLS[0], token_a=one, token_b=other) for one, other in pairwise(CHAIN))
    market = Market(seed="test", listings=chain)

    assert market.connects(pair_of(SOL, token).mints, SLOT_NOW) == is_connected
    assert market.connects(pair_of(token, SOL).mints, SLOT_NOW) == is_connected
    assert not market.connects(pair_of(SOL, BONK).mints, SLOT_NOW)


def test_slot_and_moment_agree_when_converted():
    moment = moment_at_slot(SLOT_NOW)

    assert moment.slot == SLOT_NOW
    assert moment.unix_seconds == 1_735_689_600 + SLOT_NOW * 2 // 5
    assert slot_at(datetime.fromtimestamp(moment.unix_seconds, UTC)) in range(
        SLOT_NOW - 2, SLOT_NOW + 1
    )
    assert slot_at(GENESIS + 5 * SLOT) == 5
