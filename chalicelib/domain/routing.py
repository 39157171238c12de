"""From quotes to the best route: the quote with the greatest net output wins."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import NoRouteError, QuoteError
from chalicelib.domain.orders import Details
from chalicelib.domain.quotes import Quote, Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The chosen quote and the ones it beat, best first."""

    best: Quote
    others: tuple[Quote, ...]
    rejections: tuple[Rejection, ...] = ()

    @property
    def worst(self) -> Quote:
        return self.others[-1] if self.others else self.best

    @property
    def saving_bps(self) -> int:
        """How much more the best gives than the worst venue, in basis points of the worst."""
        return (self.best.amount_out - self.worst.amount_out) * BPS // self.worst.amount_out

    @property
    def reason(self) -> str:
        """Why the best quote won, for people."""
        if not self.others:
            return f"{self.best.venue} is the only venue with a quote"
        second = self.others[0]
        lead_bps = (self.best.amount_out - second.amount_out) * BPS // second.amount_out
        return (
            f"{self.best.venue} gives the highest net output: {lead_bps} bps more than "
            f"{second.venue}, fees and price impact included"
        )

    def to_details(self) -> Details:
        """The routing decision as it stands in an order's history."""
        return {
            "quotes": [quote.to_details() for quote in (self.best, *self.others)],
            "rejections": [rejection.to_details() for rejection in self.rejections],
            "route": self.best.to_details()
            | {"reason": self.reason, "saving_bps": self.saving_bps},
        }


def choose_route(quotes: Sequence[Quote], rejections: Sequence[Rejection] = ()) -> Route:
    """Choose the quote with the greatest net output; ties go to the lesser price impact, then by
    address so that every worker decides alike.

    Without quotes it raises the pools' own reason when they agree on one, else NoRouteError.
    """
    if not quotes:
        raise _why_none(rejections)
    ranked = sorted(quotes, key=lambda q: (-q.amount_out, q.price_impact_bps, q.pool_address))
    return Route(best=ranked[0], others=tuple(ranked[1:]), rejections=tuple(rejections))


def _why_none(rejections: Sequence[Rejection]) -> NoRouteError | QuoteError:
    codes = sorted({rejection.code for rejection in rejections})
    by_code = {kind.code: kind for kind in QuoteError.__subclasses__()}
    if len(codes) == 1 and codes[0] in by_code:
        return by_code[codes[0]]()
    return NoRouteError(f"no pool can fill this order: {', '.join(codes)}" if codes else None)
