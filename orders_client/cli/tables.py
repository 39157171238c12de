"""Tables for people, made from documents of the API."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orders_client import Document, Status
from orders_client.cli import slices, snipes
from orders_client.cli.listings import (
    Cell,
    Listing,
    address_cell,
    order_cell,
    time_cell,
)
from orders_client.cli.output import add_row, empty_table, percent
from orders_client.cli.slices import schedule_text

COLORS: Mapping[str, str] = {
    Status.BUILDING: "blue",
    Status.SUBMITTED: "cyan",
    Status.CONFIRMED: "green",
    Status.COMPLETED: "green",
    Status.FAILED: "red",
    Status.CANCELLED: "magenta",
    Status.EXPIRED: "magenta",
}
# What an order is that may be confirmed all the same.
CANCEL_REQUESTED = "cancel requested; it may be confirmed"
PLAN_TEXTS = {
    "takeProfitBps": "+{} bps",
    "stopLossBps": "-{} bps",
    "trailingBps": "{} bps off the best price",
    "maxHoldSeconds": "{} s after the fill",
}
# Amounts that are shown without decimals where there is little room.
ROUNDED_FROM = 1_000


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=COLORS.get(status, "yellow"))


def trade_text(order: Mapping[str, Any]) -> str:
    """Return the amount and the two tokens of an order: "1 SOL → USDC", or "SOL → 10 USDC"."""
    if "amount" in order:
        return f"{order['amount']} {order['tokenIn']} → {snipes.bought_token(order)}"
    return f"{order['tokenIn']} → {order['amountOut']} {order['tokenOut']}"


def terms_text(order: Mapping[str, Any]) -> str:
    """Return what an order waits for, and when what it buys is sold again."""
    unit = f" {order['priceIn']}" if "priceIn" in order else ""
    match order["type"]:
        case "LIMIT":
            stated = f"at {order['limitPrice']}{unit} or better, " if "limitPrice" in order else ""
            limit = f"{stated}{order['timeInForce']}, {limit_text(order, order)}"
            return ", ".join(filter(None, [limit, _plan_text(order)]))
        case "STOP":
            return f"once {order['triggerCondition']} {order['triggerPrice']}{unit}"
        case "TRAILING_STOP":
            price = order.get("activationPrice")
            start = f" once {price}{unit} was reached" if price else ""
            return f"{order['trailingBps']} bps off the best price{start}"
        case "OCO":
            return f"at {order['takeProfitPrice']} or {order['stopPrice']}{unit}"
        case "SNIPER":
            return ", ".join(filter(None, [snipes.snipe_text(order), _plan_text(order)]))
        case "EXIT":
            return f"exit of {order['parentId']}: {_exit_text(order, unit)}"
    return schedule_text(order) if order["type"] in slices.TYPES else _plan_text(order)


def _exit_text(order: Mapping[str, Any], unit: str) -> str:
    """Return what an exit waits for: whatever comes first."""
    prices = [f"at {order[n]}{unit}" for n in ("takeProfitPrice", "stopPrice") if n in order]
    trail = [f"{order['trailingBps']} bps off the best price"] if "trailingBps" in order else []
    time = [f"at {order['sellAt']}"] if "sellAt" in order else []
    return " or ".join(prices + trail + time)


def _plan_text(order: Mapping[str, Any]) -> str:
    """Return when what an order buys is sold again; nothing where it is not."""
    plan = order.get("exit", {})
    words = [text.format(plan[name]) for name, text in PLAN_TEXTS.items() if name in plan]
    return f"sold again at {' or '.join(words)}" if words else ""


def limit_text(quotes: Mapping[str, Any], order: Mapping[str, Any]) -> str:
    """Return what the slippage allows: "at least 9 USDC", or "at most 1 SOL" for an exact output.

    `quotes` is a response of /api/quotes or a building event, `order` names the tokens.
    """
    if "maxAmountIn" in quotes:
        return f"at most {quotes['maxAmountIn']} {order['tokenIn']}"
    return f"at least {quotes['minAmountOut']} {order['tokenOut']}"


def orders_listing(orders: Sequence[Document]) -> Listing:
    """Return a row for each order."""
    listing = Listing(("order", "accepted", "status", "trade", "outcome"))
    for order in orders:
        listing.add(
            order_cell(order["orderId"]),
            time_cell(order["createdAt"]),
            status_text(order["status"]),
            trade_text(order),
            outcome(order),
        )
    return listing


def outcome(order: Mapping[str, Any]) -> str:
    """Return the fill or the failure of an order; it is empty until the order is final."""
    match order["status"]:
        case Status.CONFIRMED:
            paid = f"{order['amountIn']} {order['tokenIn']}"
            return f"{paid} → {order['amountOut']} {order['tokenOut']} at {order['executedPrice']}"
        case Status.FAILED:
            return f"{order['code']}: {order['message']}"
        case Status.COMPLETED:
            return slices.completed_text(order, order)
        case Status.OPEN if order["type"] not in slices.TYPES:
            met = snipes.hunt_text(order) if "poolsJudged" in order else ""
            return ", ".join(filter(None, [met, terms_text(order)]))
    return slices.progress_text(order) if "progress" in order else ""


def tokens_listing(tokens: Sequence[Document]) -> Listing:
    """Return a row for each token."""
    listing = Listing(("symbol", "mint", "decimals"), right=("decimals",))
    for token in tokens:
        listing.add(token["symbol"], token["mint"], token["decimals"])
    return listing


def pools_listing(pools: Sequence[Document]) -> Listing:
    """Return a row for each pool."""
    listing = Listing(("pair", "venue", "kind", "price", "pool"), right=("price",))
    for pool in pools:
        pair = f"{pool['tokenA']}/{pool['tokenB']}"
        pool_cell = address_cell(pool["pool"])
        listing.add(pair, pool["venue"], pool["kind"], pool["price"], pool_cell)
    return listing


def launches_listing(launches: Sequence[Document]) -> Listing:
    """Return a row for each new token and its pool."""
    right = ("liquidity", "fee")
    listing = Listing(("created", "symbol", "venue", "kind", *right, "risks", "mint"), right=right)
    for launch in launches:
        listing.add(
            time_cell(launch["createdAt"]),
            launch["symbol"],
            launch["venue"],
            launch["kind"],
            _liquidity_cell(launch),
            percent(launch["feeBps"]),
            ", ".join(_risks(launch)),
            address_cell(launch["mint"]),
        )
    return listing


def _liquidity_cell(launch: Document) -> Cell:
    amount, unit = launch["liquidity"], launch["quoteToken"]
    form = ",.0f" if Decimal(amount) >= ROUNDED_FROM else ".4g"
    return Cell(f"{amount} {unit}", f"{Decimal(amount):{form}} {unit}")


def _risks(launch: Document) -> Iterator[str]:
    """What speaks against buying the token."""
    if not launch["mintRenounced"]:
        yield "mintable"
    if launch["freezable"]:
        yield "freezable"
    if launch["transferFeeBps"]:
        yield f"transfer fee {percent(launch['transferFeeBps'])}"
    if not launch["liquidityLocked"]:
        yield "not locked"
    if not launch["sellable"]:
        yield "not sellable"


def quotes_view(quotes: Mapping[str, Any], order: Mapping[str, Any], tokens: Document) -> Group:
    """Return every pool's quote, then the route, and how much better it is than one pool.

    `quotes` is a response of /api/quotes or a building event, `order` has the symbols `tokenIn` and
    `tokenOut`, and `tokens` is a response of /api/tokens.
    """
    route = quotes["route"]
    symbols = {token["mint"]: token["symbol"] for token in tokens["tokens"]}
    # A new token is not listed, but the order knows its symbol.
    symbols |= {leg["outputMint"]: order["tokenOut"] for leg in route["legs"][-1:]}
    is_exact_out = "maxAmountIn" in quotes
    return Group(
        _quotes_table(quotes["quotes"], order, is_exact_out),
        *_rejection_lines(quotes.get("rejections", [])),
        _route_table(route["legs"], symbols),
        *(Text(line) for line in _conclusion_lines(quotes, order)),
        *([warning_text(quotes)] if "warning" in quotes else []),
    )


def warning_text(quotes: Mapping[str, Any]) -> Text:
    """Return why an order with the limits of these quotes would fail now."""
    warning = quotes["warning"]
    return Text(f"an order would fail now: {warning['code']}: {warning['message']}", style="red")


def _quotes_table(
    quotes: Sequence[Document], order: Mapping[str, Any], is_exact_out: bool
) -> Table:
    amount = "amountIn" if is_exact_out else "amountOut"
    heading = f"pays {order['tokenIn']}" if is_exact_out else f"receives {order['tokenOut']}"
    right = (heading, "fee", "impact")
    table = empty_table("one pool", "venue", "kind", *right, right=right)
    for quote in quotes:
        add_row(table, *_pool_cells(quote), quote[amount], *_cost_cells(quote))
    return table


def _rejection_lines(rejections: Sequence[Document]) -> Sequence[RenderableType]:
    return [
        Text(f"no quote: {r['venue']} {_short_address(r['pool'])}, {r['code']}") for r in rejections
    ]


def _route_table(legs: Sequence[Document], symbols: Mapping[str, str]) -> Table:
    right = ("pays", "receives", "fee", "impact")
    table = empty_table("the route", "venue", "kind", *right, right=right)
    for leg in legs:
        paid = f"{leg['amountIn']} {symbols.get(leg['inputMint'], leg['inputMint'])}"
        received = f"{leg['amountOut']} {symbols.get(leg['outputMint'], leg['outputMint'])}"
        add_row(table, *_pool_cells(leg), paid, received, *_cost_cells(leg))
    return table


def _pool_cells(quote: Document) -> tuple[str, str, str]:
    return _short_address(quote["pool"]), quote["venue"], quote["kind"]


def _cost_cells(quote: Document) -> tuple[str, str]:
    return percent(quote["feeBps"]), percent(quote["priceImpactBps"])


def _short_address(address: str) -> str:
    return address_cell(address).short


def _conclusion_lines(quotes: Mapping[str, Any], order: Mapping[str, Any]) -> Sequence[str]:
    route = quotes["route"]
    paid = f"{route['amountIn']} {order['tokenIn']}"
    received = f"{route['amountOut']} {order['tokenOut']}"
    limit, impact = limit_text(quotes, order), percent(route["priceImpactBps"])
    conclusions = [f"{paid} → {received}, {limit}, impact {impact}", route["reason"]]
    if route["baseline"]:
        saved = f"better than the best single pool: {percent(route['improvementBps'])}"
        conclusions.append(f"{saved}, than the worst: {percent(route['savingBps'])}")
    return conclusions
