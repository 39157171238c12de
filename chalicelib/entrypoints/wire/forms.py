"""The forms of what clients send, as JSON Schema: what one of these refuses, this service refuses.

The other way round it may still refuse what has the form: which decimals a token has, or what its
pools hold, no schema says.
"""

from typing import Any

from chalicelib.domain.amounts import BPS, U64_MAX
from chalicelib.domain.orders.order import OrderStatus, OrderType
from chalicelib.domain.token_list import SOL, TOKENS, USDC

Schema = dict[str, Any]

_DECIMALS_MIN = min(token.decimals for token in TOKENS)
_DECIMALS_MAX = max(token.decimals for token in TOKENS)
_WHOLE_DIGITS_MAX = len(str(U64_MAX // 10**_DECIMALS_MIN))

# Not the list: a client made from it would know no token that is listed later.
TOKEN: Schema = {
    "type": "string",
    "pattern": "^[!-~]{1,44}$",
    "description": "A token by its symbol or its mint; `/api/tokens` lists them.",
    "examples": [SOL.symbol, USDC.mint],
}
ORDER_TYPE: Schema = {"type": "string", "enum": [str(kind) for kind in OrderType]}
ORDER_STATUS: Schema = {"type": "string", "enum": [str(status) for status in OrderStatus]}
DECIMAL_TEXT: Schema = {
    "type": "string",
    "pattern": (
        rf"^(?!0(\.0*)?$)(0|[1-9][0-9]{{0,{_WHOLE_DIGITS_MAX - 1}}})"
        rf"(\.[0-9]{{1,{_DECIMALS_MAX}}}0*)?$"
    ),
}
AMOUNT: Schema = {
    "anyOf": [
        DECIMAL_TEXT,
        {"type": "number", "exclusiveMinimum": 0, "maximum": U64_MAX / 10**_DECIMALS_MIN},
    ],
    "description": (
        "A positive amount in whole tokens, taken exactly; it has at most as many decimals as its "
        "token and fits an unsigned 64-bit integer of base units."
    ),
}
_SHARE_BPS: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": BPS},
        {"type": "string", "pattern": "^(0|[1-9][0-9]{0,3}|10000)$"},
    ],
}
CURSOR: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_.=-]+$",
    "description": "The `nextCursor` of the previous page.",
}
SLOT: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": 999_999_999,
    "description": "Only points after this slot.",
}


def slippage_bps(default: int) -> Schema:
    """How far the result may fall behind the quote."""
    return _SHARE_BPS | {
        "description": (
            "How much worse than the quote the result may be, in basis points; "
            f"{default} by default."
        ),
    }


def max_price_impact_bps(default: int) -> Schema:
    """How far the order itself may move the price."""
    return _SHARE_BPS | {
        "description": (
            "The highest price impact the route may have, in basis points; above it, the order "
            f"fails with PRICE_IMPACT_TOO_HIGH; {default} by default."
        ),
    }


def minutes(most: int) -> Schema:
    """How many of the last minutes to tell of."""
    return {"type": "integer", "minimum": 1, "maximum": most}


def page_limit(most: int) -> Schema:
    """How many orders a page may have."""
    return {"type": "integer", "minimum": 1, "maximum": most}
