"""The forms of what clients send, as JSON Schema: what one of these refuses, this service refuses.

The other way round it may still refuse what has the form: which decimals a token has, or what its
pools hold, no schema says.
"""

from typing import Any

from chalicelib.domain.amounts import BPS, U64_MAX
from chalicelib.domain.orders.order import OrderStatus
from chalicelib.domain.orders.terms import (
    HOLD_MAX,
    RETRY_MAX,
    SLICES_MAX,
    STOP_LOSS_BPS_MAX,
    TAKE_PROFIT_BPS_MAX,
    TRAILING_BPS_MAX,
    Condition,
    OnMissed,
    OrderType,
    TimeInForce,
    WaitsFor,
)
from chalicelib.domain.token_list import SOL, TOKENS, USDC

Schema = dict[str, Any]

_DECIMALS_MIN = min(token.decimals for token in TOKENS)
_DECIMALS_MAX = max(token.decimals for token in TOKENS)
_WHOLE_DIGITS_MAX = len(str(U64_MAX // 10**_DECIMALS_MIN))

# Not the list: a client made from it would know no token that is listed later.
TOKEN: Schema = {
    "type": "string",
    "pattern": "^[!-~]{1,44}$",
    "description": (
        "A token by its symbol or its mint: `/api/tokens` lists those that have a symbol here; "
        "those of `/api/launches` have only their mint."
    ),
    "examples": [SOL.symbol, USDC.mint],
}
ORDER_TYPE: Schema = {"type": "string", "enum": [str(kind) for kind in OrderType]}
ORDER_STATUS: Schema = {"type": "string", "enum": [str(status) for status in OrderStatus]}
WAITING_FOR: Schema = {"type": "string", "enum": [str(each) for each in WaitsFor]}
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
PRICE: Schema = {
    "anyOf": [
        {
            "type": "string",
            "pattern": r"^(?!0(\.0*)?$)(0|[1-9][0-9]{0,35})(\.[0-9]{1,35})?$",
            "maxLength": 37,
        },
        {"type": "number", "exclusiveMinimum": 0},
    ],
    "description": (
        "A positive price, taken exactly: what one `tokenIn` is worth in `tokenOut`, or with "
        "`priceIn` the other way round. It has at most 36 digits."
    ),
}
PRICE_IN: Schema = {
    "type": "string",
    "pattern": "^[!-~]{1,44}$",
    "description": ("The token that prices are in, per one of the other; `tokenOut` by default."),
}
EXPIRES_AT: Schema = {
    "type": "string",
    "format": "date-time",
    "description": (
        "Until when the order waits, at most 90 days ahead, which is the default; nothing new is "
        "signed after it."
    ),
}
TIME_IN_FORCE: Schema = {
    "type": "string",
    "enum": [str(each) for each in TimeInForce],
    "description": (
        "GTC, the default: wait until cancelled. GTT: wait until `expiresAt`. IOC: fill the "
        "largest part that the limit allows now. FOK: fill all of it now, or fail."
    ),
}
TRIGGER_CONDITION: Schema = {"type": "string", "enum": [str(each) for each in Condition]}
TRAILING_BPS: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": TRAILING_BPS_MAX,
    "description": "How far the price must turn from its best, in basis points of that.",
}
EXIT: Schema = {
    "type": "object",
    "description": (
        "When to sell again what the order has bought, as an order of its own: whatever comes "
        "first. Basis points are of the price of the fill; `trailingBps` of the best price since."
    ),
    "properties": {
        "takeProfitBps": {"type": "integer", "minimum": 1, "maximum": TAKE_PROFIT_BPS_MAX},
        "stopLossBps": {"type": "integer", "minimum": 1, "maximum": STOP_LOSS_BPS_MAX},
        "trailingBps": TRAILING_BPS,
        "maxHoldSeconds": {
            "type": "integer",
            "minimum": 1,
            "maximum": int(HOLD_MAX.total_seconds()),
            "description": "How long after the confirmation it is sold at any price.",
        },
    },
    "minProperties": 1,
    "additionalProperties": False,
}
RETRY_SECONDS_DEFAULT = 30
MINT: Schema = {
    "type": "string",
    "pattern": "^[1-9A-HJ-NP-Za-km-z]{32,44}$",
    "description": (
        "The mint of a token that has no pool yet; without it, any new token that is paid with "
        "`tokenIn` is bought."
    ),
}
CREATOR: Schema = {
    "type": "string",
    "pattern": "^[1-9A-HJ-NP-Za-km-z]{32,44}$",
    "description": "Only pools that this account has made.",
}
SYMBOL_CONTAINS: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 32,
    "description": "Only tokens whose symbol has this in it, whatever the case.",
}
RETRY_FOR: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": int(RETRY_MAX.total_seconds()),
    "description": (
        "For how many seconds after its creation a pool is judged again that does not pass yet: "
        f"it is not open or not funded, say; {RETRY_SECONDS_DEFAULT} by default."
    ),
}
EXISTING: Schema = {
    "type": "boolean",
    "description": "Accept the order although the token has a pool already, and judge that one.",
}
VENUE: Schema = {"type": "string", "pattern": "^[!-~]{1,44}$"}
POOL_AGE_SLOTS_MAX, VENUES_MAX = 999_999_999, 16
GUARDS: Schema = {
    "type": "object",
    "description": "What a pool must be like to be bought from; what is left out does not matter.",
    "properties": {
        "minLiquidity": AMOUNT | {"description": "The least it holds of `tokenIn`."},
        "maxLiquidity": AMOUNT | {"description": "The most it holds of `tokenIn`."},
        "maxPriceImpactBps": {
            "type": "integer",
            "minimum": 0,
            "maximum": BPS,
            "description": "How far the order may move its price.",
        },
        "maxFeeBps": {
            "type": "integer",
            "minimum": 0,
            "maximum": BPS,
            "description": "What the pool and the token's mint may take together.",
        },
        "maxPrice": PRICE
        | {
            "description": (
                "The most that one of the token may cost in `tokenIn`, all fees and the order's "
                "own price impact included; what is signed is held to it."
            )
        },
        "maxPoolAgeSlots": {
            "type": "integer",
            "minimum": 0,
            "maximum": POOL_AGE_SLOTS_MAX,
            "description": "How many slots ago it may have been created.",
        },
        "venues": {
            "type": "array",
            "items": VENUE,
            "minItems": 1,
            "maxItems": VENUES_MAX,
            "description": "At which venues it may be.",
        },
        "mintRenounced": {"type": "boolean", "description": "Nobody can mint more of the token."},
        "notFreezable": {"type": "boolean", "description": "Nobody can freeze what others hold."},
        "liquidityLocked": {"type": "boolean", "description": "Its liquidity cannot be taken out."},
        "sellable": {"type": "boolean", "description": "The token can be sold to it again."},
    },
    "additionalProperties": False,
}
PARENT_ID: Schema = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "description": "Only orders that come from this one: its slices, or its exit.",
}
ID_PREFIX: Schema = {
    "type": "string",
    "pattern": "^[0-9a-fA-F]{4,8}$",
    "description": "Only orders whose id begins so: with these 4 to 8 hex digits.",
}
TRIGGER_IF_MET: Schema = {
    "type": "boolean",
    "description": "Accept the order although the price is past the trigger already.",
}
SPAN_SECONDS_MAX = 90 * 24 * 3_600
SLICES: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": SLICES_MAX,
    "description": "How many equal parts the amount is traded in; the last has the remainder.",
}
INTERVAL_SECONDS: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": SPAN_SECONDS_MAX,
    "description": "The time from slice to slice: 60 s at least, 1 s where nothing takes time.",
}
DURATION_SECONDS: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": SPAN_SECONDS_MAX,
    "description": "The time that the slices are spread over evenly; each has 60 s at least.",
}
START_AT: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "When the first slice is due; at once by default.",
}
ON_MISSED: Schema = {
    "type": "string",
    "enum": [str(each) for each in OnMissed],
    "description": (
        "What becomes of slices that nobody could begin in time: `skip` lets the schedule get "
        "longer, `catchUp` spreads them over the others, three times the usual amount at most."
    ),
}
PAUSED: Schema = {"type": "boolean", "description": "Begin no slice while this is so."}
CURSOR: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_.=-]+$",
    "description": "The `nextCursor` of the previous page.",
}
LAUNCH_CURSOR: Schema = CURSOR | {
    "description": "The `nextCursor` of an earlier answer: only launches since then.",
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
    """How many a page may have."""
    return {"type": "integer", "minimum": 1, "maximum": most}
