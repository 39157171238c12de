from functools import cache
from itertools import cycle, permutations
from random import Random
from typing import NamedTuple

import pytest

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.errors import NoRouteError, SameTokenError
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    QuoteError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.routing.best_route import RoutingRules, find_route, find_route_exact_out
from chalicelib.domain.token_list import BONK, JUP, SOL, TOKENS, USDC, USDT
from chalicelib.domain.tokens import Token
from chalicelib.simulation.market import Market, moment_at_slot

MARKET = Market(seed="exact out")
SLOTS = (0, 37_000_123, 80_123_456)
NANO_USD = (1_000, 10**6, 10**9, 250 * 10**9, 6_000 * 10**9, 90_000 * 10**9, 400_000 * 10**9)


class Case(NamedTuple):
    paid: Token
    wanted: Token
    nano_usd: int
    slot: int

    @property
    def amount_out(self):
        price = MARKET.fair_price(self.wanted, self.slot)
        return max(1, self.nano_usd * 10**self.wanted.decimals // price)

    @property
    def at(self):
        return moment_at_slot(self.slot)

    def __str__(self):
        return f"{self.nano_usd / 10**9} dollars {self.paid.symbol}-{self.wanted.symbol}"


PAIRS = list(permutations(TOKENS, 2))
CASES = [
    Case(paid, wanted, nano_usd, slot)
    for (paid, wanted), nano_usd, slot in zip(
        Random("cases").sample(PAIRS, len(PAIRS)), cycle(NANO_USD), cycle(SLOTS), strict=False
    )
]

every_case = pytest.mark.parametrize("case", CASES, ids=str)


@cache
def pools_at(slot):
    return MARKET.pools(slot)


def direct_pools(case):
    mints = {case.paid.mint, case.wanted.mint}
    return [pool for pool in pools_at(case.slot) if {pool.mint_a, pool.mint_b} == mints]


@cache
def routed(case):
    return exact_out_of(case, case.amount_out)


def exact_out_of(case, amount_out, **rules):
    pools, mints = pools_at(case.slot), (case.paid.mint, case.wanted.mint)
    return find_route_exact_out(pools, *mints, amount_out, case.at, RoutingRules(**rules))


def bought_for(case, amount_in):
    pools, mints = pools_at(case.slot), (case.paid.mint, case.wanted.mint)
    try:
        return find_route(pools, *mints, amount_in, case.at).amount_out
    except ZeroOutputError:
        return 0


def cost_alone(pool, case):
    try:
        quote = pool.quote_exact_out(case.paid.mint, case.amount_out, case.at)
    except QuoteError:
        return None
    return quote.amount_in if quote.amount_out == case.amount_out else None


@every_case
def test_route_gives_exactly_what_is_wanted(case):
    route = routed(case)

    last = [leg for leg in route.legs if leg.output_mint == case.wanted.mint]
    first = [leg for leg in route.legs if leg.input_mint == case.paid.mint]
    assert route.mode is SwapMode.EXACT_OUT
    assert route.amount_out == sum(leg.amount_out for leg in last) == case.amount_out
    assert route.amount_in == sum(leg.amount_in for leg in first) > 0
    assert route.amount_quoted == route.amount_in


@every_case
def test_hops_hand_on_all_and_use_no_pool_twice(case):
    legs = routed(case).legs

    addresses = {leg.pool_address for leg in legs}
    mints = list(dict.fromkeys(leg.input_mint for leg in legs))
    assert len(addresses) == len(legs) <= 8
    assert [leg.input_mint for leg in legs] == sorted(
        [leg.input_mint for leg in legs], key=mints.index
    )
    for mint in mints[1:]:
        handed_on = sum(leg.amount_out for leg in legs if leg.output_mint == mint)
        assert handed_on == sum(leg.amount_in for leg in legs if leg.input_mint == mint)


@every_case
def test_route_costs_no_more_than_any_pool_alone(case):
    costs = [cost for pool in direct_pools(case) if (cost := cost_alone(pool, case))]

    assert routed(case).amount_in <= min(costs, default=U64_MAX)


@every_case
def test_quotes_are_all_pools_that_fill_it_alone_best_first(case):
    route = routed(case)

    costs = {pool.address: cost_alone(pool, case) for pool in direct_pools(case)}
    quoted = {quote.pool_address: quote.amount_in for quote in route.quotes}
    refused = {rejection.pool_address for rejection in route.rejections}
    assert quoted == {address: cost for address, cost in costs.items() if cost}
    assert refused == {address for address, cost in costs.items() if not cost}
    assert list(quoted.values()) == sorted(quoted.values())
    assert all(quote.amount_out == case.amount_out for quote in route.quotes)
    assert route.slot == case.slot


@every_case
def test_improvement_is_what_is_saved_of_the_best_pool_alone(case):
    route = routed(case)

    if not route.quotes:
        assert (route.baseline, route.improvement_bps, route.saving_bps) == (None, 0, 0)
        return
    best, worst = route.quotes[0].amount_in, route.quotes[-1].amount_in
    assert route.baseline == route.quotes[0]
    assert route.improvement_bps == (best - route.amount_in) * BPS // best >= 0
    assert route.saving_bps == (worst - route.amount_in) * BPS // worst >= route.improvement_bps


@every_case
def test_same_input_given_exactly_buys_as_much(case):
    # The two searches end at splits that are equally good to about one part in ten million; where
    # that is less than a unit, how a unit is rounded decides.
    allowed = case.amount_out // 10**6 + 1

    amount_out = bought_for(case, routed(case).amount_in)

    assert amount_out >= case.amount_out - allowed


@pytest.mark.parametrize("case", CASES[::2], ids=str)
def test_output_of_an_exact_input_costs_no_more_than_that_input(case):
    # As above: one part in a hundred thousand of the input, and what two units of output cost.
    amount_in = routed(case).amount_in + 10_000
    bought = bought_for(case, amount_in)

    route = exact_out_of(case, bought)

    assert route.amount_in <= amount_in + amount_in // 10**5 + ceil_div(2 * amount_in, bought)


@pytest.mark.parametrize(
    ("paid", "wanted"), [(SOL, USDC), (USDT, SOL), (JUP, SOL)], ids=lambda token: token.symbol
)
def test_route_is_the_best_pool_alone_when_legs_cost_more_than_they_earn(paid, wanted):
    case = Case(paid, wanted, 90_000 * 10**9, SLOTS[2])

    free = exact_out_of(case, case.amount_out)
    route = exact_out_of(case, case.amount_out, cost_per_leg=case.amount_out)

    assert len(free.legs) > 1
    assert route.legs == (route.baseline,)


@pytest.mark.parametrize("nano_usd", [10**9, 10**14], ids=["little", "much"])
def test_route_is_the_same_when_pools_come_in_another_order(nano_usd):
    case = Case(JUP, USDT, nano_usd, SLOTS[1])
    pools, mints = pools_at(case.slot), (case.paid.mint, case.wanted.mint)

    routes = [
        find_route_exact_out(order, *mints, case.amount_out, case.at)
        for order in (pools, pools[::-1])
    ]

    assert routes[0] == routes[1]


@pytest.mark.parametrize(
    ("paid", "wanted"), [(SOL, USDC), (USDC, SOL), (BONK, USDC)], ids=lambda token: token.symbol
)
@pytest.mark.parametrize("amount_out", [10**17, U64_MAX], ids=["much", "most"])
def test_route_is_refused_when_pools_hold_less_than_wanted(paid, wanted, amount_out):
    with pytest.raises(InsufficientLiquidityError) as caught:
        exact_out_of(Case(paid, wanted, 0, 0), amount_out)

    assert caught.value.code == "INSUFFICIENT_LIQUIDITY"


@pytest.mark.parametrize(
    ("paid", "wanted", "amount_out", "error", "code"),
    [
        (SOL, USDC, 0, ZeroAmountError, "ZERO_AMOUNT"),
        (SOL, USDC, -1, ZeroAmountError, "ZERO_AMOUNT"),
        (SOL, USDC, U64_MAX + 1, AmountOverflowError, "OVERFLOW"),
        (SOL, SOL, 1, SameTokenError, "SAME_TOKEN"),
    ],
    ids=["zero", "negative", "over u64", "same token"],
)
def test_route_is_refused_when_it_cannot_be_wanted(paid, wanted, amount_out, error, code):
    with pytest.raises(error) as caught:
        exact_out_of(Case(paid, wanted, 0, 0), amount_out)

    assert caught.value.code == code


def test_there_is_no_route_when_no_pool_trades_the_token():
    pools = [pool for pool in pools_at(0) if BONK.mint not in (pool.mint_a, pool.mint_b)]

    with pytest.raises(NoRouteError) as caught:
        find_route_exact_out(pools, SOL.mint, BONK.mint, 1, moment_at_slot(0))

    assert caught.value.code == "UNKNOWN_PAIR"


def test_there_is_no_route_when_it_takes_more_hops_than_allowed():
    with pytest.raises(NoRouteError):
        exact_out_of(Case(BONK, USDC, 0, 0), 10**6, hops_max=1)
