"""A routing decision as it is kept: what each pool offered, the route that was taken, and why.

It holds what was decided, derived figures included, so that history stays as it was told even when
routes are judged otherwise later. Amounts are base units of the mint that the field names.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.tokens import Mint, Token

if TYPE_CHECKING:
    # Whoever only reads orders does without the router.
    from chalicelib.domain.routing.quotes import Quote, Rejection
    from chalicelib.domain.routing.routes import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolOffer:
    """What a pool would give, or gives, for an amount."""

    #: The venue's name as clients see it.
    venue: str
    #: The venue's program that owns the pool: cpmm, clmm, dlmm, damm_v2.
    kind: str
    pool_address: str
    #: Base units of the input mint, fees included.
    amount_in: int
    #: Base units of the output mint, fees deducted.
    amount_out: int
    #: How far the price falls behind the marginal one, fees apart.
    price_impact_bps: int
    #: What the fees take, wherever they are taken.
    fee_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRefusal:
    """A pool that does not fill the whole amount alone, and the code of its reason."""

    venue: str
    kind: str
    pool_address: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFee:
    """A part of a leg's fee, in base units of `mint`, and who gets it."""

    kind: str
    mint: Mint
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLeg:
    """One pool of the route; the amounts of its offer are of these two mints."""

    offer: PoolOffer
    input_mint: Mint
    output_mint: Mint
    fees: tuple[LegFee, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenRoute:
    """The legs in execution order, and how they compare with one pool alone."""

    #: The venues of the legs, in order, each once.
    venue: str
    #: Base units of the order's input mint.
    amount_in: int
    #: Base units of the order's output mint.
    amount_out: int
    price_impact_bps: int
    legs: tuple[RouteLeg, ...]
    #: The best pool of the pair alone; None when no pool fills the amount.
    baseline: PoolOffer | None
    #: How much more it gives than the baseline, or less it costs.
    improvement_bps: int
    #: The same against the pair's worst pool.
    saving_bps: int
    #: Why it won, for people.
    reason: str
    #: When the pools were asked.
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The offers of the pair's pools, best first, their refusals, and the route."""

    quotes: tuple[PoolOffer, ...]
    rejections: tuple[PoolRefusal, ...]
    route: TakenRoute
    #: The tokens of all mints that the route names.
    tokens: tuple[Token, ...]


def decision_of(route: "Route") -> Decision:
    """Return what is kept of a route."""
    return Decision(
        quotes=tuple(_offer(quote) for quote in route.quotes),
        rejections=tuple(_refusal(rejection) for rejection in route.rejections),
        route=TakenRoute(
            venue=route.venue,
            amount_in=route.amount_in,
            amount_out=route.amount_out,
            price_impact_bps=route.price_impact_bps,
            legs=tuple(_leg(quote) for quote in route.legs),
            baseline=_offer(route.baseline) if route.baseline else None,
            improvement_bps=route.improvement_bps,
            saving_bps=route.saving_bps,
            reason=route.reason,
            slot=route.slot,
        ),
        tokens=route.tokens,
    )


def _offer(quote: "Quote") -> PoolOffer:
    return PoolOffer(
        venue=quote.venue,
        kind=quote.kind.value,
        pool_address=quote.pool_address,
        amount_in=quote.amount_in,
        amount_out=quote.amount_out,
        price_impact_bps=quote.price_impact_bps,
        fee_bps=quote.fee_bps,
    )


def _refusal(rejection: "Rejection") -> PoolRefusal:
    return PoolRefusal(
        venue=rejection.venue,
        kind=rejection.kind.value,
        pool_address=rejection.pool_address,
        code=rejection.code,
    )


def _leg(quote: "Quote") -> RouteLeg:
    return RouteLeg(
        offer=_offer(quote),
        input_mint=quote.input_mint,
        output_mint=quote.output_mint,
        fees=tuple(
            LegFee(kind=fee.kind.value, mint=fee.mint, amount=fee.amount)
            for fee in quote.fees
            if fee.amount
        ),
    )
