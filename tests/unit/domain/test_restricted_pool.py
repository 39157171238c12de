"""Pools with rules of their token: what arrives is exact in both directions, whatever the curve."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.amounts import BPS, U64_MAX, ceil_div
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.cpmm import ConstantProductPool
from chalicelib.domain.pools.pool import Fee, FeeKind, Moment
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    MintNotInPoolError,
    NotSellableError,
    QuoteError,
    SwapDisabledError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.pools.restricted import RestrictedPool
from chalicelib.domain.routing.fills import Leg, fill
from chalicelib.domain.routing.quotes import quote_of
from chalicelib.domain.tokens import Mint

SOL, NEW = Mint("sol"), Mint("new")
NOW = Moment(slot=10, unix_seconds=4)
CURVE = ConstantProductPool(
    address="pool",
    venue="raydium",
    mint_a=NEW,
    mint_b=SOL,
    vault_0=10**15,
    vault_1=10**12,
    trade_fee_rate=2_500,
)
TAXED = RestrictedPool(pool=CURVE, mint=NEW, transfer_fee_bps=3_000)

fees_bps = st.integers(0, BPS - 1)
amounts = st.integers(1, 10**4) | st.integers(1, 10**11)
directions = st.sampled_from([SOL, NEW])


def quoted(pool, mode, mint, amount):
    quote = pool.quote_exact_in if mode is SwapMode.EXACT_IN else pool.quote_exact_out
    try:
        return quote(mint, amount, NOW)
    except QuoteError:
        return None


@given(fees_bps, directions, amounts)
def test_fee_is_taken_of_each_transfer_of_its_mint_and_rounds_up(fee_bps, mint, amount):
    pool = replace(TAXED, transfer_fee_bps=fee_bps)
    quote = quoted(pool, SwapMode.EXACT_IN, mint, amount)
    if quote is None:
        return

    sent = amount if mint == NEW else quote.inner.amount_out
    fee = ceil_div(sent * fee_bps, BPS)
    assert quote.transfer_fee == fee
    assert quote.fees[-1] == Fee(FeeKind.TRANSFER, NEW, fee)
    assert quote.amount_in == amount
    if mint == NEW:
        assert quote.inner == CURVE.quote_exact_in(NEW, amount - fee, NOW)
        assert quote.amount_out == quote.inner.amount_out
    else:
        assert quote.inner == CURVE.quote_exact_in(SOL, amount, NOW)
        assert quote.amount_out == quote.inner.amount_out - fee


@given(fees_bps, directions, amounts)
def test_exact_output_arrives_to_the_base_unit_and_costs_the_least(fee_bps, mint, amount):
    pool = replace(TAXED, transfer_fee_bps=fee_bps)
    quote = quoted(pool, SwapMode.EXACT_OUT, mint, amount)
    if quote is None:
        return

    assert quote.amount_out == amount
    paid = quoted(pool, SwapMode.EXACT_IN, mint, quote.amount_in)
    assert paid.amount_out >= amount
    if mint == NEW:
        assert quote.amount_in - quote.transfer_fee == quote.inner.amount_in
        less = ceil_div((quote.amount_in - 1) * fee_bps, BPS)
        assert quote.amount_in - 1 - less < quote.inner.amount_in


@given(fees_bps, directions, amounts)
def test_output_alone_is_that_of_the_quote(fee_bps, mint, amount):
    pool = replace(TAXED, transfer_fee_bps=fee_bps)
    quote = quoted(pool, SwapMode.EXACT_IN, mint, amount)

    try:
        out = pool.out_exact_in(mint, amount, NOW)
    except QuoteError:
        assert quote is None
    else:
        assert quote is not None
        assert out == quote.amount_out


def test_pool_without_rules_quotes_as_the_one_inside():
    pool = replace(TAXED, transfer_fee_bps=0)
    for mint in (SOL, NEW):
        own, inner = (p.quote_exact_in(mint, 10**9, NOW) for p in (pool, CURVE))
        assert (own.amount_in, own.amount_out) == (inner.amount_in, inner.amount_out)
        assert (own.price_before, own.price_after) == (inner.price_before, inner.price_after)
        assert own.pool_after == replace(pool, pool=inner.pool_after)
        assert pool.marginal_price(mint) == CURVE.marginal_price(mint)
        assert pool.step_left(mint, NOW) == 0
    assert (pool.address, pool.venue, pool.kind) == (CURVE.address, CURVE.venue, CURVE.kind)
    assert (pool.mint_a, pool.mint_b) == (NEW, SOL)


def test_step_of_a_sale_counts_the_transfer_fee():
    class Stepped(ConstantProductPool):
        def step_left(self, input_mint, at):
            return 700

    stepped = Stepped(**{each.name: getattr(CURVE, each.name) for each in fields(CURVE)})
    pool = replace(TAXED, pool=stepped)

    assert pool.step_left(NEW, NOW) == 1_000
    assert pool.step_left(SOL, NOW) == 700


@pytest.mark.parametrize("mint", [SOL, NEW])
def test_offer_counts_the_transfer_fee_as_a_fee_and_not_as_price_impact(mint):
    quote = TAXED.quote_exact_in(mint, 10**6, NOW)

    offer = quote_of(TAXED, mint, quote, SwapMode.EXACT_IN)

    assert offer.price_impact_bps <= 1
    # 30 %, and 0.25 % of what is left.
    assert 3_016 <= offer.fee_bps <= 3_019


def test_nothing_is_swapped_before_the_pool_opens():
    pool = replace(TAXED, opens_slot=11)

    for quote in (pool.quote_exact_in, pool.quote_exact_out, pool.out_exact_in):
        for mint in (SOL, NEW):
            with pytest.raises(SwapDisabledError):
                quote(mint, 10**6, NOW)
    assert pool.quote_exact_in(SOL, 10**6, NOW._replace(slot=11)).amount_out > 0


def test_token_is_bought_and_never_sold_when_it_is_not_sellable():
    pool = replace(TAXED, is_sellable=False)

    for quote in (pool.quote_exact_in, pool.quote_exact_out, pool.out_exact_in):
        assert quote(SOL, 10**6, NOW)
        with pytest.raises(NotSellableError):
            quote(NEW, 10**6, NOW)
    with pytest.raises(NotSellableError) as refused:
        fill([Leg(pool, NEW, 10**6)], SwapMode.EXACT_IN, NOW)
    assert refused.value.refused_by == "pool"


@pytest.mark.parametrize(
    ("mint", "amount", "refusal"),
    [
        (SOL, 0, ZeroAmountError),
        (NEW, -1, ZeroAmountError),
        (NEW, U64_MAX + 1, AmountOverflowError),
        (NEW, 1, ZeroOutputError),
        (Mint("third"), 1, MintNotInPoolError),
    ],
)
def test_amount_is_refused_when_it_can_buy_nothing(mint, amount, refusal):
    with pytest.raises(refusal):
        TAXED.quote_exact_in(mint, amount, NOW)
    with pytest.raises(refusal):
        TAXED.out_exact_in(mint, amount, NOW)


def test_exact_output_is_refused_when_more_than_there_is_would_have_to_be_sent():
    with pytest.raises(InsufficientLiquidityError):
        TAXED.quote_exact_out(SOL, 7 * 10**14, NOW)
    assert TAXED.quote_exact_out(SOL, 7 * 10**14 - 7 * 10**11, NOW).inner.amount_out < 10**15
    with pytest.raises(AmountOverflowError):
        TAXED.quote_exact_out(SOL, U64_MAX, NOW)


@pytest.mark.parametrize(
    ("fee_bps", "fee_max", "sent", "arriving"),
    [(3_000, 10, 33, 23), (3_000, 10, 34, 24), (3_000, 10, 10**9, 10**9 - 10), (BPS, 10, 15, 5)],
)
def test_fee_is_never_more_than_its_maximum(fee_bps, fee_max, sent, arriving):
    level = replace(CURVE, vault_0=10**12)
    pool = replace(TAXED, pool=level, transfer_fee_bps=fee_bps, transfer_fee_max=fee_max)

    sold = pool.quote_exact_in(NEW, sent, NOW)
    assert sold.inner.amount_in == arriving
    assert sold.transfer_fee == sent - arriving
    bought = pool.quote_exact_out(SOL, arriving, NOW)
    assert bought.inner.amount_out == sent
    assert bought.amount_out == arriving


@pytest.mark.parametrize("amount_in", [1, 10**6])
def test_swap_is_refused_when_the_fee_leaves_nothing_of_the_output(amount_in):
    pool = replace(TAXED, transfer_fee_bps=BPS)

    for ask in (pool.quote_exact_in, pool.out_exact_in):
        with pytest.raises(ZeroOutputError):
            ask(SOL, amount_in, NOW)
