"""What clients see, in answers and frames: amounts go out as decimal strings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.orders.decisions import decision_of
from chalicelib.domain.orders.order import Order, OrderId
from chalicelib.domain.orders.terms import LimitTerms, keeps_limit
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.tokens import Mint, Pair, Token
from chalicelib.engine.ports.market import PricePoint
from chalicelib.engine.ports.orders import OrderRecord, PageKey
from chalicelib.engine.statistics import MinuteCounts, OrderStatistics
from chalicelib.entrypoints.errors import InvalidCursorError
from chalicelib.entrypoints.signing import ForgedError, Signer
from chalicelib.entrypoints.wire.events import TRIGGER_KINDS, decision_document, details_document
from chalicelib.entrypoints.wire.hunts import hunt_document
from chalicelib.entrypoints.wire.slices import progress_document
from chalicelib.entrypoints.wire.terms import given_amount, limit_amount, terms_document
from chalicelib.entrypoints.wire.values import (
    Document,
    price_text,
    rate_text,
    seconds,
    timestamp,
)

if TYPE_CHECKING:
    # Only quotes need the pools; accepting an order must not load the router.
    from chalicelib.domain.pools.pool import Pool, Price
    from chalicelib.domain.routing.routes import Route
    from chalicelib.engine.admission.cancel import CancelledOrders
    from chalicelib.engine.prospects import Distance, Prospect

_CURSOR = "cursor"


def order_document(record: OrderRecord) -> Document:
    """An order as clients see it; what its last event says of where it rests stands beside it."""
    status = record.order.status
    is_at_rest = not status.is_in_hand
    return accepted_document(record.order) | (
        details_document(record.events[-1]) if is_at_rest else {}
    )


def accepted_document(order: Order) -> Document:
    """An order as clients see it, its outcome apart."""
    return {
        "orderId": order.order_id,
        **({"parentId": order.parent_id} if order.parent_id else {}),
        "type": order.order_type,
        "status": order.status,
        "tokenIn": order.pair.token_in.symbol,
        **_token_out(order.pair.token_out),
        **given_amount(order.trade),
        **terms_document(order),
        **progress_document(order),
        **hunt_document(order),
        "slippageBps": order.slippage_bps,
        "maxPriceImpactBps": order.max_price_impact_bps,
        **({"cancelRequested": True} if order.cancel_requested else {}),
        "attempt": order.attempt,
        "sequence": order.sequence,
        "createdAt": timestamp(order.created_at),
        "updatedAt": timestamp(order.updated_at),
    }


def _token_out(token: Token) -> Document:
    """What is bought: by its mint while no more is known, and nothing where any will do."""
    name = token.symbol or token.mint
    return {"tokenOut": name} if name else {}


def cancelled_document(orders: "CancelledOrders") -> Document:
    """What became of many orders that were to be cancelled."""
    return {
        "cancelledCount": len(orders.cancelled),
        "cancelRequestedCount": len(orders.requested),
        "cancelled": list(orders.cancelled),
        "cancelRequested": list(orders.requested),
        "more": orders.are_more,
    }


def prospect_document(order: Order, prospect: "Prospect") -> Document:
    """How far an open order is from what it waits for."""
    pair = order.pair
    return {
        "price": rate_text(prospect.rate, pair),
        "slot": prospect.slot,
        "observedAt": timestamp(prospect.at),
        "triggers": [_distance(each, pair) for each in prospect.distances],
        **_quoted(order, prospect.quoted),
    }


def _distance(distance: "Distance", pair: Pair) -> Document:
    document: Document = {"kind": TRIGGER_KINDS[distance.kind]}
    if distance.rate is not None:
        document["price"] = rate_text(distance.rate, pair)
        document["distanceBps"] = distance.distance_bps
    return document


def _quoted(order: Order, quoted: int | None) -> Document:
    """What the best route gives, or costs, at a limit's size, and what it lacks."""
    if quoted is None or not isinstance(order.terms, LimitTerms):
        return {}
    trade, limit = order.trade, order.terms.limit
    name = "quotedAmountOut" if trade.mode is SwapMode.EXACT_IN else "quotedAmountIn"
    lacks = 0 if keeps_limit(trade.mode, limit, quoted) else abs(limit - quoted)
    return {
        name: to_decimal_string(quoted, trade.token_quoted.decimals),
        "lacks": to_decimal_string(lacks, trade.token_quoted.decimals),
    }


