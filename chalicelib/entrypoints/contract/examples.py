"""Examples of the contract; the tests hold them to its schemas."""

from typing import Any

from chalicelib.domain.token_list import JUP, SOL, TOKENS, USDC

Document = dict[str, Any]

ORDER_ID = "00000000-0000-4000-8000-000000000001"
SIGNATURE = (
    "2gUf4QcqrnxQi4SRUp4stNGrmmQ4oNT82vhUVVpki4f1JvHDnWPCQfk2STsy1rk9cWCXP59SzHWhGNaYz8N74xTj"
)
SLOT = 78_840_000
CURSOR = (
    "WyIyMDI2LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwgIjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSJd"
)

MARKET_ORDER: Document = {"type": "MARKET", "tokenIn": "SOL", "tokenOut": "USDC", "amount": 1.0}
EXACT_OUT_ORDER: Document = {
    "type": "MARKET",
    "tokenIn": "USDC",
    "tokenOut": "JUP",
    "amountOut": "25.5",
    "slippageBps": 50,
}
EXITING_ORDER: Document = {
    "type": "MARKET",
    "tokenIn": "USDC",
    "tokenOut": "SOL",
    "amount": "100",
    "exit": {"takeProfitBps": 5000, "stopLossBps": 2500, "maxHoldSeconds": 86400},
}
LIMIT_ORDER: Document = {
    "type": "LIMIT",
    "tokenIn": "USDC",
    "tokenOut": "SOL",
    "amount": "150",
    "limitPrice": "140.5",
    "priceIn": "USDC",
}
STOP_ORDER: Document = {
    "type": "STOP",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
    "triggerPrice": "120",
    "triggerCondition": "below",
    "slippageBps": 300,
}
TRAILING_STOP_ORDER: Document = {
    "type": "TRAILING_STOP",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
    "trailingBps": 800,
    "slippageBps": 300,
}
OCO_ORDER: Document = {
    "type": "OCO",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
    "takeProfitPrice": "200",
    "stopPrice": "120",
    "slippageBps": 300,
}
DCA_ORDER: Document = {
    "type": "DCA",
    "tokenIn": "USDC",
    "tokenOut": "SOL",
    "amount": "2400",
    "slices": 24,
    "intervalSeconds": 3600,
    "maxPrice": "200",
    "priceIn": "USDC",
}
TWAP_ORDER: Document = {
    "type": "TWAP",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "500",
    "slices": 60,
    "durationSeconds": 3600,
    "limitPrice": "120",
}
SNIPER_ORDER: Document = {
    "type": "SNIPER",
    "tokenIn": "SOL",
    "amount": "0.5",
    "guards": {"minLiquidity": "20", "maxFeeBps": 300, "mintRenounced": True, "sellable": True},
    "slippageBps": 1000,
    "exit": {"takeProfitBps": 5000, "stopLossBps": 2500},
}
ORDERS: Document = {
    "market": MARKET_ORDER,
    "exactOut": EXACT_OUT_ORDER,
    "limit": LIMIT_ORDER,
    "stop": STOP_ORDER,
    "trailingStop": TRAILING_STOP_ORDER,
    "oco": OCO_ORDER,
    "dca": DCA_ORDER,
    "twap": TWAP_ORDER,
    "snipe": SNIPER_ORDER,
    "exit": EXITING_ORDER,
}
EDITS: Document = {"slippage": {"slippageBps": 200}}
FILTERS: Document = {"open": {"status": "open"}}

