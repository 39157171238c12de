"""Exits: orders that sell again what others have bought. Each comes into being with the fill that
it is of, over exactly what was received, and once, for its id follows from its parent's."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.orders.events import OrderConfirmed
from chalicelib.domain.orders.lifecycle import Transition, accept, advance
from chalicelib.domain.orders.order import Order, OrderId, child_id
from chalicelib.domain.orders.terms import ExitTerms, exit_plan
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.tokens import Pair

# How long an exit waits, from the time at which it shall be sold, if there is one: when that comes
# and nobody watches, it is sold later, not given up.
EXIT_WAIT = timedelta(days=90)


def exit_id(parent_id: OrderId) -> OrderId:
    """Return the id of an order's exit, whether it has one or not."""
    return child_id(parent_id, "exit")


def confirm(order: Order, fill: OrderConfirmed, *, at: datetime) -> Transition:
    """submitted → confirmed, and with it the order's exit, if it has planned one."""
    child = _exit_of(order, fill, at=at)
    if child is None:
        return advance(order, fill, at=at)
    fill = replace(fill, exit_order_id=child.order.order_id)
    return replace(advance(order, fill, at=at), children=(child,))


def _exit_of(order: Order, fill: OrderConfirmed, *, at: datetime) -> Transition | None:
    plan = exit_plan(order.terms)
    if plan is None:
        return None
    held = plan.hold_seconds_max
    sell_at = None if held is None else at + timedelta(seconds=held)
    reverse = Pair(token_in=order.pair.token_out, token_out=order.pair.token_in)
    return accept(
        order_id=exit_id(order.order_id),
        parent_id=order.order_id,
        owner_id=order.owner_id,
        trade=Trade(pair=reverse, mode=SwapMode.EXACT_IN, amount=fill.amount_out),
        terms=ExitTerms(plan=plan, paid=fill.amount_in, sell_at=sell_at),
        slippage_bps=order.slippage_bps,
        max_price_impact_bps=order.max_price_impact_bps,
        expires_at=(sell_at or at) + EXIT_WAIT,
        armed_slot=fill.slot,
        at=at,
    )
