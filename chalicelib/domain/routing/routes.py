"""A route: the legs an order takes, what they move, and how that compares with one pool alone."""

from dataclasses import dataclass

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import PriceImpactTooHighError
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.routing.quotes import Quote, Rejection
from chalicelib.domain.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The legs in execution order; those of one hop follow each other.

    `quotes` are the pools of the pair that fill the whole amount alone, best first, and
    `rejections` the ones that don't; `slot` is that of the state they were all asked at.
    """

    mode: SwapMode
    legs: tuple[Quote, ...]
    amount_in: int
    amount_out: int
    price_impact_bps: int
    quotes: tuple[Quote, ...]
    rejections: tuple[Rejection, ...]
    slot: int
    #: The tokens of the mints that the legs name, as far as they are known.
    tokens: tuple[Token, ...] = ()

    @property
    def amount_given(self) -> int:
        """The amount that the route fills: the input, or the output of an exact-out."""
        return self.amount_in if self.mode is SwapMode.EXACT_IN else self.amount_out

    @property
    def amount_quoted(self) -> int:
        """The amount that follows from the pools: the output, or the input of an exact-out."""
        return self.amount_out if self.mode is SwapMode.EXACT_IN else self.amount_in

    @property
    def baseline(self) -> Quote | None:
        """The best pool of the pair alone; None when no pool fills the amount."""
        return self.quotes[0] if self.quotes else None

    @property
    def improvement_bps(self) -> int:
        """How much more the route gives than its baseline, or less it costs; 0 without one."""
        return self._better_than(self.baseline)

    @property
    def saving_bps(self) -> int:
        """How much more the route gives, or less it costs, than the pair's worst pool."""
        return self._better_than(self.quotes[-1] if self.quotes else None)

    @property
    def venue(self) -> str:
        """The venues of the legs, in order, each once."""
        return "+".join(dict.fromkeys(leg.venue for leg in self.legs))

    @property
    def reason(self) -> str:
        """Why this route won, for people."""
        hops, legs = len({leg.input_mint for leg in self.legs}), len(self.legs)
        shape = f"{legs} pools" + (f" over {hops} hops" if hops > 1 else "")
        if self.baseline is None:
            return f"{shape} fill an amount that no single pool can"
        if legs > 1:
            return f"{shape} are {self.improvement_bps} bps better than the best single pool"
        if len(self.quotes) == 1:
            return f"{self.venue} has the only pool that can fill it"
        second = self.quotes[1]
        return (
            f"{self.venue} is {self._better_than(second)} bps better than the next pool, on "
            f"{second.venue}, fees and price impact included"
        )

    def refusal_above(self, max_price_impact_bps: int) -> PriceImpactTooHighError | None:
        """Why an order with this limit does not take the route; None when it does."""
        if self.price_impact_bps <= max_price_impact_bps:
            return None
        return PriceImpactTooHighError(
            f"the best route has a price impact of {self.price_impact_bps} bps, and the limit is "
            f"{max_price_impact_bps} bps: order less, or raise maxPriceImpactBps"
        )

    def _better_than(self, quote: Quote | None) -> int:
        if quote is None:
            return 0
        if self.mode is SwapMode.EXACT_IN:
            return (self.amount_out - quote.amount_out) * BPS // quote.amount_out
        return (quote.amount_in - self.amount_in) * BPS // quote.amount_in
