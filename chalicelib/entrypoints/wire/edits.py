"""What clients change of an open order: the body of PATCH /api/orders/{orderId}.

An edit is read as the order placed anew with some fields exchanged, so that the rules are the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chalicelib.domain.errors import InvalidRequestError
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import (
    LimitTerms,
    OrderType,
    ScheduleTerms,
    Terms,
    TimeInForce,
    exit_plan,
)
from chalicelib.engine.admission.edit import Edit
from chalicelib.entrypoints.errors import NotEditableError
from chalicelib.entrypoints.wire.fields import SlippageBps
from chalicelib.entrypoints.wire.order_requests import read_order
from chalicelib.entrypoints.wire.requests import RequestModel, read
from chalicelib.entrypoints.wire.terms import given_amount, terms_document

_LIMITS = frozenset({"limitPrice", "minAmountOut", "maxAmountIn"})
_SCHEDULED = frozenset({"priceIn", "slippageBps", "paused"})
_TRIGGERED = frozenset({"priceIn", "expiresAt", "slippageBps"})
_NUMBERS = frozenset({"trailingBps", "slices", "intervalSeconds", "durationSeconds", "retryFor"})
_OBJECTS = frozenset({"exit", "guards"})
EDITABLE: Mapping[OrderType, frozenset[str]] = {
    OrderType.LIMIT: _LIMITS | {"priceIn", "expiresAt"},
    OrderType.STOP: _TRIGGERED | {"triggerPrice", "triggerCondition", "triggerIfMet"},
    OrderType.TRAILING_STOP: _TRIGGERED | {"trailingBps", "activationPrice"},
    OrderType.OCO: _TRIGGERED | {"takeProfitPrice", "stopPrice", "triggerIfMet"},
    OrderType.DCA: _SCHEDULED | {"minPrice", "maxPrice"},
    OrderType.TWAP: _SCHEDULED | {"limitPrice"},
    OrderType.SNIPER: frozenset({"guards", "slippageBps", "expiresAt"}),
    # Its prices are those of the plan that its parent was placed with.
    OrderType.EXIT: frozenset({"slippageBps"}),
}


def read_edit(order: Order, fields: object) -> Edit:
    """Check the body of an edit against the order. Raises InvalidRequestError, NotEditableError, or
    the field's own rejection."""
    if not isinstance(fields, dict) or not fields:
        raise InvalidRequestError("body: an object with at least one field is expected")
    for name in fields:
        if name not in EDITABLE[order.order_type]:
            raise NotEditableError(f"{name[:64]!r} of a {order.order_type} order cannot be edited")
    if order.order_type is OrderType.EXIT:
        return _edit_of_exit(order, read(_ExitEdit, fields).slippage_bps)
    own = {token.mint: token for token in (order.pair.token_in, order.pair.token_out)}
    # Also where nobody else knows the tokens any more.
    wanted = read_order(_placed(order, fields) | fields, own.get)
    terms = _on_the_same_grid(wanted.terms, order.terms)
    expires_at = wanted.expires_at or order.expires_at
    edited = replace(order, terms=terms, slippage_bps=wanted.slippage_bps, expires_at=expires_at)
    before, after = _editable(order), _editable(edited)
    return Edit(
        terms=terms,
        slippage_bps=wanted.slippage_bps,
        expires_at=expires_at,
        trigger_if_met=wanted.trigger_if_met,
        changed={name: value for name, value in after.items() if before.get(name) != value},
    )


def _on_the_same_grid(terms: Terms, before: Terms) -> Terms:
    """Nothing moves the times of slices; what is shown of them is rounded."""
    if isinstance(terms, ScheduleTerms) and isinstance(before, ScheduleTerms):
        return replace(terms, start_at=before.start_at, span=before.span)
    return terms


class _ExitEdit(RequestModel):
    slippage_bps: SlippageBps


def _edit_of_exit(order: Order, slippage_bps: int) -> Edit:
    """An exit was not placed: it keeps its terms, and until when it waits."""
    changed = {"slippageBps": slippage_bps} if slippage_bps != order.slippage_bps else {}
    return Edit(
        terms=order.terms,
        slippage_bps=slippage_bps,
        expires_at=None,
        trigger_if_met=True,
        changed=changed,
    )


def _placed(order: Order, edited: Mapping[str, object]) -> dict[str, Any]:
    """The body that would place the order as it is, without what the edit takes the place of."""
    shown = _editable(order)
    placed = {name: value for name, value in shown.items() if not _is_replaced(name, edited)}
    if isinstance(order.terms, LimitTerms):
        placed |= {"timeInForce": order.terms.time_in_force}
        if order.terms.price is not None:
            # Shown beside the price that implies it.
            placed = {k: v for k, v in placed.items() if k not in _LIMITS - {"limitPrice"}}
        if order.terms.time_in_force is not TimeInForce.GTT:
            placed.pop("expiresAt", None)
    for name in _OBJECTS & placed.keys():
        placed[name] = {each: _as_sent(value) for each, value in placed[name].items()}
    for name in _NUMBERS & placed.keys():
        placed[name] = Decimal(placed[name])
    if "slippageBps" in placed:
        placed["slippageBps"] = str(placed["slippageBps"])
    return {
        "type": str(order.order_type),
        "tokenIn": order.pair.token_in.mint,
        **({"tokenOut": order.pair.token_out.mint} if order.pair.token_out.mint else {}),
        **given_amount(order.trade),
        "maxPriceImpactBps": str(order.max_price_impact_bps),
        **placed,
    }


def _as_sent(value: object) -> object:
    """Whole numbers are Decimals in the bodies that are read."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_replaced(name: str, edited: Mapping[str, object]) -> bool:
    """An edit of one form of a limit replaces the other, and the token of its price with it."""
    amounts = _LIMITS - {"limitPrice"}
    if name in ("limitPrice", "priceIn"):
        return not amounts.isdisjoint(edited)
    return name in amounts and "limitPrice" in edited


def _editable(order: Order) -> dict[str, Any]:
    is_held = isinstance(order.terms, LimitTerms) and exit_plan(order.terms) is None
    slippage = {} if is_held else {"slippageBps": order.slippage_bps}
    shown = terms_document(order) | slippage
    return {name: value for name, value in shown.items() if name != "timeInForce"}
