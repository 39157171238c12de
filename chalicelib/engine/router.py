"""Ask every venue for its pools and find the best route: for quotes and for orders alike."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.amounts import BPS
from chalicelib.domain.errors import NoRouteError, QuoteTimeoutError, UnknownPairError
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.best_route import leg_cost
from chalicelib.domain.routing.fillable import route_of, too_large
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.routing.rules import LEAST_HEADROOM_PERCENT, RoutingRules
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Mint, Token
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

    def find_route(self, trade: Trade) -> Route:
        """Return the best route among the venues that answer.

        Raises what the domain's find_route raises, TooLargeError where less of the trade could be
        filled; but when a venue did not answer and the others have no route, what that venue
        raised, QuoteTimeoutError or UnavailableError: for then there may be one.
        """
        return self._find(trade, BPS, RoutingRules())

    def find_order_route(self, order: Order) -> Route:
        """Return the best route for the order's attempt. Raises as `find_route`, and
        PriceImpactTooHighError when the best route is above the order's limit.

        What could be filled when it was quoted must not fail for pools having moved a little since:
        before it does, less headroom has to do.
        """
        rules = RoutingRules(refused_by=order.refused_by)
        less = replace(rules, headroom_percent=LEAST_HEADROOM_PERCENT)
        return self._find(order.trade, order.max_price_impact_bps, rules, less)

    def _find(self, trade: Trade, max_price_impact_bps: int, *rules_in_turn: RoutingRules) -> Route:
        answers: list[PoolStates] = []
        silent: QuoteTimeoutError | UnavailableError | None = None
        for venue in self.venues:
            try:
                answers.append(venue.pools())
            except (QuoteTimeoutError, UnavailableError) as error:
                log.warning("venue_silent", extra={"venue": venue.name, "code": error.code})
                silent = error
        if not answers:
            raise silent or UnknownPairError()
        pair = trade.pair
        tokens = tokens_of(answers) | {t.mint: t for t in (pair.token_in, pair.token_out)}
        pools = known_pools(answers, tokens)
        cost = leg_cost(pools, SOL.mint, pair.token_out.mint, self.leg_cost_lamports)
        at = max(answer.at for answer in answers)
        for rules in rules_in_turn:
            priced = replace(rules, cost_per_leg=cost)
            try:
                route = route_of(pools, trade, at, priced)
            except (NoRouteError, QuoteError) as error:
                refusal, refusing = error, priced
                continue
            if above := route.refusal_above(max_price_impact_bps):
                raise silent or above
            return _with_tokens(route, tokens)
        raise silent or too_large(pools, trade, at, refusing) or refusal


def _with_tokens(route: Route, tokens: Mapping[Mint, Token]) -> Route:
    mints = dict.fromkeys(m for leg in route.legs for m in (leg.input_mint, leg.output_mint))
    return replace(route, tokens=tuple(tokens[mint] for mint in mints))
