"""From pools to the best route: over several pools of a pair, and through other mints.

Every amount of a route is an exact quote; no pool is used twice.
"""

from collections.abc import Sequence

from chalicelib.domain.amounts import U64_MAX
from chalicelib.domain.errors import NoRouteError, SameTokenError, UnknownPairError
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.pools.pool import Moment, Pool, PoolQuote
from chalicelib.domain.pools.rejections import (
    AmountOverflowError,
    InsufficientLiquidityError,
    PriceRangeError,
    QuoteError,
    ZeroAmountError,
)
from chalicelib.domain.routing.fills import Fills, Leg, fill
from chalicelib.domain.routing.input_search import least_input
from chalicelib.domain.routing.paths import Path
from chalicelib.domain.routing.planning import Plan, Planner
from chalicelib.domain.routing.prices import marginal_price
from chalicelib.domain.routing.quotes import Quote, Rejection, bps_lost, got_and_expected, quote_of
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.routing.rules import RoutingRules
from chalicelib.domain.tokens import Mint

__all__ = ["Route", "RoutingRules", "find_route", "find_route_exact_out", "leg_cost"]

_DEFAULT_RULES = RoutingRules()
_TOO_LARGE = (AmountOverflowError, InsufficientLiquidityError, PriceRangeError)


def find_route(
    pools: Sequence[Pool],
    input_mint: Mint,
    output_mint: Mint,
    amount_in: int,
    at: Moment,
    rules: RoutingRules = _DEFAULT_RULES,
) -> Route:
    """Return the route that gives most for `amount_in` base units.

    Raises ZeroAmountError, AmountOverflowError or SameTokenError for what cannot be routed,
    UnknownPairError when no pools lead there; when none can fill it, the one reason they all have,
    else NoRouteError.
    """
    planner = Planner(pools, at, rules)
    paths = _paths(planner, input_mint, output_mint, amount_in)
    plan = planner.best(paths, amount_in)
    shares = planner.polished(plan).shares if plan else ()
    legs = [Leg(share.curve.pool, share.input_mint, share.amount_in) for share in shares]
    singles = _SinglePools(planner, input_mint, output_mint, amount_in, SwapMode.EXACT_IN, at)
    # Where all pools together would overflow, one alone may not.
    legs = legs or singles.best
    if not legs:
        raise _shared_reason([why for path in paths for why in planner.refusals(path, amount_in)])
    return singles.route(legs)


def find_route_exact_out(
    pools: Sequence[Pool],
    input_mint: Mint,
    output_mint: Mint,
    amount_out: int,
    at: Moment,
    rules: RoutingRules = _DEFAULT_RULES,
) -> Route:
    """Return the route of least input that gives exactly `amount_out` base units.

    A leg must earn more than `cost_per_leg` of output at that input, so the cost needs no
    conversion. Raises as `find_route`.
    """
    planner = Planner(pools, at, rules)
    paths = _paths(planner, input_mint, output_mint, amount_out)
    singles = _SinglePools(planner, input_mint, output_mint, amount_out, SwapMode.EXACT_OUT, at)
    routes = []
    planned = _exact_out_legs(least_input(planner, paths, amount_out), amount_out)
    for legs in (planned, singles.best):
        try:
            routes += [singles.route(legs)] if legs else []
        except QuoteError:
            # What pools sell for an exact input they may refuse to sell as an exact output.
            continue
    if not routes:
        raise _shared_reason([why for _, why in singles.refusals] or [InsufficientLiquidityError()])
    return min(routes, key=lambda route: route.amount_in)


