"""Ask every venue for its pools and find the best route: for quotes and for orders alike."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import is_not

from chalicelib.domain.amounts import BPS, to_decimal_string
from chalicelib.domain.errors import (
    NoRouteError,
    NotFillableError,
    PriceImpactTooHighError,
    QuoteTimeoutError,
    UnknownPairError,
)
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import LimitTerms, TimeInForce, keeps_limit
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.best_route import leg_cost
from chalicelib.domain.routing.fillable import route_of, too_large
from chalicelib.domain.routing.parts import largest_part
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.routing.rules import LEAST_HEADROOM_PERCENT, RoutingRules
from chalicelib.domain.token_list import SOL
from chalicelib.domain.tokens import Mint, Token
from chalicelib.engine.errors import UnavailableError
from chalicelib.engine.ports.market import PoolStates, Venue, known_pools, tokens_of

log = logging.getLogger(__name__)

# Many more than a process routes within one slot.
ROUTES_MAX = 256
# A batch has ten orders.
ANSWERS_MAX = 10

_Routes = dict[tuple[Trade, tuple[RoutingRules, ...]], Route]


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """The use case behind GET /api/quotes and the first step of every attempt.

    `leg_cost_lamports` is what one more leg costs in fees: it has to earn more than that.
    """

    venues: Sequence[Venue]
    leg_cost_lamports: int = 0
    _memory: "_Memory" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_memory", _Memory())

    def find_route(self, trade: Trade) -> Route:
        """Return the best route among the venues that answer.

        Raises what the domain's find_route raises, TooLargeError where less of the trade could be
        filled; but when a venue did not answer and the others have no route, what that venue
        raised, QuoteTimeoutError or UnavailableError: for then there may be one.
        """
        return self._find(trade, BPS, RoutingRules())

    def ask_pool(self, trade: Trade, address: str) -> Route:
        """Return the route over that pool alone, whatever its price impact. Raises as
        `find_route`."""
        return self._find(trade, BPS, RoutingRules(only_pool=address))

    def find_order_route(self, order: Order) -> Route:
        """Return the best route for the order's attempt; of an IOC order, for as much of it as can
        be filled within its limit. Raises as `find_route`, PriceImpactTooHighError when the best
        route is above the order's limit of that, NotFillableError when it is beyond its price's.

        What could be filled when it was quoted must not fail for pools having moved a little since:
        before it does, less headroom has to do.
        """
        rules = _rules_of(order)
        less = replace(rules, headroom_percent=LEAST_HEADROOM_PERCENT)

        def find(trade: Trade) -> Route:
            return self._find(trade, order.max_price_impact_bps, rules, less)

        if not isinstance(order.terms, LimitTerms):
            return find(order.trade)
        return _find_within(find, order.trade, order.terms)

    def _find(self, trade: Trade, max_price_impact_bps: int, *rules_in_turn: RoutingRules) -> Route:
        answers: list[PoolStates] = []
        silent: QuoteTimeoutError | UnavailableError | None = None
        for venue in self.venues:
            try:
                answers.append(venue.pools(trade.pair))
            except (QuoteTimeoutError, UnavailableError) as error:
                log.warning("venue_silent", extra={"venue": venue.name, "code": error.code})
                silent = error
        if not answers:
            raise silent or UnknownPairError()
        routes = self._memory.routes_of(answers)
        route = routes.get((trade, rules_in_turn))
        if route is None:
            route = self._plan(answers, silent, trade, rules_in_turn)
            if len(routes) < ROUTES_MAX:
                routes[trade, rules_in_turn] = route
        if above := route.refusal_above(max_price_impact_bps):
            raise silent or above
        return route

    def _plan(
        self,
        answers: Sequence[PoolStates],
        silent: QuoteTimeoutError | UnavailableError | None,
        trade: Trade,
        rules_in_turn: Sequence[RoutingRules],
    ) -> Route:
        pair = trade.pair
        tokens = tokens_of(answers) | {t.mint: t for t in (pair.token_in, pair.token_out)}
        pools = known_pools(answers, tokens)
        cost = leg_cost(pools, SOL.mint, pair.token_out.mint, self.leg_cost_lamports)
        at = max(answer.at for answer in answers)
        for rules in rules_in_turn:
            priced = replace(rules, cost_per_leg=cost)
            try:
                return _with_tokens(route_of(pools, trade, at, priced), tokens)
            except (NoRouteError, QuoteError) as error:
                refusal, refusing = error, priced
        raise silent or too_large(pools, trade, at, refusing) or refusal


def _rules_of(order: Order) -> RoutingRules:
    """An order that has found a pool buys there, also from one that has refused it before."""
    if order.hunt is None:
        return RoutingRules(refused_by=order.refused_by)
    return RoutingRules(only_pool=order.hunt.pool_address)


class _Memory:
    """The routes over the latest answers: orders of a batch are often alike, and routed within one
    slot. A venue that answers anew has other pools, and no route over the former is given again.

    Of some pairs there are more pools than of others: so many answers are the latest."""

    def __init__(self) -> None:
        self._latest: deque[tuple[tuple[PoolStates, ...], _Routes]] = deque(maxlen=ANSWERS_MAX)

    def routes_of(self, answers: Sequence[PoolStates]) -> _Routes:
        """Return the routes found over these very answers, to be added to."""
        for known, routes in self._latest:
            if len(known) == len(answers) and not any(map(is_not, known, answers)):
                return routes
        routes = {}
        self._latest.appendleft((tuple(answers), routes))
        return routes


def _find_within(find: Callable[[Trade], Route], trade: Trade, terms: LimitTerms) -> Route:
    is_partial = terms.time_in_force is TimeInForce.IOC
    route, quoted = None, None
    try:
        route = find(trade)
        quoted = route.amount_quoted
    except (PriceImpactTooHighError, QuoteError):
        if not is_partial:
            raise
    if route and keeps_limit(trade.mode, terms.limit, route.amount_quoted):
        return route
    part = largest_part(find, trade, terms.limit) if is_partial else None
    if part is None:
        raise NotFillableError(_shortfall(trade, terms.limit, quoted), quoted=quoted)
    return part[1]


def _shortfall(trade: Trade, limit: int, quoted: int | None) -> str | None:
    if quoted is None:
        return None
    token = trade.token_quoted
    verb, bound = ("gives", "least") if trade.mode is SwapMode.EXACT_IN else ("costs", "most")
    given, wanted = (to_decimal_string(amount, token.decimals) for amount in (quoted, limit))
    return f"the best route {verb} {given} {token.symbol}, and the order wants at {bound} {wanted}"


def _with_tokens(route: Route, tokens: Mapping[Mint, Token]) -> Route:
    mints = dict.fromkeys(m for leg in route.legs for m in (leg.input_mint, leg.output_mint))
    return replace(route, tokens=tuple(tokens[mint] for mint in mints))
