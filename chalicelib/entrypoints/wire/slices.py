"""Orders over time as clients see them: what happens to their slices, and how far they are."""

from decimal import Decimal

from chalicelib.domain.amounts import to_decimal_string
from chalicelib.domain.orders.events import (
    OrderCompleted,
    SliceBegun,
    SliceConfirmed,
    SliceDetails,
    SliceSkipped,
    SlicesMissed,
)
from chalicelib.domain.orders.order import Order
from chalicelib.domain.orders.schedules import is_through
from chalicelib.domain.orders.terms import ScheduleTerms
from chalicelib.domain.tokens import Pair
from chalicelib.entrypoints.wire.values import Document, price_text, timestamp


def slice_document(details: SliceDetails, pair: Pair) -> Document:
    """What happened to a slice, or that the times of some passed unused."""
    match details:
        case SlicesMissed(first=first, count=count):
            return {"missed": {"first": first, "count": count}}
        case SliceBegun(number=number, order_id=order_id, amount_in=amount_in, due_at=due_at):
            amount = to_decimal_string(amount_in, pair.token_in.decimals)
            begun = {"number": number, "orderId": order_id, "status": "begun"}
            return {"slice": begun | {"amountIn": amount, "dueAt": timestamp(due_at)}}
        case SliceConfirmed(number=number, order_id=order_id):
            confirmed = {"number": number, "orderId": order_id, "status": "confirmed"}
            return {"slice": confirmed | _swapped(details.amount_in, details.amount_out, pair)}
        case SliceSkipped(number=number, order_id=order_id, failure=failure):
            named = {"number": number} | ({"orderId": order_id} if order_id else {})
            why = {"status": "skipped", "code": failure.code, "message": failure.message}
            return {"slice": named | why}


def completed_document(completed: OrderCompleted, pair: Pair) -> Document:
    """What all slices have come to."""
    return {
        "slicesDone": completed.done,
        "slicesSkipped": completed.skipped,
        **_swapped(completed.amount_in, completed.amount_out, pair),
    }


def progress_document(order: Order) -> Document:
    """How far an order over time is; nothing of any other."""
    terms, progress, ends_at = order.terms, order.progress, order.expires_at
    if not isinstance(terms, ScheduleTerms) or progress is None or ends_at is None:
        return {}
    working = progress.working
    document: Document = {
        "slicesDone": progress.done,
        "slicesSkipped": progress.skipped,
        "timesMissed": progress.missed,
        **_swapped(progress.spent, progress.received, order.pair),
    }
    if working is not None:
        amount = to_decimal_string(working.amount, order.pair.token_in.decimals)
        document["working"] = {
            "number": working.number,
            "orderId": working.order_id,
            "amountIn": amount,
        }
    if not order.status.is_final and not is_through(terms, progress, ends_at):
        document["nextDueAt"] = timestamp(terms.due_at(progress.point))
    return {"progress": document}


def _swapped(amount_in: int, amount_out: int, pair: Pair) -> Document:
    """What was paid and received, and at what price on the average, if anything was."""
    paid = to_decimal_string(amount_in, pair.token_in.decimals)
    received = to_decimal_string(amount_out, pair.token_out.decimals)
    price = {"executedPrice": price_text(Decimal(received), Decimal(paid))} if amount_in else {}
    return {"amountIn": paid, "amountOut": received, **price}
