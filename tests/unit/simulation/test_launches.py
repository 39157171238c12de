"""Launches as functions of the seed: what they are, how often, and how they are found."""

import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from chalicelib.domain.base58 import address_of, bytes_of
from chalicelib.domain.pools.pool import PoolKind
from chalicelib.domain.token_list import SOL, TOKENS, USDC
from chalicelib.domain.tokens import Mint
from chalicelib.simulation.launch_states import curve_of, quote_liquidity
from chalicelib.simulation.launches import (
    LIFE_SLOTS,
    PERIOD_SLOTS,
    TRAPS_PERCENT,
    Trap,
    launch_of_mint,
    launch_of_number,
    launch_of_pool,
    launches_since,
    launches_until,
)
from chalicelib.simulation.listings import POOLS
from chalicelib.simulation.market import SLOT
from infra.paths import ROOT
from tests.launches import FIRST_SLOT, ONE_DAY, SEED, kind_of

DAY = [*islice(launches_since(SEED, FIRST_SLOT), ONE_DAY)]


def share_percent(count: int) -> float:
    return 100 * count / len(DAY)


def test_launches_are_equal_when_another_process_draws_them() -> None:
    script = (
        "from chalicelib.simulation.launches import launch_of_number\n"
        f"for number in (0, 7, 525600): print(sorted_of(launch_of_number({SEED!r}, number)))"
    )
    shown = "sorted_of = lambda launch: (launch.pool, launch.creator, sorted(launch.traps))\n"

    fresh = subprocess.run(
        [sys.executable, "-c", shown + script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    own = [launch_of_number(SEED, number) for number in (0, 7, 525_600)]
    assert fresh == [str((x.pool, x.creator, sorted(x.traps))) for x in own]
    assert launch_of_number("another", 7).token.mint != own[1].token.mint


def test_one_launch_appears_in_each_minute() -> None:
    assert SLOT.total_seconds() * PERIOD_SLOTS == 60
    for number, launch in enumerate(DAY, start=FIRST_SLOT // PERIOD_SLOTS):
        assert launch.number == number
        assert launch.created_slot // PERIOD_SLOTS == number
    assert len({launch.created_slot % PERIOD_SLOTS for launch in DAY}) > PERIOD_SLOTS // 2


def test_all_kinds_of_pools_and_both_quote_tokens_occur() -> None:
    kinds = Counter(map(kind_of, DAY))
    quotes = Counter(launch.quote for launch in DAY)

    assert kinds.keys() == {*PoolKind}
    assert min(kinds.values()) > len(DAY) / 6
    assert quotes.keys() == {SOL, USDC}
    assert quotes[SOL] > 3 * quotes[USDC]


def test_traps_occur_at_their_stated_share() -> None:
    traps = Counter(trap for launch in DAY for trap in launch.traps)

    assert abs(share_percent(sum(1 for x in DAY if x.traps)) - TRAPS_PERCENT) < 4
    assert {len(launch.traps) for launch in DAY} == {0, 1, 2}
    assert traps.keys() == {*Trap}
    assert all(share_percent(count) > 5 for count in traps.values())


def test_liquidity_leaves_and_is_never_locked_when_that_is_the_trap() -> None:
    for launch in DAY:
        is_drained = Trap.DRAINED in launch.traps
        assert (launch.drained_slot is not None) is is_drained
        assert (launch.locked_slot is None) is is_drained
        if launch.drained_slot is not None:
            assert launch.holds_liquidity(launch.drained_slot - 1)
            assert not launch.holds_liquidity(launch.drained_slot)


@pytest.mark.parametrize("what", ["opens_slot", "funded_slot", "locked_slot"])
def test_something_is_to_come_of_some_honest_pools(what: str) -> None:
    honest = [launch for launch in DAY if not launch.traps]
    later = [x for x in honest if getattr(x, what) > x.created_slot]

    assert 0.1 < len(later) / len(honest) < 0.3
    assert all(getattr(launch, what) - launch.created_slot <= 40 for launch in later)


def test_a_few_creators_launch_often() -> None:
    creators = Counter(launch.creator for launch in DAY)
    often = [count for count in creators.values() if count > 20]

    assert 5 < len(often) < 20
    assert 40 < share_percent(sum(often)) < 80
    assert len(creators) > 300


def test_tokens_are_sane_and_their_mints_their_own() -> None:
    mints = [launch.token.mint for launch in DAY]
    addresses = [launch.pool.address for launch in DAY]

    assert len({*mints, *addresses, *(p.address for p in POOLS), *(t.mint for t in TOKENS)}) == (
        2 * len(DAY) + len(POOLS) + len(TOKENS)
    )
    for launch in DAY:
        assert launch.token.symbol.isalpha()
        assert launch.token.symbol not in {token.symbol for token in TOKENS}
        assert launch.token.decimals in (5, 6, 9)
        for address in (launch.token.mint, launch.pool.address, launch.creator):
            assert str(Pubkey.from_string(address)) == address


def test_launch_is_found_by_its_mint_and_by_its_pool() -> None:
    for launch in DAY:
        assert launch_of_mint(SEED, launch.token.mint) == launch
        assert launch_of_pool(SEED, launch.pool.address) == launch
        assert launch_of_mint(SEED, Mint(launch.pool.address)) is None
        assert launch_of_pool(SEED, launch.token.mint) is None
        assert launch_of_mint("another", launch.token.mint) is None


def test_no_launch_is_found_by_another_mint() -> None:
    mint = DAY[0].token.mint
    others = [token.mint for token in TOKENS]
    others += [Mint(mint[:place] + "2" + mint[place + 1 :]) for place in range(len(mint))]
    others += [
        Mint(""),
        Mint("1"),
        Mint(mint + "1"),
        Mint("1" + mint),
        Mint("0OIl"),
        Mint("é" * 44),
        Mint("1" * 10_000),
    ]

    assert [other for other in others if other != mint and launch_of_mint(SEED, other)] == []


@given(st.binary(min_size=32, max_size=32) | st.just(b"\0" * 31 + b"\1") | st.just(b"\xff" * 32))
def test_address_is_written_and_read_as_everywhere(content: bytes) -> None:
    address = address_of(content)

    assert address == str(Pubkey(content))
    assert bytes_of(address) == content


@given(st.text(max_size=60))
def test_text_is_an_address_only_when_it_is_one_of_32_bytes(text: str) -> None:
    try:
        expected = bytes(Pubkey.from_string(text))
    except ValueError:
        expected = None

    assert bytes_of(text) == expected


def test_launches_come_in_sequence_from_any_slot() -> None:
    slot = DAY[3].created_slot

    assert [*islice(launches_since(SEED, slot), 3)] == DAY[3:6]
    assert [*islice(launches_since(SEED, slot + 1), 3)] == DAY[4:7]
    assert [*islice(launches_until(SEED, slot), 3)] == DAY[3:0:-1]
    assert [*islice(launches_until(SEED, slot - 1), 2)] == DAY[2:0:-1]
    [first, *_] = launches_until(SEED, PERIOD_SLOTS)
    assert first.number <= 1


def test_price_begins_where_it_was_drawn_and_goes_its_own_way() -> None:
    for launch in DAY[:60]:
        slots = range(launch.created_slot, launch.created_slot + LIFE_SLOTS, 25)
        course = [launch.course_ppb(slot) for slot in slots]
        assert course[0] == 10**9
        assert 10**8 < min(course) < max(course) < 10**10
        assert max(course) > min(course) * 1.1
        assert max(abs(after / before - 1) for before, after in pairwise(course)) < 0.2
    assert len({launch.pool.start_price_nano_usd for launch in DAY}) > 500


def test_most_orders_in_flight_keep_within_two_percent() -> None:
    moves = [
        abs(launch.course_ppb(slot + 6) / launch.course_ppb(slot) - 1)
        for launch in DAY[:60]
        for slot in range(launch.created_slot, launch.created_slot + LIFE_SLOTS, 90)
    ]

    assert sum(move < 0.02 for move in moves) > 0.99 * len(moves)


def test_quote_side_holds_about_half_of_the_depth_while_there_is_liquidity() -> None:
    for launch in DAY[:240]:
        if Trap.DRAINED in launch.traps:
            continue
        slot = max(launch.opens_slot, launch.funded_slot)
        dollars = 150 if launch.quote == SOL else 1
        held = quote_liquidity(curve_of(launch, slot)) * dollars / 10**launch.quote.decimals
        assert 0.7 < held / (launch.pool.depth_usd / 2) < 1.4