def page_document(records: Sequence[OrderRecord], limit: int, signer: Signer) -> Document:
    """A page of orders; `limit` + 1 records in mean that there is another page."""
    shown = records[:limit]
    more = len(records) > limit
    return {
        "orders": [order_document(record) for record in shown],
        "nextCursor": _write_cursor(shown[-1].order, signer) if more else None,
    }


def quotes_document(
    trade: Trade, route: "Route", limit: int, max_price_impact_bps: int
) -> Document:
    """Every pool's quote and the route that an order would take, or why it would refuse to."""
    pair = trade.pair
    refusal = route.refusal_above(max_price_impact_bps)
    return {
        "tokenIn": pair.token_in.symbol,
        "tokenOut": pair.token_out.symbol,
        "amountIn": to_decimal_string(route.amount_in, pair.token_in.decimals),
        "amountOut": to_decimal_string(route.amount_out, pair.token_out.decimals),
        **limit_amount(trade, limit),
        "maxPriceImpactBps": max_price_impact_bps,
        **({"warning": {"code": refusal.code, "message": refusal.detail}} if refusal else {}),
        **decision_document(decision_of(route), pair),
    }


def pool_document(pool: "Pool", tokens: Mapping[Mint, Token]) -> Document:
    """A pool as clients see it; the price is that of a whole token A in tokens B, fees apart.

    `tokens` has both of them.
    """
    pair = Pair(token_in=tokens[pool.mint_a], token_out=tokens[pool.mint_b])
    return {
        "venue": pool.venue,
        "kind": pool.kind,
        "pool": pool.address,
        "tokenA": pair.token_in.symbol,
        "tokenB": pair.token_out.symbol,
        "mintA": pool.mint_a,
        "mintB": pool.mint_b,
        "price": _price_of(pool.marginal_price(pool.mint_a), pair),
    }


def prices_document(pair: Pair, points: Sequence[PricePoint]) -> Document:
    """Prices over time: of a whole input token, in output tokens, after fees."""
    return {
        "tokenIn": pair.token_in.symbol,
        "tokenOut": pair.token_out.symbol,
        "venues": sorted({venue for point in points for venue in point.venues}),
        "points": [
            {
                "timestamp": timestamp(point.at),
                "slot": point.slot,
                "bestRoute": _price_of(point.best_route, pair),
                "prices": {venue: _price_of(price, pair) for venue, price in point.venues.items()},
            }
            for point in points
        ],
    }


def statistics_document(statistics: OrderStatistics, minutes: Sequence[MinuteCounts]) -> Document:
    """How orders fared, and what happened in each of those minutes."""
    durations = statistics.to_confirmed
    return {
        "minutes": len(minutes),
        "accepted": statistics.accepted,
        "confirmed": statistics.confirmed,
        "cancelled": statistics.cancelled,
        "expired": statistics.expired,
        "completed": statistics.completed,
        "failed": dict(statistics.failed),
        "unfinished": statistics.unfinished,
        "waiting": statistics.waiting,
        "secondsToConfirmed": durations
        and {"p50": seconds(durations.p50), "p99": seconds(durations.p99)},
        "perMinute": [
            {
                "timestamp": timestamp(minute.starts_at),
                "accepted": minute.accepted,
                "confirmed": minute.confirmed,
                "failed": minute.failed,
            }
            for minute in minutes
        ],
    }


def read_cursor(cursor: str, owner_id: OwnerId, signer: Signer) -> PageKey:
    """Return where the owner's page goes on. Raises InvalidCursorError."""
    try:
        cursor_owner_id, created_at, order_id = signer.open(_CURSOR, cursor)
    except ForgedError:
        raise InvalidCursorError from None
    if cursor_owner_id != owner_id:
        raise InvalidCursorError
    return PageKey(created_at=datetime.fromisoformat(created_at), order_id=OrderId(order_id))


def _write_cursor(order: Order, signer: Signer) -> str:
    return signer.seal(_CURSOR, [order.owner_id, order.created_at.isoformat(), order.order_id])


def _price_of(price: "Price", pair: Pair) -> str:
    units_in: int = 10**pair.token_in.decimals
    units_out: int = 10**pair.token_out.decimals
    return price_text(price.numerator * units_in, price.denominator * units_out)
