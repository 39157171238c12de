"""Ask every venue for its pools and find the best route: for quotes and for orders alike."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import (
    NoRouteError,
    PriceImpactTooHighError,
    QuoteTimeoutError,
    UnknownPairError,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.best_route import (
    RoutingRules,
    find_route,
    find_route_exact_out,
    leg_cost,
)
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.token_list import SOL
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.market import PoolStates, Venue, known_pools, tokens_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """The use case behind GET /api/quotes and the first step of every attempt.

    `leg_cost_lamports` is what one more leg costs in fees: it has to earn more than that.
    """

    venues: Sequence[Venue]
    leg_cost_lamports: int = 0

    def find_route(self, trade: Trade, *, max_price_impact_bps: int = BPS) -> Route:
        """Return the best route among the venues that answer.

        Raises what the domain's find_route raises, PriceImpactTooHighError when the best route is
        above the limit; but when a venue did not answer and the others have no such route, what
        that venue raised, QuoteTimeoutError or UnavailableError: for then there may be one.
        """
        answers: list[PoolStates] = []
        silent: QuoteTimeoutError | UnavailableError | None = None
        for venue in self.venues:
            try:
                answers.append(venue.pools())
            except (QuoteTimeoutError, UnavailableError) as error:
                log.warning("venue_silent", extra={"venue": venue.name, "code": error.code})
                silent = error
        try:
            route = self._route(trade, answers)
            if refusal := route.refusal_above(max_price_impact_bps):
                raise refusal
            return route
        except (NoRouteError, QuoteError, PriceImpactTooHighError):
            if silent is not None:
                raise silent from None
            raise

    def _route(self, trade: Trade, answers: Sequence[PoolStates]) -> Route:
        if not answers:
            raise UnknownPairError
        pair = trade.pair
        tokens = tokens_of(answers) | {t.mint: t for t in (pair.token_in, pair.token_out)}
        pools = known_pools(answers, tokens)
        input_mint, output_mint = pair.token_in.mint, pair.token_out.mint
        cost = leg_cost(pools, SOL.mint, output_mint, self.leg_cost_lamports)
        find = find_route if trade.mode is SwapMode.EXACT_IN else find_route_exact_out
        route = find(
            pools,
            input_mint,
            output_mint,
            trade.amount,
            max(answer.at for answer in answers),
            RoutingRules(cost_per_leg=cost),
        )
        mints = dict.fromkeys(m for leg in route.legs for m in (leg.input_mint, leg.output_mint))
        return replace(route, tokens=tuple(tokens[mint] for mint in mints))
