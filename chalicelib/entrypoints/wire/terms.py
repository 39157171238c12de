"""What an order trades, when and at what price, as clients see it: in their own words."""

from datetime import timedelta

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.terms import (
    DcaTerms,
    ExitTerms,
    LimitTerms,
    OcoTerms,
    ScheduleTerms,
    SniperTerms,
    StatedPrice,
    StopTerms,
    TrailingStopTerms,
    TwapTerms,
    exit_plan,
)
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.orders.triggers import watches_of
from chalicelib.domain.tokens import Pair
from chalicelib.entrypoints.wire.events import TRIGGER_KINDS
from chalicelib.entrypoints.wire.hunts import snipe_document
from chalicelib.entrypoints.wire.values import Document, exact_price_text, timestamp


def given_amount(trade: Trade) -> dict[str, str]:
    """The one of the two amounts that the order was placed with, named as it was."""
    name = "amount" if trade.mode is SwapMode.EXACT_IN else "amountOut"
    return {name: to_decimal_string(trade.amount, trade.token_given.decimals)}


def limit_amount(trade: Trade, limit: int) -> dict[str, str]:
    """The bound of the other amount, named as an order states it."""
    name = "minAmountOut" if trade.mode is SwapMode.EXACT_IN else "maxAmountIn"
    return {name: to_decimal_string(limit, trade.token_quoted.decimals)}


def terms_document(order: Order) -> Document:
    """The fields of its type, prices as they were written; of a market order its exit at most."""
    # A schedule says itself when it ends, and a slice's time is its parent's doing.
    has_expiry = order.expires_at is not None and not isinstance(order.terms, ScheduleTerms)
    expiry = {"expiresAt": timestamp(order.expires_at)} if has_expiry and order.expires_at else {}
    prices = _prices(order)
    stated = next(iter(prices.values()), None)
    unit = {} if stated is None else {"priceIn": _name(stated, order.pair)}
    return {
        **{name: price.text for name, price in prices.items()},
        **unit,
        **_others(order),
        **_exit(order),
        **expiry,
    }


def _prices(order: Order) -> dict[str, StatedPrice]:
    match order.terms:
        case LimitTerms(price=StatedPrice() as price):
            return {"limitPrice": price}
        case StopTerms(price=price):
            return {"triggerPrice": price}
        case TrailingStopTerms(activation=StatedPrice() as price):
            return {"activationPrice": price}
        case OcoTerms(take_profit=take_profit, stop=stop):
            return {"takeProfitPrice": take_profit, "stopPrice": stop}
        case DcaTerms(min_price=least, max_price=most):
            named = {"minPrice": least, "maxPrice": most}
            return {name: price for name, price in named.items() if price is not None}
        case TwapTerms(limit_price=StatedPrice() as price):
            return {"limitPrice": price}
        case ExitTerms():
            return _exit_prices(order)
    return {}


def _exit_prices(order: Order) -> dict[str, StatedPrice]:
    """What its watches are met by, to the last digit: rounded for its owner, as they are."""
    return {
        f"{TRIGGER_KINDS[watch.kind]}Price": StatedPrice(
            text=exact_price_text(watch.key, order.pair), price_in=order.pair.token_out.mint
        )
        for watch in watches_of(order.terms, order.trade)
        if watch.key is not None
    }


def _others(order: Order) -> Document:
    match order.terms:
        case LimitTerms(limit=limit, time_in_force=time_in_force):
            return {"timeInForce": time_in_force, **limit_amount(order.trade, limit)}
        case StopTerms(condition=condition):
            return {"triggerCondition": condition}
        case TrailingStopTerms(trailing_bps=trailing_bps):
            return {"trailingBps": trailing_bps}
        case ExitTerms(plan=plan, sell_at=sell_at):
            trailing = {"trailingBps": plan.trailing_bps} if plan.trailing_bps else {}
            return trailing | ({"sellAt": timestamp(sell_at)} if sell_at else {})
        case ScheduleTerms() as terms:
            return _schedule(terms)
        case SniperTerms() as terms:
            return snipe_document(terms, order)
    return {}


def _schedule(terms: ScheduleTerms) -> Document:
    is_dca = isinstance(terms, DcaTerms)
    name, span = ("intervalSeconds", terms.interval) if is_dca else ("durationSeconds", terms.span)
    return {
        "slices": terms.slices,
        name: span // timedelta(seconds=1),
        "startAt": timestamp(terms.start_at),
        "onMissed": terms.on_missed,
        "paused": terms.is_paused,
    }


def _exit(order: Order) -> Document:
    plan = exit_plan(order.terms)
    if plan is None:
        return {}
    bounds = {
        "takeProfitBps": plan.take_profit_bps,
        "stopLossBps": plan.stop_loss_bps,
        "trailingBps": plan.trailing_bps,
        "maxHoldSeconds": plan.hold_seconds_max,
    }
    return {"exit": {name: bound for name, bound in bounds.items() if bound is not None}}


def _name(price: StatedPrice, pair: Pair) -> str:
    """The token's symbol, or its mint where both are called the same."""
    if pair.token_in.symbol == pair.token_out.symbol:
        return price.price_in
    is_in = price.price_in == pair.token_in.mint
    return (pair.token_in if is_in else pair.token_out).symbol
