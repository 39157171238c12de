from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, permutations

import pytest

from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.routing.best_route import find_route
from chalicelib.domain.routing.reference_rates import ReferenceRates
from chalicelib.domain.token_list import BONK, JUP, MSOL, SOL, TOKENS, USDC, USDT, WIF
from chalicelib.domain.tokens import Mint
from chalicelib.simulation.market import Market, moment_at_slot

SLOT = 149_193_000
AT = moment_at_slot(SLOT)
DOLLAR = (USDC.mint, 10**6)
MINTS = [token.mint for token in TOKENS]
# Where venues stand percents apart every cycle pays: rates that went in one would show.
MARKETS = [Market(seed="test"), Market(seed="test", gap_bps_min=200, gap_bps_max=500)]

each_market = pytest.mark.parametrize("market", MARKETS, ids=["usual", "wide"])


def rates_of(pools: Sequence[Pool], at: Moment = AT) -> ReferenceRates:
    return ReferenceRates(pools, at, DOLLAR)


def simple_paths(start: Mint, end: Mint) -> Iterator[tuple[Mint, ...]]:
    others = [mint for mint in MINTS if mint not in (start, end)]
    for between in range(3):
        for way in permutations(others, between):
            yield (start, *way, end)


def hop_rate(pools: Sequence[Pool], paid: Mint, received: Mint) -> Fraction | None:
    [token] = [token for token in TOKENS if token.mint == paid]
    unit: int = 10**token.decimals
    dollar = unit * 10**9 // MARKETS[0].fair_price(token, SLOT)
    outs = [
        pool.quote_exact_in(paid, dollar, AT).amount_out
        for pool in pools
        if {pool.mint_a, pool.mint_b} == {paid, received}
    ]
    return Fraction(max(outs), dollar) if outs else None


def best_of_all(pools: Sequence[Pool], start: Mint, end: Mint) -> Fraction:
    best = Fraction(0)
    for path in simple_paths(start, end):
        rate: Fraction | None = Fraction(1)
        for paid, received in pairwise(path):
            hop = hop_rate(pools, paid, received)
            rate = rate * hop if rate and hop else None
        best = max(best, rate or best)
    return best


@each_market
@pytest.mark.parametrize(
    ("token_in", "token_out"),
    [(SOL, USDC), (USDC, SOL), (USDT, USDC), (WIF, JUP), (BONK, USDT), (MSOL, USDC)],
    ids=lambda token: token.symbol,
)
def test_rate_is_the_best_of_every_path_when_all_are_tried(market, token_in, token_out):
    pools = market.pools(SLOT)

    rate = rates_of(pools).rate(token_in.mint, token_out.mint)

    best = best_of_all(pools, token_in.mint, token_out.mint)
    # Here a dollar's worth follows from the pools, there from the fair prices.
    assert abs(Fraction(*rate) / best - 1) * 10**5 < 1


@each_market
def test_rates_of_all_pairs_are_those_of_each_when_asked_for_together(market):
    pools = market.pools(SLOT)

    together = rates_of(pools).rates()

    one_by_one = {
        (paid, received): rates_of(pools).rate(paid, received)
        for paid, received in permutations(MINTS, 2)
    }
    assert together == one_by_one
    assert len(together) == 56


@each_market
def test_rate_is_what_an_order_of_a_dollar_gets_when_it_is_routed(market):
    for slot in range(SLOT, SLOT + 70_000, 7_001):
        pools, at = market.pools(slot), moment_at_slot(slot)
        for (paid, received), rate in list(rates_of(pools, at).rates().items())[::7]:
            amount = market_dollar(market, paid, slot)

            route = find_route(pools, paid, received, amount, at)

            assert abs(Fraction(route.amount_out, amount) / Fraction(*rate) - 1) * 10_000 <= 1


def market_dollar(market: Market, mint: Mint, slot: int) -> int:
    [token] = [token for token in TOKENS if token.mint == mint]
    unit: int = 10**token.decimals
    return unit * 10**9 // market.fair_price(token, slot)


def test_there_and_back_never_gains_when_one_pool_is_all_there_is():
    pools = MARKETS[0].pools(SLOT)[:1]

    rates = rates_of(pools).rates()

    assert set(rates) == {(SOL.mint, USDC.mint), (USDC.mint, SOL.mint)}
    there, back = rates.values()
    assert Fraction(*there) * Fraction(*back) < 1


def test_venue_rates_are_those_of_each_venues_best_pool_when_it_has_some():
    pools = MARKETS[0].pools(SLOT)
    rates = rates_of(pools)

    by_venue = rates.venue_rates(SOL.mint, USDC.mint)

    for venue, rate in by_venue.items():
        alone = [pool for pool in pools if pool.venue == venue]
        best = hop_rate(alone, SOL.mint, USDC.mint)
        assert abs(Fraction(*rate) / best - 1) * 10**5 < 1
    assert sorted(by_venue) == ["meteora", "raydium"]
    assert rates.venue_rates(WIF.mint, JUP.mint) == {}


@pytest.mark.parametrize("received", [WIF.mint, "nowhere"])
def test_rate_is_none_when_no_pools_lead_there(received):
    pools = [pool for pool in MARKETS[0].pools(SLOT) if WIF.mint not in (pool.mint_a, pool.mint_b)]

    assert rates_of(pools).rate(SOL.mint, received) is None


def test_rate_is_none_when_four_pools_lead_there():
    hops = [SOL.mint, USDC.mint, USDT.mint, JUP.mint, WIF.mint]
    pools = [full(paid, received) for paid, received in pairwise(hops)]

    rates = rates_of(pools)

    assert rates.rate(SOL.mint, JUP.mint) is not None
    assert rates.rate(SOL.mint, WIF.mint) is None


def test_empty_pool_is_passed_over_when_another_is_full():
    empty = full(SOL.mint, USDC.mint, reserve=0)

    assert rates_of([empty]).rates() == {}
    with_another = rates_of([empty, full(SOL.mint, USDC.mint)])
    assert len(with_another.rates()) == 2
    assert len(with_another.venue_rates(SOL.mint, USDC.mint)) == 1


def full(mint_a: Mint, mint_b: Mint, reserve: int = 10**12) -> ConstantProductPool:
    return ConstantProductPool(
        venue="raydium",
        address=f"{mint_a}-{mint_b}-{reserve}",
        mint_a=mint_a,
        mint_b=mint_b,
        vault_0=reserve,
        vault_1=reserve,
        trade_fee_rate=2_500,
    )
