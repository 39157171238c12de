import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.domain.pools.dlmm.bins import Bin, bin_price
from chalicelib.domain.pools.dlmm.fees import (
    CollectFeeMode,
    StaticParameters,
    VariableParameters,
)
from chalicelib.domain.pools.dlmm.pool import BinPool
from chalicelib.domain.pools.pool import Moment
from chalicelib.domain.pools.q64 import Q64
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    MintNotInPoolError,
    QuoteError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint
from tests.pool_strategies import static_parameters

MINT_X, MINT_Y = Mint("mintX"), Mint("mintY")
NOW = Moment(slot=0, unix_seconds=1_700_000_000)

deterministic = settings(derandomize=True, max_examples=120, deadline=None)

mints = st.sampled_from([MINT_X, MINT_Y])
amounts = st.integers(1, 10**13)
reserves = st.one_of(st.just(0), st.integers(1, 50), st.integers(1, 10**12))


@st.composite
def pools(draw):
    active_id = draw(st.integers(-400, 400))
    ids = range(active_id - 6, active_id + 7)
    # Within the filter period or past the decay period a swap cut in two pays the same rates.
    elapsed = draw(st.sampled_from([5, 5_000]))
    return BinPool(
        address="pool",
        venue="meteora",
        mint_a=MINT_X,
        mint_b=MINT_Y,
        active_id=active_id,
        bin_step=draw(st.sampled_from([1, 10, 80, 400])),
        bins=tuple(
            Bin(
                bin_id,
                draw(reserves) if bin_id >= active_id else 0,
                draw(reserves) if bin_id <= active_id else 0,
            )
            for bin_id in ids
        ),
        parameters=draw(static_parameters),
        v_parameters=VariableParameters(
            volatility_accumulator=draw(st.sampled_from([0, 120_000])),
            volatility_reference=draw(st.sampled_from([0, 60_000])),
            index_reference=active_id + draw(st.integers(-3, 3)),
            last_update_timestamp=NOW.unix_seconds - elapsed,
        ),
    )


def quote_in(pool, mint, amount):
    try:
        return pool.quote_exact_in(mint, amount, NOW)
    except QuoteError:
        assume(False)


def quote_out(pool, mint, amount):
    try:
        return pool.quote_exact_out(mint, amount, NOW)
    except QuoteError:
        assume(False)


def value_of(held, bin_step):
    return held.amount_x * bin_price(held.bin_id, bin_step) + held.amount_y * Q64


@deterministic
@given(pools(), mints, amounts)
def test_bin_value_never_falls_when_swapped(pool, mint, amount):
    before = {held.bin_id: value_of(held, pool.bin_step) for held in pool.bins}

    after = quote_in(pool, mint, amount).pool_after

    assert all(value_of(held, pool.bin_step) >= before[held.bin_id] for held in after.bins)


@deterministic
@given(pools(), mints, amounts)
def test_tokens_are_conserved_when_swapped(pool, mint, amount):
    quote = quote_in(pool, mint, amount)

    fees = [sum(fee.amount for fee in quote.fees if fee.mint == m) for m in (MINT_X, MINT_Y)]
    paid = [quote.amount_in, -quote.amount_out]
    changes = paid if mint == MINT_X else paid[::-1]
    before, after = pool.bins, quote.pool_after.bins
    assert sum(b.amount_x for b in after) == sum(b.amount_x for b in before) + changes[0] - fees[0]
    assert sum(b.amount_y for b in after) == sum(b.amount_y for b in before) + changes[1] - fees[1]


@deterministic
@given(pools(), mints, amounts, st.integers(1, 10**6))
def test_output_never_falls_when_more_is_paid(pool, mint, amount, more):
    less, greater = quote_in(pool, mint, amount), quote_in(pool, mint, amount + more)

    assert greater.amount_out >= less.amount_out


@deterministic
@given(pools(), mints, amounts, amounts)
def test_two_swaps_buy_no_more_than_one_when_one_unit_is_added(pool, mint, first, second):
    # A bin that is drained exactly keeps up to one unit as fee which a swap cut in two may carry
    # on to the next bin; all other rounding works against cutting.
    one = quote_in(pool, mint, first + second + 1)

    begun = quote_in(pool, mint, first)
    ended = quote_in(begun.pool_after, mint, second)

    assert begun.amount_out + ended.amount_out <= one.amount_out


@deterministic
@given(pools(), mints, amounts)
def test_exact_out_is_bought_when_its_input_is_paid(pool, mint, amount):
    wanted = quote_out(pool, mint, amount)

    bought = pool.quote_exact_in(mint, wanted.amount_in, NOW)

    assert bought.amount_out >= wanted.amount_out


@deterministic
@given(pools(), mints, amounts)
def test_prices_are_marginal_prices_of_pools_when_quoted(pool, mint, amount):
    quote = quote_in(pool, mint, amount)

    assert quote.price_before == pool.marginal_price(mint)
    assert quote.price_after == quote.pool_after.marginal_price(mint)
    assert quote.amount_out * quote.price_before.denominator <= (
        quote.amount_in * quote.price_before.numerator
    )


def plain_pool(**changes):
    terms = {
        "address": "pool",
        "venue": "meteora",
        "mint_a": MINT_X,
        "mint_b": MINT_Y,
        "active_id": 0,
        "bin_step": 10,
        "bins": (Bin(-1, 0, 1_000), Bin(0, 1_000, 1_000)),
        "parameters": StaticParameters(
            10_000, 0, 0, 30, 600, 5_000, 350_000, 500, CollectFeeMode.INPUT_ONLY
        ),
        "v_parameters": VariableParameters(0, 0, 0, 0),
    }
    return BinPool(**terms | changes)


@pytest.mark.parametrize(
    ("mint", "amount", "rejection"),
    [
        (MINT_X, 0, ZeroAmountError),
        (MINT_X, 1, ZeroOutputError),
        (MINT_X, 10_000, InsufficientLiquidityError),
        (MINT_X, 2**64, AmountOverflowError),
        (Mint("other"), 10, MintNotInPoolError),
    ],
    ids=["nothing", "dust", "too-much", "too-large", "third-mint"],
)
def test_exact_in_is_rejected_when_program_would_refuse(mint, amount, rejection):
    with pytest.raises(rejection):
        plain_pool().quote_exact_in(mint, amount, NOW)


def test_swap_is_rejected_when_bin_would_exceed_u64():
    full = plain_pool(bins=(Bin(0, 2**64 - 10, 1_000),))

    with pytest.raises(AmountOverflowError):
        full.quote_exact_in(MINT_X, 100, NOW)


def test_swap_is_rejected_when_draining_bin_would_cost_more_than_u64():
    dear = plain_pool(bins=(Bin(50, 2**64 - 1, 0),))

    with pytest.raises(AmountOverflowError):
        dear.quote_exact_in(MINT_Y, 100, NOW)


def test_timestamp_stays_when_swap_ends_in_active_bin():
    pool = plain_pool()

    stayed = pool.quote_exact_in(MINT_X, 100, NOW).pool_after
    moved = pool.quote_exact_in(MINT_X, 1_500, NOW).pool_after

    assert stayed.v_parameters.last_update_timestamp == 0
    assert moved.v_parameters.last_update_timestamp == NOW.unix_seconds