_DLMM: Document = {
    "venue": "meteora",
    "kind": "dlmm",
    "pool": "H2rfNyKbSnokh6Rc1UTXuNAWWN3uPo6ZCaJ1JqJdqdjv",
}
_CPMM: Document = {
    "venue": "raydium",
    "kind": "cpmm",
    "pool": "Fa3PfEJtPnvFNqzGXS4hhU1F3z5iBZ4N7vtRUjEEx9Cz",
}
_QUOTE: Document = {
    "venue": "meteora",
    "kind": "dlmm",
    "pool": "GcbTT8MmVfssyyfQcZcXCmdp1GJRtAjstCURQ1Lq9TEt",
    "amountIn": "1",
    "amountOut": "155.040466",
    "priceImpactBps": 0,
    "feeBps": 10,
}
_LEGS: list[Document] = [
    _DLMM
    | {
        "amountIn": "1",
        "amountOut": "188.937648",
        "priceImpactBps": 0,
        "feeBps": 20,
        "inputMint": SOL.mint,
        "outputMint": JUP.mint,
        "fees": [
            {"kind": "lp", "mint": SOL.mint, "amount": "0.0018"},
            {"kind": "protocol", "mint": SOL.mint, "amount": "0.0002"},
        ],
    },
    _CPMM
    | {
        "amountIn": "188.937648",
        "amountOut": "158.96301",
        "priceImpactBps": 3,
        "feeBps": 25,
        "inputMint": JUP.mint,
        "outputMint": USDC.mint,
        "fees": [{"kind": "lp", "mint": JUP.mint, "amount": "0.396771"}],
    },
]
_DECISION: Document = {
    "quotes": [_QUOTE],
    "rejections": [],
    "route": {
        "venue": "meteora+raydium",
        "amountIn": "1",
        "amountOut": "158.96301",
        "priceImpactBps": 3,
        "legs": _LEGS,
        "baseline": _QUOTE,
        "improvementBps": 253,
        "savingBps": 526,
        "reason": "2 pools over 2 hops are 253 bps better than the best single pool",
        "slot": SLOT,
    },
    "minAmountOut": "157.37338",
}
_FILL: Document = {
    "amountIn": "1",
    "amountOut": "158.959404",
    "signature": SIGNATURE,
    "slot": SLOT + 6,
    "executedPrice": "158.959404",
    "txHash": SIGNATURE,
}


def _event(sequence: int, status: str, at: str, **details: Any) -> Document:
    attempt = 0 if status == "pending" else 1
    return {
        "orderId": ORDER_ID,
        "sequence": sequence,
        "status": status,
        "attempt": attempt,
        "timestamp": f"2026-01-01T00:00:{at}Z",
        **details,
    }


