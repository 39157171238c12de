"""When and at what price an order trades, as clients see it: in the words it was placed with."""

from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import (
    LimitTerms,
    OcoTerms,
    StatedPrice,
    StopTerms,
    Terms,
    TrailingStopTerms,
)
from chalicelib.domain.orders.trades import SwapMode
from chalicelib.domain.tokens import Pair
from chalicelib.entrypoints.wire.events import Document, limit_document
from chalicelib.entrypoints.wire.values import timestamp


def terms_document(order: Order) -> Document:
    """The fields of its type, prices as they were written; nothing of a market order."""
    expiry = {} if order.expires_at is None else {"expiresAt": timestamp(order.expires_at)}
    prices = _prices(order.terms)
    stated = next(iter(prices.values()), None)
    unit = {} if stated is None else {"priceIn": _symbol(stated, order.pair)}
    return {
        **{name: price.text for name, price in prices.items()},
        **unit,
        **_others(order),
        **expiry,
    }


def _prices(terms: Terms) -> dict[str, StatedPrice]:
    match terms:
        case LimitTerms(price=StatedPrice() as price):
            return {"limitPrice": price}
        case StopTerms(price=price):
            return {"triggerPrice": price}
        case TrailingStopTerms(activation=StatedPrice() as price):
            return {"activationPrice": price}
        case OcoTerms(take_profit=take_profit, stop=stop):
            return {"takeProfitPrice": take_profit, "stopPrice": stop}
    return {}


def _others(order: Order) -> Document:
    match order.terms:
        case LimitTerms(limit=limit, time_in_force=time_in_force):
            is_exact_in = order.trade.mode is SwapMode.EXACT_IN
            kept = limit_document(
                order.pair,
                min_amount_out=limit if is_exact_in else None,
                max_amount_in=None if is_exact_in else limit,
            )
            return {"timeInForce": time_in_force, **kept}
        case StopTerms(condition=condition):
            return {"triggerCondition": condition}
        case TrailingStopTerms(trailing_bps=trailing_bps):
            return {"trailingBps": trailing_bps}
    return {}


def _symbol(price: StatedPrice, pair: Pair) -> str:
    is_in = price.price_in == pair.token_in.mint
    return (pair.token_in if is_in else pair.token_out).symbol
