"""How far the venues stand apart, and that nobody can live on it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, product
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.pool import Pool
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.best_route import find_route
from chalicelib.domain.token_list import BONK, JUP, MSOL, RAY, SOL, TOKENS, USDC, USDT, WIF
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.simulation.listings import LISTED_TOKENS, StakedToken
from chalicelib.simulation.market import METEORA, POOLS, RAYDIUM, Market, moment_at_slot
from chalicelib.simulation.token_prices import Dislocation, dislocation

SEED, SLOT_NOW = "test", 149_193_000
USUAL = Market(seed=SEED)
WIDE = Market(seed=SEED, gap_bps_min=200, gap_bps_max=500)
AGREEING = Market(seed=SEED, gap_bps_min=0, gap_bps_max=0)
VOLATILE = [SOL, BONK, JUP, RAY, WIF]
VOLATILE_PAIRS = [
    (SOL, USDC), (SOL, USDT), (SOL, BONK), (SOL, JUP), (USDC, JUP), (SOL, RAY), (SOL, WIF),
]  # fmt: skip
STEADY_PAIRS = [(USDC, USDT), (MSOL, SOL)]
SLOTS = range(SLOT_NOW, SLOT_NOW + 200_000, 499)


def pair_of(token_in: Token, token_out: Token) -> Pair:
    return Pair(token_in=token_in, token_out=token_out)


def is_dislocated(slot: int, *tokens: Token) -> bool:
    return any(dislocation(SEED, token, slot) for token in tokens)


def price_of(pool: Pool) -> Fraction:
    return Fraction(*pool.marginal_price(pool.mint_a))


def gaps_bps(market: Market, pair: tuple[Token, Token], slot: int, *, bins: bool) -> list[float]:
    """How far each pool of Raydium stands from each of Meteora's, in terms of the cheaper one."""
    prices = defaultdict(list)
    for pool in market.pools(slot, pair=pair_of(*pair)):
        if bins or not isinstance(pool, BinPool):
            prices[pool.venue].append(price_of(pool))
    return [
        float(abs(one - other) / min(one, other) * 10_000)
        for one, other in product(prices[RAYDIUM], prices[METEORA])
    ]


def undisturbed(*tokens: Token) -> Iterator[int]:
    # What is priced in SOL elsewhere moves with it at a venue.
    return (slot for slot in SLOTS if not is_dislocated(slot, SOL, *tokens))


@pytest.mark.parametrize("market", [USUAL, WIDE], ids=["usual", "wide"])
@pytest.mark.parametrize("pair", VOLATILE_PAIRS, ids=lambda p: f"{p[0].symbol}-{p[1].symbol}")
def test_venues_keep_to_the_range_when_they_do_not_change_sides(
    market: Market, pair: tuple[Token, Token]
) -> None:
    found = [gaps_bps(market, pair, slot, bins=False) for slot in undisturbed(*pair)]

    inside = [min(gaps) >= market.gap_bps_min for gaps in found]
    assert mean(inside) >= 0.9
    assert max(max(gaps) for gaps in found) <= market.gap_bps_max


@pytest.mark.parametrize("pair", VOLATILE_PAIRS, ids=lambda p: f"{p[0].symbol}-{p[1].symbol}")
def test_no_two_pools_stand_farther_apart_than_the_range_when_bins_are_counted(
    pair: tuple[Token, Token],
) -> None:
    found = [max(gaps_bps(USUAL, pair, slot, bins=True)) for slot in undisturbed(*pair)]

    assert max(found) <= 60


@pytest.mark.parametrize("market", [USUAL, WIDE], ids=["usual", "wide"])
@pytest.mark.parametrize("pair", STEADY_PAIRS, ids=lambda p: f"{p[0].symbol}-{p[1].symbol}")
def test_steady_pairs_keep_within_three_bps_when_anything_happens(
    market: Market, pair: tuple[Token, Token]
) -> None:
    assert max(max(gaps_bps(market, pair, slot, bins=True)) for slot in SLOTS) <= 3


