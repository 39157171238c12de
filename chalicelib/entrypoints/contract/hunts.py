"""The schemas of orders that wait for a new pool: their terms, and what they have met."""

from chalicelib.domain.orders.hunts import VERDICTS_MAX, Finding
from chalicelib.entrypoints.contract.answer_forms import (
    ADDRESS,
    DECIMAL,
    MINT,
    SHARE_BPS,
    SYMBOL,
    TEXT,
    WHOLE,
    list_of,
    one_of,
    record,
    ref,
)
from chalicelib.entrypoints.contract.slices import PRICE_TEXT
from chalicelib.entrypoints.wire.forms import GUARDS, Schema
from chalicelib.entrypoints.wire.hunts import PROPERTIES

HUNT: dict[str, Schema] = {
    "retryFor": WHOLE,
    "guards": ref("Guards"),
    "symbolContains": TEXT,
    "creator": ADDRESS,
    "existing": {"type": "boolean"},
    "poolsJudged": WHOLE | {"description": "How many pools an order that waits for one has met."},
    "verdicts": list_of(ref("Verdict"))
    | {"description": f"What was found of the pools; of final verdicts the last {VERDICTS_MAX}."},
}
EVENT: dict[str, Schema] = {
    "verdict": ref("Verdict") | {"description": "What was found of a new pool."}
}
#: Of an order that has found its pool.
FOUND: dict[str, Schema] = {"pool": ADDRESS | {"description": "The pool that the order buys from."}}


def components() -> dict[str, Schema]:
    """The schemas by name."""
    told = {name: {"type": "boolean", "const": True} for name in PROPERTIES}
    guards: dict[str, Schema] = {
        "minLiquidity": DECIMAL,
        "maxLiquidity": DECIMAL,
        "maxPriceImpactBps": SHARE_BPS,
        "maxFeeBps": SHARE_BPS,
        "maxPrice": PRICE_TEXT,
        "maxPoolAgeSlots": WHOLE,
        "venues": list_of(TEXT),
    }
    assert {*guards, *told} == {*GUARDS["properties"]}, "every guard is shown as it was placed"
    return {
        "Guards": record({}, {**guards, **told}, description="What a pool must be like."),
        "Finding": one_of(Finding),
        "Verdict": record(
            {
                "pool": ADDRESS,
                "mint": MINT,
                "symbol": SYMBOL,
                "createdSlot": WHOLE,
                "slot": WHOLE | {"description": "When it was judged."},
                "code": ref("Finding"),
                "final": {"type": "boolean", "description": "Whether it is judged no more."},
            },
            {"value": TEXT, "wanted": TEXT},
            description="What was found of a pool, and what the order wanted.",
        ),
    }
