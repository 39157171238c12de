"""Documents of the API as tables for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orders_client import Document
from orders_client.cli.output import add_row, percent, table

COLORS = {"confirmed": "green", "failed": "red", "submitted": "cyan", "building": "blue"}
# Enough to tell pools apart; whole ones are in `orders pools` and in JSON.
ADDRESS_CHARACTERS = 8


def status_text(status: str) -> Text:
    """A status in its colour."""
    return Text(status, style=COLORS.get(status, "yellow"))


def trade_text(order: Mapping[str, Any]) -> str:
    """What was ordered: the amount that was given, and the two tokens."""
    if "amount" in order:
        return f"{order['amount']} {order['tokenIn']} → {order['tokenOut']}"
    return f"{order['tokenIn']} → {order['amountOut']} {order['tokenOut']}"


def orders_table(orders: Sequence[Document]) -> Table:
    """A row for each order."""
    made = table("order", "accepted", "status", "trade", "outcome")
    for order in orders:
        at = order["createdAt"][:19].replace("T", " ")
        add_row(
            made,
            order["orderId"],
            at,
            status_text(order["status"]),
            trade_text(order),
            outcome(order),
        )
    return made


def outcome(order: Mapping[str, Any]) -> str:
    """What an order came to, or nothing yet."""
    match order["status"]:
        case "confirmed":
            paid = f"{order['amountIn']} {order['tokenIn']}"
            return f"{paid} → {order['amountOut']} {order['tokenOut']} at {order['executedPrice']}"
        case "failed":
            return f"{order['code']}: {order['message']}"
    return ""


def tokens_table(tokens: Sequence[Document]) -> Table:
    """A row for each token."""
    made = table("symbol", "mint", "decimals", right=("decimals",))
    for token in tokens:
        add_row(made, token["symbol"], token["mint"], token["decimals"])
    return made


def pools_table(pools: Sequence[Document]) -> Table:
    """A row for each pool."""
    made = table("pair", "venue", "kind", "price", "pool", right=("price",))
    for pool in pools:
        pair = f"{pool['tokenA']}/{pool['tokenB']}"
        add_row(made, pair, pool["venue"], pool["kind"], pool["price"], pool["pool"])
    return made


def quotes_view(quotes: Mapping[str, Any], order: Mapping[str, Any], tokens: Document) -> Group:
    """Every pool's quote, then the route and what it is better by. `quotes` holds the comparison:
    an answer of /api/quotes, or a building event; `order` names the tokens."""
    route = quotes["route"]
    symbols = {token["mint"]: token["symbol"] for token in tokens["tokens"]}
    is_exact_out = "maxAmountIn" in quotes
    return Group(
        _pools_compared(quotes["quotes"], order, is_exact_out),
        *_rejected(quotes.get("rejections", [])),
        _route_table(route["legs"], symbols),
        *(Text(line) for line in _conclusions(quotes, order, is_exact_out)),
    )


def _pools_compared(
    quotes: Sequence[Document], order: Mapping[str, Any], is_exact_out: bool
) -> Table:
    name = "amountIn" if is_exact_out else "amountOut"
    heading = f"pays {order['tokenIn']}" if is_exact_out else f"receives {order['tokenOut']}"
    right = (heading, "fee", "impact")
    made = table("one pool", "venue", "kind", *right, right=right)
    for quote in quotes:
        fee, impact = percent(quote["feeBps"]), percent(quote["priceImpactBps"])
        add_row(
            made, _short(quote["pool"]), quote["venue"], quote["kind"], quote[name], fee, impact
        )
    return made


def _rejected(rejections: Sequence[Document]) -> Sequence[RenderableType]:
    return [Text(f"no quote: {r['venue']} {_short(r['pool'])}, {r['code']}") for r in rejections]


def _route_table(legs: Sequence[Document], symbols: Mapping[str, str]) -> Table:
    right = ("pays", "receives", "fee", "impact")
    made = table("the route", "venue", "kind", *right, right=right)
    for leg in legs:
        paid = f"{leg['amountIn']} {symbols.get(leg['inputMint'], leg['inputMint'])}"
        received = f"{leg['amountOut']} {symbols.get(leg['outputMint'], leg['outputMint'])}"
        fee, impact = percent(leg["feeBps"]), percent(leg["priceImpactBps"])
        add_row(made, _short(leg["pool"]), leg["venue"], leg["kind"], paid, received, fee, impact)
    return made


def _short(address: str) -> str:
    return f"{address[:ADDRESS_CHARACTERS]}…"


def _conclusions(
    quotes: Mapping[str, Any], order: Mapping[str, Any], is_exact_out: bool
) -> Sequence[str]:
    route = quotes["route"]
    paid = f"{route['amountIn']} {order['tokenIn']}"
    received = f"{route['amountOut']} {order['tokenOut']}"
    limit = (
        f"at most {quotes['maxAmountIn']} {order['tokenIn']}"
        if is_exact_out
        else f"at least {quotes['minAmountOut']} {order['tokenOut']}"
    )
    conclusions = [
        f"{paid} → {received}, {limit}, impact {percent(route['priceImpactBps'])}",
        route["reason"],
    ]
    if route["baseline"]:
        saved = f"better than the best pool alone: {percent(route['improvementBps'])}"
        conclusions.append(f"{saved}, than the worst: {percent(route['savingBps'])}")
    return conclusions
