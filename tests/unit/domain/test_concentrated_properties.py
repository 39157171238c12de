from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.domain.pools.clmm.pool import CollectFeeOn, ConcentratedPool, Tick
from chalicelib.domain.pools.clmm.ticks import MAX_TICK, MIN_TICK, sqrt_price_at, tick_at
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.q64 import Q64
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.tokens import Mint
from tests.pool_strategies import tick_volatility

MINTS = (Mint("mint0"), Mint("mint1"))
NOW = Moment(slot=0, unix_seconds=1_700_000_000)

deterministic = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)

amounts = st.integers(1, 10**6) | st.integers(1, 10**13) | st.integers(1, 2**63)
directions = st.sampled_from(MINTS)


class Position(NamedTuple):
    lower: int
    upper: int
    liquidity: int


class Market(NamedTuple):
    pool: ConcentratedPool
    positions: tuple[Position, ...]


dynamic_fees = tick_volatility(NOW.unix_seconds + 10, NOW.unix_seconds)


@st.composite
def markets(draw, fees=st.none() | dynamic_fees):  # noqa: B008
    spacing = draw(st.sampled_from((1, 10, 60)))
    tick_current = draw(st.integers(-5000, 5000) | st.integers(-300_000, 300_000))
    middle = tick_current // spacing
    positions = tuple(
        Position((middle + low) * spacing, (middle + low + width) * spacing, liquidity)
        for low, width, liquidity in draw(
            st.lists(
                st.tuples(st.integers(-20, 20), st.integers(1, 40), st.integers(1, 10**15)),
                min_size=1,
                max_size=5,
            )
        )
    )
    here = sqrt_price_at(tick_current)
    pool = ConcentratedPool(
        address="pool",
        venue="raydium",
        mint_a=MINTS[0],
        mint_b=MINTS[1],
        sqrt_price_x64=draw(st.just(here) | st.integers(here, sqrt_price_at(tick_current + 1) - 1)),
        tick_current=tick_current,
        liquidity=sum(p.liquidity for p in positions if p.lower <= tick_current < p.upper),
        tick_spacing=spacing,
        trade_fee_rate=draw(st.integers(1, 100_000)),
        protocol_fee_rate=120_000,
        fund_fee_rate=40_000,
        fee_on=draw(st.sampled_from(CollectFeeOn)),
        ticks=ticks_of(positions),
        dynamic_fee=draw(fees),
    )
    return Market(pool, positions)


def ticks_of(positions):
    net, gross = {}, {}
    for lower, upper, liquidity in positions:
        for tick, change in ((lower, liquidity), (upper, -liquidity)):
            net[tick] = net.get(tick, 0) + change
            gross[tick] = gross.get(tick, 0) + liquidity
    return tuple(Tick(tick, net[tick], gross[tick]) for tick in sorted(net))


def owed(market, price):
    token_0 = token_1 = Fraction(0)
    for lower, upper, liquidity in market.positions:
        low, high = sqrt_price_at(lower), sqrt_price_at(upper)
        inside = min(max(price, low), high)
        token_0 += liquidity * Q64 * (Fraction(1, inside) - Fraction(1, high))
        token_1 += Fraction(liquidity * (inside - low), Q64)
    return token_0, token_1


def try_quote(quote, mint, amount):
    try:
        return quote(mint, amount, NOW)
    except QuoteError:
        return None


def amount_out_of(pool, mint, amount_in):
    quote = try_quote(pool.quote_exact_in, mint, amount_in)
    return quote.amount_out if quote else 0


@deterministic
@given(markets(), directions, amounts, st.booleans())
def test_pool_still_covers_its_positions_when_swapped(market, mint, amount, is_exact_in):
    pool = market.pool
    quote = try_quote(pool.quote_exact_in if is_exact_in else pool.quote_exact_out, mint, amount)
    assume(quote)

    before, after = owed(market, pool.sqrt_price_x64), owed(market, quote.sqrt_price_x64)

    is_down = mint == MINTS[0]
    kept_in, given_out = quote.amount_in, quote.amount_out
    if quote.is_fee_on_input:
        kept_in -= quote.fee_amount
    else:
        given_out += quote.fee_amount
    assert kept_in >= after[not is_down] - before[not is_down]
    assert given_out <= before[is_down] - after[is_down]


