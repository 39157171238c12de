"""What a swap over several pools moves: the same rule for a plan and for the block it lands in.

The legs of a hop follow each other, hop after hop. Of the mint whose amount is given (the trade's
input for exact-in, its output for exact-out) a leg's amount is exact. Of a mint between two hops it
is a weight: one hop hands on all that the other has, however much that turns out to be.
"""

from collections.abc import Callable, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Moment, Pool, PoolQuote
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    QuoteError,
    ZeroAmountError,
    ZeroOutputError,
)
from chalicelib.domain.tokens import Mint


class Leg(NamedTuple):
    """A pool that is paid `input_mint`; `amount` is of its input for exact-in, of its output for
    exact-out."""

    pool: Pool
    input_mint: Mint
    amount: int


Fills = tuple[PoolQuote[Pool], ...]
FillLeg = Callable[[Leg, int, Moment], PoolQuote[Pool]]


def fill(legs: Sequence[Leg], mode: SwapMode, at: Moment) -> Fills:
    """Return what each leg fills, in the order of the legs; all of them or none.

    Raises the QuoteError of the first pool that refuses, which it names in `refused_by`;
    InsufficientLiquidityError when one would fill a part only.
    """
    hops = [list(hop) for _, hop in groupby(legs, key=lambda leg: leg.input_mint)]
    if mode is SwapMode.EXACT_IN:
        filled = _fill_hops(hops, _fill_exact_in, lambda quote: quote.amount_out, at)
    else:
        # The last hop first: what it needs is what the one before it has to give.
        filled = _fill_hops(hops[::-1], _fill_exact_out, lambda quote: quote.amount_in, at)[::-1]
    return tuple(chain.from_iterable(filled))


def _fill_hops(
    hops: Sequence[Sequence[Leg]],
    fill_leg: FillLeg,
    handed_on: Callable[[PoolQuote[Pool]], int],
    at: Moment,
) -> list[list[PoolQuote[Pool]]]:
    filled: list[list[PoolQuote[Pool]]] = []
    for hop in hops:
        amounts = [leg.amount for leg in hop]
        if filled:
            amounts = _divide(sum(handed_on(quote) for quote in filled[-1]), amounts)
        parts = zip(hop, amounts, strict=True)
        filled.append([_fill_named(fill_leg, leg, amount, at) for leg, amount in parts])
    if sum(handed_on(quote) for quote in filled[-1]) > U64_MAX:
        raise AmountOverflowError
    return filled


def _fill_named(fill_leg: FillLeg, leg: Leg, amount: int, at: Moment) -> PoolQuote[Pool]:
    try:
        return fill_leg(leg, amount, at)
    except QuoteError as refusal:
        refusal.refused_by = leg.pool.address
        raise


def _divide(total: int, weights: Sequence[int]) -> list[int]:
    """Divide by weight, rounding down; the last part is what is left."""
    weight_total = sum(weights)
    if weight_total == 0:
        raise ZeroAmountError
    amounts = [total * weight // weight_total for weight in weights[:-1]]
    return [*amounts, total - sum(amounts)]


def _fill_exact_in(leg: Leg, amount_in: int, at: Moment) -> PoolQuote[Pool]:
    quote = leg.pool.quote_exact_in(leg.input_mint, amount_in, at)
    if quote.amount_in != amount_in:
        raise InsufficientLiquidityError
    if quote.amount_out == 0:
        raise ZeroOutputError
    return quote


def _fill_exact_out(leg: Leg, amount_out: int, at: Moment) -> PoolQuote[Pool]:
    quote = leg.pool.quote_exact_out(leg.input_mint, amount_out, at)
    if quote.amount_out != amount_out:
        raise InsufficientLiquidityError
    return quote
