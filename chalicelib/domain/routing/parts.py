"""How much of a trade can be filled within its limit."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.errors import NoRouteError, PriceImpactTooHighError
from chalicelib.domain.orders.terms import keeps_limit, limit_of_part
from chalicelib.domain.orders.trades import Trade
from chalicelib.domain.pools.rejections import QuoteError
from chalicelib.domain.routing.routes import Route

# The part is found to within the 2^20th of the amount: a millionth.
_HALVINGS_MAX = 20


def largest_part(
    find: Callable[[Trade], Route], trade: Trade, limit: int
) -> tuple[Trade, Route] | None:
    """Return the largest part of the trade whose best route keeps the limit's rate, and the route;
    None when no part does.

    `find` is asked for parts, and raises QuoteError, NoRouteError or PriceImpactTooHighError for
    those that have no route.
    The more is filled the worse the rate, so halving finds the part.
    """
    best: tuple[Trade, Route] | None = None
    low, high = 0, trade.amount + 1
    for _ in range(_HALVINGS_MAX):
        amount = (low + high) // 2
        if amount == low:
            break
        part = replace(trade, amount=amount)
        route = _route_within(find, part, limit_of_part(trade, limit, amount))
        if route is None:
            high = amount
        else:
            low, best = amount, (part, route)
    return best


def _route_within(find: Callable[[Trade], Route], part: Trade, limit: int) -> Route | None:
    if limit <= 0:
        # An exact output for nothing.
        return None
    try:
        route = find(part)
    except (NoRouteError, PriceImpactTooHighError, QuoteError):
        return None
    return route if keeps_limit(part.mode, limit, route.amount_quoted) else None
