"""A pool's answer to the question what an amount buys: an offer, or the reason for none."""

from dataclasses import dataclass

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import ZeroOutputError
from chalicelib.domain.orders import Json
from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.tokens import Mint, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A pool's offer at a slot: `amount_in` buys `amount_out`, after fee and price impact.

    Amounts are base units of the two mints; `fee_bps` is what the fees take, wherever they are
    taken; `price_impact_bps` compares the fill with the marginal price before it, fees apart.
    """

    venue: str
    pool_address: str
    input_mint: Mint
    output_mint: Mint
    amount_in: int
    amount_out: int
    fee_bps: int
    price_impact_bps: int
    slot: int

    def to_details(self) -> dict[str, Json]:
        """The quote as it stands in an order's history."""
        return {
            "venue": self.venue,
            "pool": self.pool_address,
            "amount_out": self.amount_out,
            "price_impact_bps": self.price_impact_bps,
            "fee_bps": self.fee_bps,
            "slot": self.slot,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A pool that offered nothing, and the code of its reason."""

    venue: str
    pool_address: str
    code: str

    def to_details(self) -> dict[str, Json]:
        """The rejection as it stands in an order's history."""
        return {"venue": self.venue, "pool": self.pool_address, "code": self.code}


def ask(pool: Pool, pair: Pair, amount_in: int, at: Moment) -> Quote:
    """Quote paying exactly `amount_in` base units.

    Raises the pool's QuoteError, and ZeroOutputError where a program takes the fee for nothing.
    """
    input_mint = pair.token_in.mint
    fill = pool.quote_exact_in(input_mint, amount_in, at)
    if fill.amount_out == 0:
        raise ZeroOutputError
    fee_in = sum(fee.amount for fee in fill.fees if fee.mint == input_mint)
    fee_out = sum(fee.amount for fee in fill.fees if fee.mint != input_mint)
    net_in, gross_out = amount_in - fee_in, fill.amount_out + fee_out
    price = fill.price_before
    # Both as 1 - got/expected, in one division each.
    offered, marginal = net_in * fill.amount_out, amount_in * gross_out
    at_marginal_price, got = net_in * price.numerator, gross_out * price.denominator
    return Quote(
        venue=pool.venue,
        pool_address=pool.address,
        input_mint=input_mint,
        output_mint=pair.token_out.mint,
        amount_in=amount_in,
        amount_out=fill.amount_out,
        fee_bps=(marginal - offered) * BPS // marginal,
        price_impact_bps=max(0, (at_marginal_price - got) * BPS // at_marginal_price),
        slot=at.slot,
    )
