"""A pool's answer to the question what an amount buys: an offer, or the reason for none."""

from dataclasses import dataclass

from chalicelib.domain.orders import Json
from chalicelib.domain.tokens import Mint


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A pool's offer at a slot: `amount_in` buys `amount_out`, after fee and price impact.

    Amounts are base units of the two mints; `fee_bps` is the pool's rate on the input.
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