@pytest.mark.parametrize("market", [USUAL, WIDE], ids=["usual", "wide"])
def test_staked_sol_keeps_within_three_bps_of_its_rate_when_anything_happens(
    market: Market,
) -> None:
    staked = LISTED_TOKENS[MSOL.mint]
    assert isinstance(staked, StakedToken)

    for slot in SLOTS:
        rate = Fraction(staked.ratio_ppb_at(slot), 10**9)
        for pool in market.pools(slot, pair=pair_of(MSOL, SOL)):
            assert abs(price_of(pool) / rate - 1) * 10_000 <= 3


@pytest.mark.parametrize("pair", VOLATILE_PAIRS, ids=lambda p: f"{p[0].symbol}-{p[1].symbol}")
def test_venues_agree_when_the_range_is_zero(pair: tuple[Token, Token]) -> None:
    assert max(max(gaps_bps(AGREEING, pair, slot, bins=False)) for slot in SLOTS) <= 1.01


@pytest.mark.parametrize("market", [USUAL, WIDE], ids=["usual", "wide"])
@pytest.mark.parametrize("venue", [RAYDIUM, METEORA])
def test_rates_within_a_venue_agree_when_multiplied(market: Market, venue: str) -> None:
    for slot in SLOTS:
        rates = {}
        for pool in market.pools(slot, venue=venue):
            if not isinstance(pool, BinPool):
                rates[pool.mint_a, pool.mint_b] = price_of(pool)
        for a, b, c in ((SOL, USDC, USDT), (SOL, USDC, JUP)):
            round_trip = rates[a.mint, b.mint] * rates[b.mint, c.mint] / rates[a.mint, c.mint]
            assert abs(round_trip - 1) * 10_000 <= 2


def cycle_bps(market: Market, slot: int) -> float:
    """What the best way of at most three pools back to its start earns after fees, on $100."""
    rates = best_rates(market.pools(slot), slot)
    best = max(
        rate * onward * (rates.get((c, a), 0.0) if c != a else 1.0)
        for (a, b), rate in rates.items()
        for (start, c), onward in rates.items()
        if start == b
    )
    return (best - 1) * 10_000


def best_rates(pools: Sequence[Pool], slot: int) -> dict[tuple[Mint, Mint], float]:
    rates: dict[tuple[Mint, Mint], float] = defaultdict(float)
    for pool in pools:
        for paid, got in ((pool.mint_a, pool.mint_b), (pool.mint_b, pool.mint_a)):
            rate = rate_after_fees(pool, paid, slot)
            rates[paid, got] = max(rates[paid, got], rate)
    return rates


def rate_after_fees(pool: Pool, paid: Mint, slot: int) -> float:
    amount = probe(paid)
    try:
        return pool.quote_exact_in(paid, amount, moment_at_slot(slot)).amount_out / amount
    except QuoteError:
        return 0.0


@cache
def probe(mint: Mint) -> int:
    [token] = [token for token in TOKENS if token.mint == mint]
    unit: int = 10**token.decimals
    return 100 * 10**9 * unit // USUAL.fair_price(token, SLOT_NOW)


def test_no_cycle_earns_ten_bps_when_nothing_is_dislocated() -> None:
    slots = range(SLOT_NOW, SLOT_NOW + 700_000, 1_401)

    earned = [cycle_bps(USUAL, slot) for slot in slots if not is_dislocated(slot, *TOKENS)]

    assert mean(bps > 10 for bps in earned) < 0.01
    assert max(earned) < 20


def test_cycle_is_found_when_venues_stand_percents_apart() -> None:
    assert cycle_bps(WIDE, SLOT_NOW) > 100


@pytest.mark.parametrize(("token_in", "token_out"), [(USDT, USDC), (USDC, USDT)])
def test_thousand_dollars_stay_a_thousand_when_stables_are_swapped(
    token_in: Token, token_out: Token
) -> None:
    for slot in SLOTS[::4]:
        if not is_dislocated(slot, *TOKENS):
            route = find_route(
                USUAL.pools(slot), token_in.mint, token_out.mint, 10**9, moment_at_slot(slot)
            )
            assert 995 * 10**6 <= route.amount_out <= 1_005 * 10**6


