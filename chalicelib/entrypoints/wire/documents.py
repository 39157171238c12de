"""What clients see, in answers and frames: amounts go out as decimal strings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_camel

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.orders.events import Json, OrderEvent
from chalicelib.domain.orders.order import Order, OrderId, OrderStatus
from chalicelib.domain.orders.trades import SwapMode, Trade
from chalicelib.domain.owners import OwnerId
from chalicelib.domain.tokens import Pair, find_token
from chalicelib.engine.ports.market import PricePoint
from chalicelib.engine.ports.orders import OrderRecord, PageKey
from chalicelib.engine.statistics import MinuteCounts, OrderStatistics
from chalicelib.entrypoints.errors import InvalidCursorError
from chalicelib.entrypoints.signing import ForgedError, Signer

if TYPE_CHECKING:
    # Only quotes need the pools; accepting an order must not load the router.
    from chalicelib.domain.pools.pool import Pool, Price
    from chalicelib.domain.routing.routes import Route

_CURSOR = "cursor"
# Enough digits for any ratio of two u64 amounts to be told from its neighbours by eye.
_PRICE = Context(prec=12, rounding=ROUND_DOWN)


def event_document(event: OrderEvent) -> dict[str, Any]:
    """An event as clients see it, in frames and in an order's history."""
    document = {
        "orderId": event.order_id,
        "sequence": event.sequence,
        "status": event.status,
        "attempt": event.attempt,
        "timestamp": _timestamp(event.occurred_at),
    }
    return document | _details(event)


def order_document(record: OrderRecord) -> dict[str, Any]:
    """An order as clients see it; what its last event says about the outcome stands beside it."""
    outcome = _details(record.events[-1]) if record.order.status.is_final else {}
    return accepted_document(record.order) | outcome


def accepted_document(order: Order) -> dict[str, Any]:
    """An order as clients see it, its outcome apart."""
    return {
        "orderId": order.order_id,
        "type": order.order_type,
        "status": order.status,
        "tokenIn": order.pair.token_in.symbol,
        "tokenOut": order.pair.token_out.symbol,
        **_given_amount(order.trade),
        "slippageBps": order.slippage_bps,
        "attempt": order.attempt,
        "sequence": order.sequence,
        "createdAt": _timestamp(order.created_at),
        "updatedAt": _timestamp(order.updated_at),
    }


def page_document(records: Sequence[OrderRecord], limit: int, signer: Signer) -> dict[str, Any]:
    """A page of orders; `limit` + 1 records in mean that there is another page."""
    shown = records[:limit]
    more = len(records) > limit
    return {
        "orders": [order_document(record) for record in shown],
        "nextCursor": _write_cursor(shown[-1].order, signer) if more else None,
    }


def quotes_document(trade: Trade, route: "Route", limit: int) -> dict[str, Any]:
    """Every pool's quote and the route that an order would take."""
    totals: dict[str, Json] = {
        "amount_in": route.amount_in,
        "amount_out": route.amount_out,
        trade.limit_name: limit,
    }
    symbols = {"tokenIn": trade.pair.token_in.symbol, "tokenOut": trade.pair.token_out.symbol}
    return symbols | _public(totals | dict(route.to_details()), trade.pair)


def pool_document(pool: "Pool") -> dict[str, Any]:
    """A pool as clients see it; the price is that of a whole token A in tokens B, fees apart."""
    pair = Pair.of(pool.mint_a, pool.mint_b)
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


def prices_document(pair: Pair, points: Sequence[PricePoint]) -> dict[str, Any]:
    """Prices over time: of a whole input token, in output tokens."""
    return {
        "tokenIn": pair.token_in.symbol,
        "tokenOut": pair.token_out.symbol,
        "venues": sorted({venue for point in points for venue in point.best}),
        "points": [
            {
                "timestamp": _timestamp(point.at),
                "slot": point.slot,
                "prices": {venue: _price_of(price, pair) for venue, price in point.best.items()},
            }
            for point in points
        ],
    }


def statistics_document(
    statistics: OrderStatistics, minutes: Sequence[MinuteCounts]
) -> dict[str, Any]:
    """How orders fared, and what happened in each of those minutes."""
    durations = statistics.to_confirmed
    return {
        "minutes": len(minutes),
        "accepted": statistics.accepted,
        "confirmed": statistics.confirmed,
        "failed": dict(statistics.failed),
        "unfinished": statistics.unfinished,
        "secondsToConfirmed": durations
        and {"p50": _seconds(durations.p50), "p99": _seconds(durations.p99)},
        "perMinute": [
            {
                "timestamp": _timestamp(minute.starts_at),
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


def _details(event: OrderEvent) -> dict[str, Any]:
    document = _public(event.details, event.pair)
    if event.status is OrderStatus.CONFIRMED:
        document["executedPrice"] = _price(
            Decimal(document["amountOut"]), Decimal(document["amountIn"])
        )
        document["txHash"] = document["signature"]
    return document


def _public(details: Mapping[str, Json], pair: Pair) -> dict[str, Any]:
    """Details in camel case, their amounts as decimals of the token that the name implies.

    The mints of a leg, or of a fee, stand beside its amounts; else they are those of the pair.
    """
    if "input_mint" in details:
        pair = Pair.of(str(details["input_mint"]), str(details["output_mint"]))
    decimals = {
        "amount_in": pair.token_in.decimals,
        "max_amount_in": pair.token_in.decimals,
        "amount_out": pair.token_out.decimals,
        "min_amount_out": pair.token_out.decimals,
    }
    if "mint" in details:
        decimals["amount"] = find_token(str(details["mint"])).decimals

    def value(name: str, content: Json) -> Any:
        if name in decimals and isinstance(content, int):
            return to_decimal_string(content, decimals[name])
        if isinstance(content, dict):
            return _public(content, pair)
        if isinstance(content, list):
            return [value("", item) for item in content]
        return content

    return {to_camel(name): value(name, content) for name, content in details.items()}


def _given_amount(trade: Trade) -> dict[str, str]:
    """The one of the two amounts that the order was placed with, named as it was."""
    if trade.mode is SwapMode.EXACT_IN:
        return {"amount": to_decimal_string(trade.amount, trade.pair.token_in.decimals)}
    return {"amountOut": to_decimal_string(trade.amount, trade.pair.token_out.decimals)}


def _price(amount_out: Decimal | int, amount_in: Decimal | int) -> str:
    price = _PRICE.divide(Decimal(amount_out), Decimal(amount_in))
    return f"{price.normalize(_PRICE):f}"


def _price_of(price: "Price", pair: Pair) -> str:
    units_in: int = 10**pair.token_in.decimals
    units_out: int = 10**pair.token_out.decimals
    return _price(price.numerator * units_in, price.denominator * units_out)


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
