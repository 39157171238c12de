"""How much can be filled, where a trade is too large."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.errors import NoRouteError
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.pools.pool import Moment, Pool
from chalicelib.domain.pools.rejections import QuoteError, TooLargeError
from chalicelib.domain.routing.best_route import find_route, find_route_exact_out
from chalicelib.domain.routing.planning import Planner
from chalicelib.domain.routing.routes import Route
from chalicelib.domain.routing.rules import RoutingRules

# So much of what was found is promised, for pools move while people read it; and again so much of
# that, so often, where an exact trade is refused what its estimate was not.
_PROMISED_PERCENT = 96
_PROMISES_MAX = 4
_DIGITS = 3


def route_of(pools: Sequence[Pool], trade: Trade, at: Moment, rules: RoutingRules) -> Route:
    """Return the best route of the trade. Raises as `find_route`."""
    find = find_route if trade.mode is SwapMode.EXACT_IN else find_route_exact_out
    return find(pools, trade.pair.token_in.mint, trade.pair.token_out.mint, trade.amount, at, rules)


def too_large(
    pools: Sequence[Pool], trade: Trade, at: Moment, rules: RoutingRules
) -> TooLargeError | None:
    """Say how much of a refused trade can be filled; None when no less of it has a route."""
    amount = _most(pools, trade, at, rules)
    for _ in range(_PROMISES_MAX):
        amount = _rounded_down(amount * _PROMISED_PERCENT // 100)
        if not 0 < amount < trade.amount:
            return None
        largest = replace(trade, amount=amount)
        try:
            route_of(pools, largest, at, rules)
        except (QuoteError, NoRouteError):
            continue
        return TooLargeError(f"{TooLargeError.__doc__} {_promise(largest)}", largest)
    return None


def _most(pools: Sequence[Pool], trade: Trade, at: Moment, rules: RoutingRules) -> int:
    """Return about the largest amount that a path fills, 0 when none does."""
    planner = Planner(pools, at, rules)
    paths = planner.paths(trade.pair.token_in.mint, trade.pair.token_out.mint)
    filled = [planner.fullest(path) for path in paths if len(path) - 1 <= rules.legs_max]
    if trade.mode is SwapMode.EXACT_IN:
        return min(trade.amount, max((most.amount_in for most in filled), default=0))
    return max((most.amount_out for most in filled), default=0)


def _rounded_down(amount: int) -> int:
    unit: int = 10 ** max(0, len(str(amount)) - _DIGITS)
    return amount // unit * unit


def _promise(largest: Trade) -> str:
    token = largest.token_given
    amount = to_decimal_string(largest.amount, token.decimals)
    verb = "swapped" if largest.mode is SwapMode.EXACT_IN else "bought"
    return f"At most {amount} {token.symbol} can be {verb} now."