def test_detours_are_rare_and_earn_little_when_a_direct_pool_is_cheap() -> None:
    slots = [slot for slot in SLOTS[::4] if not is_dislocated(slot, *TOKENS)]

    routes = [
        find_route(USUAL.pools(slot), SOL.mint, USDC.mint, 10**9, moment_at_slot(slot))
        for slot in slots
    ]

    detours = [route for route in routes if len({leg.input_mint for leg in route.legs}) > 1]
    assert len(detours) < len(routes) / 4
    assert all(route.improvement_bps <= 10 for route in routes)


@cache
def dislocations_of(token: Token) -> list[dict[int, Dislocation]]:
    """The dislocations of some days, each by slot."""
    found: list[dict[int, Dislocation]] = []
    last = -2
    for slot in range(SLOT_NOW, SLOT_NOW + 300_000):
        if now := dislocation(SEED, token, slot):
            if slot != last + 1:
                found.append({})
            found[-1][slot] = now
            last = slot
    return found


@pytest.mark.parametrize("token", VOLATILE, ids=lambda token: token.symbol)
def test_dislocations_are_rare_and_short_when_they_come(token: Token) -> None:
    found = dislocations_of(token)

    assert 8 <= len(found) <= 13
    assert all(len(slots) < 200 for slots in found)
    assert sum(map(len, found)) < 0.01 * 300_000
    assert {where.venue for slots in found for where in slots.values()} == {RAYDIUM, METEORA}


@pytest.mark.parametrize("market", [USUAL, WIDE], ids=["usual", "wide"])
@pytest.mark.parametrize(
    ("token", "pair"),
    [(SOL, (SOL, USDC)), (BONK, (SOL, BONK)), (JUP, (SOL, JUP)), (RAY, (SOL, RAY))],
    ids=lambda value: getattr(value, "symbol", None),
)
def test_venues_stand_two_to_five_percent_apart_at_the_height_of_a_dislocation(
    market: Market, token: Token, pair: tuple[Token, Token]
) -> None:
    for slots in dislocations_of(token):
        height = max(slots, key=lambda slot: slots[slot].extent_ppb)

        gaps = gaps_bps(market, pair, height, bins=False)

        assert all(190 <= gap <= 530 for gap in gaps)


def test_prices_move_smoothly_when_a_dislocation_comes_and_goes() -> None:
    [first, *_] = dislocations_of(SOL)
    around = range(min(first) - 10, max(first) + 10)

    prices = [price_of(USUAL.pool(POOLS[0].address, slot)) for slot in around]

    moves = [abs(after / before - 1) * 10_000 for before, after in pairwise(prices)]
    assert max(moves) <= 15


@pytest.mark.parametrize("token", [USDC, USDT, MSOL], ids=lambda token: token.symbol)
def test_what_keeps_its_rate_is_never_dislocated(token: Token) -> None:
    assert not any(dislocation(SEED, token, slot) for slot in range(SLOT_NOW, SLOT_NOW + 100_000))


@given(st.text(min_size=1, max_size=12), st.integers(SLOT_NOW, SLOT_NOW + 10**6))
def test_other_venues_stand_between_the_two_when_they_are_added(name: str, slot: int) -> None:
    at = {
        venue: replace(POOLS[0], address=POOLS[0].address, venue=venue)
        for venue in (RAYDIUM, METEORA, name)
    }

    low, price, high = (
        price_of(replace(USUAL, listings=(at[venue],)).pool(POOLS[0].address, slot))
        for venue in (RAYDIUM, name, METEORA)
    )

    assert min(low, high) <= price <= max(low, high)


def test_other_venues_have_their_own_price_when_their_names_differ() -> None:
    pools = [replace(POOLS[0], venue=name) for name in ("orca", "lifinity", "toy", METEORA)]

    prices = {price_of(replace(USUAL, listings=(pool,)).pools(SLOT_NOW)[0]) for pool in pools}

    assert len(prices) == 4