def leg_cost(pools: Sequence[Pool], native_mint: Mint, output_mint: Mint, lamports: int) -> int:
    """Return what `lamports` are worth in base units of the output, at the best marginal price;
    0 when no pool says."""
    if output_mint == native_mint:
        return lamports
    prices = [
        price
        for pool in pools
        if {pool.mint_a, pool.mint_b} == {native_mint, output_mint}
        and (price := marginal_price(pool, native_mint))
    ]
    return max((lamports * p.numerator // p.denominator for p in prices), default=0)


class _SinglePools:
    """What each pool of the pair fills alone: a route is compared with the best and the worst."""

    def __init__(
        self,
        planner: Planner,
        input_mint: Mint,
        output_mint: Mint,
        amount: int,
        mode: SwapMode,
        at: Moment,
    ) -> None:
        self._mode, self._at = mode, at
        offers: list[tuple[Leg, Quote]] = []
        self.refusals: list[tuple[Pool, QuoteError]] = []
        for curve in planner.curves(input_mint, output_mint):
            leg = Leg(curve.pool, input_mint, amount)
            try:
                [filled] = fill([leg], mode, at)
                if not curve.bears(filled.amount_in):
                    raise InsufficientLiquidityError
                offers.append((leg, quote_of(leg.pool, input_mint, filled, mode)))
            except QuoteError as error:
                self.refusals.append((leg.pool, error))
        offers.sort(key=lambda offer: _rank(offer[1]))
        self.best = [leg for leg, _ in offers[:1]]
        self.quotes = tuple(quote for _, quote in offers)

    def route(self, legs: Sequence[Leg]) -> Route:
        """Return the route over these legs. Raises a QuoteError when a pool refuses its part."""
        fills = fill(legs, self._mode, self._at)
        taken = tuple(
            quote_of(leg.pool, leg.input_mint, filled, self._mode)
            for leg, filled in zip(legs, fills, strict=True)
        )
        first, last = taken[0].input_mint, taken[-1].output_mint
        return Route(
            mode=self._mode,
            legs=taken,
            amount_in=sum(quote.amount_in for quote in taken if quote.input_mint == first),
            amount_out=sum(quote.amount_out for quote in taken if quote.output_mint == last),
            price_impact_bps=_path_impact_bps(taken, fills, self._mode),
            quotes=self.quotes,
            rejections=tuple(
                Rejection(
                    venue=pool.venue, kind=pool.kind, pool_address=pool.address, code=error.code
                )
                for pool, error in self.refusals
            ),
            slot=self._at.slot,
        )


def _rank(quote: Quote) -> tuple[int, int, str]:
    """Most output first, then least input; by address so that every worker decides alike."""
    return (-quote.amount_out, quote.amount_in, quote.pool_address)


def _paths(planner: Planner, input_mint: Mint, output_mint: Mint, amount: int) -> list[Path]:
    if input_mint == output_mint:
        raise SameTokenError
    if amount <= 0:
        raise ZeroAmountError
    if amount > U64_MAX:
        raise AmountOverflowError
    paths = planner.paths(input_mint, output_mint)
    if not paths:
        raise UnknownPairError
    return paths


def _shared_reason(refusals: Sequence[QuoteError]) -> QuoteError | NoRouteError:
    """The reason that all pools have: one kind of refusal, or kinds that all mean too much."""
    codes = sorted({refusal.code for refusal in refusals})
    if len(codes) == 1:
        return refusals[0]
    if codes and all(isinstance(refusal, _TOO_LARGE) for refusal in refusals):
        return InsufficientLiquidityError()
    return NoRouteError(f"no pool can fill this order: {', '.join(codes)}" if codes else None)


def _exact_out_legs(plan: Plan | None, amount_out: int) -> list[Leg]:
    """The plan's legs by what they give: exactly `amount_out` together in the last hop."""
    if plan is None:
        return []
    legs = [Leg(s.curve.pool, s.input_mint, s.amount_out) for s in plan.shares]
    last_hop = [i for i, leg in enumerate(legs) if leg.input_mint == plan.path[-2]]
    largest = max(last_hop, key=lambda i: legs[i].amount)
    surplus = plan.amount_out - amount_out
    legs[largest] = legs[largest]._replace(amount=legs[largest].amount - surplus)
    return legs


def _path_impact_bps(legs: Sequence[Quote], fills: Fills, mode: SwapMode) -> int:
    """The price impact of all hops: each filled and ideal output summed, then multiplied."""
    got = expected = 1
    for mint in dict.fromkeys(leg.input_mint for leg in legs):
        hop = [
            _got_and_expected(leg, filled, mode)
            for leg, filled in zip(legs, fills, strict=True)
            if leg.input_mint == mint
        ]
        got *= sum(pair[0] for pair in hop)
        expected *= sum(pair[1] for pair in hop)
    return bps_lost(got, expected)


def _got_and_expected(leg: Quote, filled: PoolQuote[Pool], mode: SwapMode) -> tuple[int, int]:
    fee_in = sum(fee.amount for fee in leg.fees if fee.mint == leg.input_mint)
    fee_out = sum(fee.amount for fee in leg.fees if fee.mint != leg.input_mint)
    net_in, gross_out = leg.amount_in - fee_in, leg.amount_out + fee_out
    return got_and_expected(net_in, gross_out, filled.price_before, mode)