EVENTS = [
    _event(1, "pending", "00.000"),
    _event(2, "routing", "00.000"),
    _event(
        3,
        "building",
        "00.250",
        **_DECISION,
        signature=SIGNATURE,
        lastValidBlockHeight=SLOT + 150,
    ),
    _event(4, "submitted", "00.375", signature=SIGNATURE),
    _event(5, "confirmed", "02.500", **_FILL),
]
_PLACED: Document = {
    "orderId": ORDER_ID,
    "type": "MARKET",
    "status": "pending",
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amount": "1",
    "slippageBps": 100,
    "maxPriceImpactBps": 1500,
    "attempt": 0,
    "sequence": 1,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-01T00:00:00.000Z",
}
_STREAM: Document = {"streamUrl": f"wss://stream.example/api/orders/execute?orderId={ORDER_ID}"}
ACCEPTED_ORDER = _PLACED | _STREAM
CANCELLED_ORDER = _PLACED | {
    "status": "cancelled",
    "attempt": 1,
    "sequence": 3,
    "updatedAt": "2026-01-01T00:00:00.100Z",
}
CANCEL_REQUESTED_ORDER = _PLACED | {
    "status": "submitted",
    "cancelRequested": True,
    "attempt": 1,
    "sequence": 5,
    "updatedAt": "2026-01-01T00:00:00.400Z",
}
EDITED_ORDER = (
    _PLACED
    | OCO_ORDER
    | {
        "status": "open",
        "priceIn": "USDC",
        "slippageBps": 200,
        "expiresAt": "2026-04-01T00:00:00.000Z",
        "sequence": 2,
        "updatedAt": "2026-01-01T00:00:01.000Z",
    }
)
CANCELLED_ORDERS: Document = {
    "cancelledCount": 1,
    "cancelRequestedCount": 0,
    "cancelled": [ORDER_ID],
    "cancelRequested": [],
    "more": False,
}
_CONFIRMED = (
    _PLACED
    | {"status": "confirmed", "attempt": 1, "sequence": 5, "updatedAt": "2026-01-01T00:00:02.500Z"}
    | _FILL
)
ORDER = _CONFIRMED | _STREAM | {"events": EVENTS}
ORDER_PAGE: Document = {"orders": [_CONFIRMED], "nextCursor": CURSOR}
QUOTES: Document = {
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "amountIn": "1",
    "amountOut": "158.96301",
    "maxPriceImpactBps": 1500,
    **_DECISION,
}
PRICES: Document = {
    "tokenIn": "SOL",
    "tokenOut": "USDC",
    "venues": ["meteora", "raydium"],
    "points": [
        {
            "timestamp": "2026-01-01T00:00:00.000Z",
            "slot": SLOT,
            "bestRoute": "155.196",
            "prices": {"meteora": "155.196", "raydium": "154.885"},
        }
    ],
}
STATISTICS: Document = {
    "minutes": 2,
    "accepted": 3,
    "confirmed": 1,
    "cancelled": 0,
    "expired": 0,
    "completed": 0,
    "failed": {"SLIPPAGE_EXCEEDED": 1},
    "unfinished": 1,
    "waiting": 0,
    "secondsToConfirmed": {"p50": 2.5, "p99": 2.5},
    "perMinute": [
        {"timestamp": "2026-01-01T00:00:00.000Z", "accepted": 2, "confirmed": 1, "failed": 1},
        {"timestamp": "2026-01-01T00:01:00.000Z", "accepted": 1, "confirmed": 0, "failed": 0},
    ],
}
TOKENS_LISTED: Document = {
    "tokens": [{"symbol": t.symbol, "mint": t.mint, "decimals": t.decimals} for t in TOKENS]
}
POOLS: Document = {
    "pools": [
        _DLMM
        | {
            "tokenA": "SOL",
            "tokenB": "JUP",
            "mintA": SOL.mint,
            "mintB": JUP.mint,
            "price": "189.3",
        }
    ],
    "slot": SLOT,
}
LAUNCHES: Document = {
    "launches": [
        {
            "venue": "raydium",
            "kind": "cpmm",
            "pool": "8sRgrMSqZVcxTPaFSAPVCWYxXP3PNgUvbcJDBiSPJXRh",
            "mint": "2aPTU8pLoRGdQ6xVLf5bMrXHkuSf7bLEoQ5mDrpTMcSL",
            "symbol": "MOONCAT",
            "decimals": 6,
            "quoteToken": "SOL",
            "quoteMint": SOL.mint,
            "creator": "ENFc9Fj8E7WBjgPRE9quDQPSopfy5pNJBz9MAYmg61Af",
            "slot": SLOT,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "opensSlot": SLOT + 10,
            "opensAt": "2026-01-01T00:00:04.000Z",
            "liquidity": "153.333333333",
            "feeBps": 25,
            "transferFeeBps": 0,
            "mintRenounced": True,
            "freezable": False,
            "liquidityLocked": True,
            "sellable": True,
        }
    ],
    "nextCursor": CURSOR,
}
HEALTH: Document = {"status": "ok"}
READINESS: Document = {
    "status": "ready",
    "dependencies": {"postgres": "ok", "queue": "ok", "connections": "ok", "watcher": "ok"},
    "halted": False,
}
HALTED: Document = {"halted": True, "haltedSince": "2026-01-01T00:00:00.000Z"}
RESUMED: Document = {"halted": False}
REQUEST_ID = "d1b2c3d4-7b61-11e6-9a41-93e8deadbeef"