@deterministic
@given(markets(), directions, amounts)
def test_liquidity_and_tick_match_the_price_when_swapped(market, mint, amount):
    quote = try_quote(market.pool.quote_exact_in, mint, amount)
    assume(quote)

    after = quote.pool_after

    tick = after.tick_current
    assert after.liquidity == sum(
        p.liquidity for p in market.positions if p.lower <= tick < p.upper
    )
    assert sqrt_price_at(tick) <= after.sqrt_price_x64 <= sqrt_price_at(tick + 1)


@deterministic
@given(markets(), directions, amounts, amounts)
def test_amount_out_never_falls_when_more_is_paid(market, mint, amount_in, more):
    # Beyond the last tick there is nothing to buy: that swap is refused, not worse.
    quote = try_quote(market.pool.quote_exact_in, mint, amount_in + more)
    assume(quote)

    less_out = amount_out_of(market.pool, mint, amount_in)

    assert quote.amount_out >= less_out


@deterministic
@given(markets(fees=st.none()), directions, amounts, amounts)
def test_two_swaps_never_beat_one_beyond_rounding_when_split(market, mint, first_in, second_in):
    # In real numbers both come out equal. What one swap may lose by rounding, and two then gain:
    # each step 2 of the output (it and a fee on it) and 2 of the input (it and a fee on it), worth
    # at most the first price; the last step less than one unit of price over all liquidity.
    pool = market.pool
    whole = try_quote(pool.quote_exact_in, mint, first_in + second_in)
    first = try_quote(pool.quote_exact_in, mint, first_in)
    assume(whole)
    assume(first)

    split_out = first.amount_out + amount_out_of(first.pool_after, mint, second_in)

    price = Fraction(*whole.price_before)
    liquidity = sum(p.liquidity for p in market.positions)
    unit = Fraction(liquidity, Q64)
    if mint == MINTS[1]:
        unit = Fraction(liquidity * Q64, pool.sqrt_price_x64**2)
    assert split_out <= whole.amount_out + len(whole.step_fees) * (2 + 2 * price) + unit


@deterministic
@given(markets(), directions, amounts)
def test_exact_in_gives_the_wanted_output_when_paid_what_exact_out_asks(market, mint, amount_out):
    wanted = try_quote(market.pool.quote_exact_out, mint, amount_out)
    assume(wanted)

    given_out = amount_out_of(market.pool, mint, wanted.amount_in)

    assert given_out >= amount_out


@deterministic
@given(st.integers(MIN_TICK, MAX_TICK), st.floats(0, 1, exclude_max=True))
def test_tick_at_finds_the_tick_when_price_lies_above_it(tick, share):
    low = sqrt_price_at(tick)
    distance = int((sqrt_price_at(tick + 1) - low - 1) * share) if tick < MAX_TICK else 0

    found = tick_at(low + distance)

    assert found == tick


@pytest.mark.parametrize("mint", MINTS)
def test_quote_is_incomplete_when_prices_end(mint):
    position = Position(MIN_TICK, MAX_TICK, 10)
    pool = ConcentratedPool(
        address="pool",
        venue="raydium",
        mint_a=MINTS[0],
        mint_b=MINTS[1],
        sqrt_price_x64=Q64,
        tick_current=0,
        liquidity=10,
        tick_spacing=1,
        trade_fee_rate=100,
        protocol_fee_rate=120_000,
        fund_fee_rate=40_000,
        fee_on=CollectFeeOn.FROM_INPUT,
        ticks=ticks_of([position]),
    )

    quote = pool.quote_exact_in(mint, 2**64 - 1, NOW)

    assert not quote.is_complete
    assert quote.amount_in < 2**64 - 1
    assert quote.tick_current in (MIN_TICK, MAX_TICK - 1)
