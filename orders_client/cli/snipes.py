"""Orders that wait for a new pool in words: their guards, and what they have met."""

from collections.abc import Iterator, Mapping
from typing import Any

from orders_client import Document

ANY_TOKEN = "any new token"
# What is found of a pool, by its code.
FINDINGS = {
    "SYMBOL_MISMATCH": "without {wanted} in its symbol",
    "CREATOR_MISMATCH": "of another creator",
    "QUOTE_MISMATCH": "paid with {value}",
    "VENUE_EXCLUDED": "at {value}",
    "MINT_AUTHORITY_KEPT": "mintable",
    "FREEZABLE": "freezable",
    "NOT_SELLABLE": "not sellable",
    "FEE_TOO_HIGH": "with a fee of {value} bps, above {wanted}",
    "POOL_TOO_OLD": "{value} slots old, above {wanted}",
    "NOT_OPEN": "not open yet",
    "LIQUIDITY_TOO_LOW": "with a liquidity of {value}, below {wanted}",
    "LIQUIDITY_TOO_HIGH": "with a liquidity of {value}, above {wanted}",
    "LIQUIDITY_NOT_LOCKED": "not locked",
    "NOT_FILLABLE": "cannot fill it, {value}",
    "PRICE_IMPACT_TOO_HIGH": "with a price impact of {value} bps, above {wanted}",
    "PRICE_TOO_HIGH": "at a price of {value}, above {wanted}",
}
# A pool that passes is told of by the trigger, not by an event of its own.
_END = {True: ": refused", False: ", asked again"}
_NUMBERS = {
    "minLiquidity": "liquidity at least {}{unit}",
    "maxLiquidity": "liquidity at most {}{unit}",
    "maxPrice": "price at most {}{unit}",
    "maxFeeBps": "fee at most {} bps",
    "maxPriceImpactBps": "the pool's price impact at most {} bps",
    "maxPoolAgeSlots": "at most {} slots old",
}
_PROPERTIES = {
    "mintRenounced": "not mintable",
    "notFreezable": "not freezable",
    "liquidityLocked": "locked",
    "sellable": "sellable",
}


def bought_token(order: Mapping[str, Any]) -> str:
    """Return the token that an order buys: by its mint, or none, while no more is known."""
    return str(order.get("tokenOut", ANY_TOKEN))


def snipe_text(order: Mapping[str, Any]) -> str:
    """Return what a pool must be like, and how long one that may pass yet is asked again."""
    return ", ".join([*_filters(order), *_guards(order), f"asked for {order['retryFor']} s"])


def hunt_text(order: Mapping[str, Any]) -> str:
    """Return how many pools an open order has met; nothing before the first."""
    judged = order["poolsJudged"]
    return f"{judged} {'pool' if judged == 1 else 'pools'} judged" if judged else ""


def verdict_text(verdict: Document) -> str:
    """Return what was found of a pool, and whether it is asked again."""
    code: str = verdict["code"]
    found = FINDINGS.get(code, code).format(
        value=verdict.get("value"), wanted=verdict.get("wanted")
    )
    return f"{verdict['symbol']} {found}{_END[verdict['final']]}"


def _filters(order: Mapping[str, Any]) -> Iterator[str]:
    if part := order.get("symbolContains"):
        yield f"with {part} in its symbol"
    if creator := order.get("creator"):
        yield f"made by {creator}"
    if order.get("existing"):
        yield "even one that is there already"


def _guards(order: Mapping[str, Any]) -> Iterator[str]:
    guards, unit = order["guards"], f" {order['tokenIn']}"
    for name, words in _NUMBERS.items():
        if name in guards:
            yield words.format(guards[name], unit=unit)
    if venues := guards.get("venues"):
        yield f"at {' or '.join(venues)}"
    yield from (words for name, words in _PROPERTIES.items() if name in guards)
