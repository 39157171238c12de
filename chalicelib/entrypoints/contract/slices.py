"""The schemas of orders over time: their terms, their slices, how far they are."""

from chalicelib.domain.orders.terms import OnMissed
from chalicelib.entrypoints.contract.answer_forms import (
    CODE,
    DECIMAL,
    ORDER_ID,
    TEXT,
    TIMESTAMP,
    WHOLE,
    list_of,
    one_of,
    record,
    ref,
)
from chalicelib.entrypoints.wire.forms import Schema

PRICE_TEXT: Schema = {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"}
SCHEDULE: dict[str, Schema] = {
    "minPrice": PRICE_TEXT,
    "maxPrice": PRICE_TEXT,
    "slices": WHOLE,
    "intervalSeconds": WHOLE,
    "durationSeconds": WHOLE,
    "startAt": TIMESTAMP,
    "onMissed": one_of(OnMissed),
    "paused": {"type": "boolean"},
}
#: What any order may say of those that it comes from, or that come from it.
FAMILY: dict[str, Schema] = {
    "parentId": ORDER_ID
    | {"description": "The order that this one comes from: as a slice, or as its exit."},
    "progress": ref("Progress"),
}
COMPLETED: dict[str, Schema] = {
    "slicesDone": WHOLE,
    "slicesSkipped": WHOLE,
    "amountIn": DECIMAL,
    "amountOut": DECIMAL,
}
EVENT: dict[str, Schema] = {
    "slice": ref("Slice") | {"description": "What happened to a slice of an order over time."},
    "missed": ref("MissedSlices"),
}
IN_FLIGHT: dict[str, Schema] = {
    "inFlight": list_of(ORDER_ID)
    | {"description": "Slices whose transaction is signed: they run to their end."}
}


def components() -> dict[str, Schema]:
    """The schemas by name."""
    return {
        "Slice": record(
            {
                "number": WHOLE | {"description": "Its place on the grid of times, from 0."},
                "status": {"type": "string", "enum": ["begun", "confirmed", "skipped"]},
            },
            {
                "orderId": ORDER_ID,
                "amountIn": DECIMAL,
                "amountOut": DECIMAL,
                "executedPrice": DECIMAL,
                "dueAt": TIMESTAMP,
                "code": CODE,
                "message": TEXT,
            },
        ),
        "MissedSlices": record(
            {"first": WHOLE, "count": WHOLE},
            description="Times that passed while nothing could be begun.",
        ),
        "WorkingSlice": record({"number": WHOLE, "orderId": ORDER_ID, "amountIn": DECIMAL}),
        "Progress": record(
            {
                "slicesDone": WHOLE,
                "slicesSkipped": WHOLE,
                "timesMissed": WHOLE,
                "amountIn": DECIMAL,
                "amountOut": DECIMAL,
            },
            {
                "executedPrice": DECIMAL | {"description": "The average of what was swapped."},
                "working": ref("WorkingSlice"),
                "nextDueAt": TIMESTAMP,
            },
            description="How far an order over time is.",
        ),
    }
