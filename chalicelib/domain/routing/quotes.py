"""A pool's answer to the question what an amount buys: an offer, or the reason for none."""

from dataclasses import dataclass

from chalicelib.domain.amounts import BPS
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Fee, Pool, PoolKind, PoolQuote, Price
from chalicelib.domain.tokens import Mint


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A pool's offer: `amount_in` buys `amount_out`, after fees and price impact.

    Amounts are base units of the two mints; `fee_bps` is what the fees take, wherever they are
    taken; `price_impact_bps` compares the fill with the marginal price before it, fees apart.
    """

    venue: str
    kind: PoolKind
    pool_address: str
    input_mint: Mint
    output_mint: Mint
    amount_in: int
    amount_out: int
    fees: tuple[Fee, ...]
    fee_bps: int
    price_impact_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A pool that cannot fill the whole amount alone, and the code of its reason."""

    venue: str
    kind: PoolKind
    pool_address: str
    code: str


def quote_of(pool: Pool, input_mint: Mint, fill: PoolQuote[Pool], mode: SwapMode) -> Quote:
    """Return the offer that a pool's fill makes, for a swap of that mode."""
    fees = fill.fees
    fee_in = sum(fee.amount for fee in fees if fee.mint == input_mint)
    fee_out = sum(fee.amount for fee in fees if fee.mint != input_mint)
    net_in, gross_out = fill.amount_in - fee_in, fill.amount_out + fee_out
    got, expected = got_and_expected(net_in, gross_out, fill.price_before, mode)
    return Quote(
        venue=pool.venue,
        kind=pool.kind,
        pool_address=pool.address,
        input_mint=input_mint,
        output_mint=pool.mint_b if input_mint == pool.mint_a else pool.mint_a,
        amount_in=fill.amount_in,
        amount_out=fill.amount_out,
        fees=fees,
        # The share that is kept of the input times the share that is kept of the output.
        fee_bps=bps_lost(net_in * fill.amount_out, fill.amount_in * gross_out),
        price_impact_bps=bps_lost(got, expected),
    )


def got_and_expected(net_in: int, gross_out: int, price: Price, mode: SwapMode) -> tuple[int, int]:
    """Return the output, fees apart, and what the marginal price would give, both times 2⁶⁴.

    They are the same where less than a base unit is between them, of the output of an exact-in swap
    or the input of an exact-out one: that amount is rounded, which is no price impact.
    """
    got, expected = gross_out << 64, (net_in * price.numerator << 64) // price.denominator
    is_exact_in = mode is SwapMode.EXACT_IN
    unit = 1 << 64 if is_exact_in else (price.numerator << 64) // price.denominator
    return got, got if expected - got < unit else expected


def bps_lost(got: int, expected: int) -> int:
    """Return by how much `got` falls short, in whole basis points of what was expected."""
    return max(0, expected - got) * BPS // expected if expected else 0
